from msgspec.structs import replace

from inspector.core.events import Side
from inspector.rules.example import build
from inspector.rules.sample import LAYER, ping, resolve, serve, token, until_layer
from inspector.rules.steps import (
    asks_for_content,
    asks_manifest,
    asks_tag,
    client_left,
    is_broken,
    is_refusal,
    is_registry_url,
    namespace_of,
    repository_of,
    seconds_of,
)
from inspector.wire.url import host_of


def last(*turns):
    return build(turns)[0][0].steps[-1]


def test_hosts_of_urls():
    assert host_of("https://Auth.docker.io:443/token") == "auth.docker.io"
    assert host_of("http://h:5000/x") == "h:5000"
    assert host_of("https://[::1]:8443/") == "[::1]:8443"
    for bad in (None, "", "/token", "ftp://h/x", "https://h:99999/", "https://[::1/"):
        assert host_of(bad) is None


def test_registry_urls():
    assert is_registry_url("https://h/v2/a/b/manifests/latest")
    assert not is_registry_url("https://h/bucket/blob")


def test_a_challenge_is_a_refusal_only_of_a_credential():
    assert not is_refusal(last(ping()))
    assert is_refusal(last(ping(), token(), replace(resolve(), status=401, give=ping().give)))
    assert is_refusal(last(replace(resolve(), status=404)))
    assert not is_refusal(last(resolve()))


def test_broken_is_not_what_the_end_of_the_recording_cut():
    cut = replace(serve(LAYER), arrived=1)
    assert is_broken(last(*until_layer(), replace(cut, error="peer closed", side=Side.SERVER)))
    assert not is_broken(last(*until_layer(), replace(cut, recording_ends=True)))
    assert is_broken(last(*until_layer(), replace(cut, status=None, error="reset")))
    assert not is_broken(last(*until_layer(), serve(LAYER)))


def test_who_left():
    assert client_left(last(replace(resolve(), status=None, error="gone", side=Side.CLIENT)))
    assert not client_left(last(replace(resolve(), status=None, error="gone", side=Side.SERVER)))


def test_what_a_path_asks_for():
    tag, blob = last(resolve()), last(*until_layer(), serve(LAYER))
    assert (asks_tag(tag), asks_manifest(tag), asks_for_content(tag)) == (True, True, True)
    assert (asks_tag(blob), asks_manifest(blob), asks_for_content(blob)) == (False, False, True)
    assert repository_of(tag) == "library/app"
    assert namespace_of(tag) is None
    assert namespace_of(last(replace(resolve(), url=resolve().url + "?x=1&ns=docker.io"))) == "docker.io"


def test_how_long_it_took():
    assert 2.9 < seconds_of(last(replace(resolve(), took=3.0))) < 3.1
