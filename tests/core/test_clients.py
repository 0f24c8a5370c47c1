"""What each client does (catalogue.md, part 2), judged line by line; a healthy pull has no warning and no error."""

import pytest

from inspector.core.pull import Outcome
from inspector.rules import diagnose

HUB = "https://registry-1.docker.io/v2/library/alpine"


def alarms(pull):
    diagnose(pull)
    return [(f.code, str(f.severity)) for f in pull.findings if f.severity != "note"]


LOGGED_IN = """
    GET V/ 401 ask => challenge - - - -
    GET T 200 give=1 => token - - 1 -
"""
FROM_INDEX = """
    GET R/manifests/{index} 200 have=index auth=1 => manifest index t 2 -
    GET R/manifests/{manifest} 200 have=manifest auth=1 => manifest manifest t 2 -
"""


def test_docker_asks_for_config_and_layers_at_once(talk):
    pull = talk().say(LOGGED_IN + "HEAD R/manifests/1 200 have=index auth=1 => resolve index - 2 -" + FROM_INDEX + """
        GET R/blobs/{config} 307 to=https://cdn.test/c?sig=1 auth=1 => redirect config - 2 -
        GET R/blobs/{layer0} 307 to=https://cdn.test/0?sig=1 auth=1 => redirect layer - 2 -
        GET https://cdn.test/0?sig=1 200 have=layer0 => cdn layer t 7 -
        GET https://cdn.test/c?sig=1 200 have=config => cdn config t 6 -
        GET R/blobs/{layer1} 200 have=layer1 auth=1 => blob layer t 2 -
    """).pull()  # fmt: skip
    assert (pull.outcome, pull.reference, pull.registry) == (Outcome.COMPLETE, "r.test/a/b:1", "r.test")
    assert alarms(pull) == []


def test_docker_whose_config_is_there_reads_the_manifests_of_a_new_tag_only(talk):
    pull = (
        talk()
        .say(LOGGED_IN + "HEAD R/manifests/1 200 have=index auth=1 => resolve index - 2 -" + FROM_INDEX)
        .pull()
    )
    assert (pull.outcome, alarms(pull)) == (Outcome.UP_TO_DATE, [])


def test_dockers_five_retries_of_a_layer_repeat_redirect_and_fetch(talk):
    rounds = "".join(f"""
        GET R/blobs/{{layer0}} 307 to=https://cdn.test/0?sig={n} auth=1 wait=5 => redirect layer - 2 {2 * n + 3 if n > 0 else '-'}
        GET https://cdn.test/0?sig={n} 500 => cdn layer - {2 * n + 5} {2 * n + 4 if n > 0 else '-'}
    """ for n in range(5))  # fmt: skip
    pull = talk().say(LOGGED_IN + "HEAD R/manifests/1 200 have=manifest auth=1 => resolve manifest - 2 -"
        "\nGET R/manifests/{manifest} 200 have=manifest auth=1 => manifest manifest t 2 -" + rounds).pull()  # fmt: skip
    assert pull.outcome is Outcome.FAILED
    assert alarms(pull) == [("server-error", "error")]


def test_docker_pull_all_tags_with_pages(talk):
    one, two = talk().say(LOGGED_IN.replace("\n    GET T", " #1\n    GET T").replace("1 -\n", "1 - #1\n") + """
        GET R/tags/list 200 auth=1 text={"tags":["1","2"]} h:link=</v2/a/b/tags/list?last=2&n=2>;~rel="next" => tags - - 2 - #1
        GET R/tags/list?last=2&n=2 200 auth=1 text={"tags":["3"]} => tags - - 2 - #1
        HEAD R/manifests/1 200 have=manifest auth=1 => resolve manifest - 2 - #1
        GET R/manifests/{manifest} 200 have=manifest auth=1 => manifest manifest t 2 - #1
        GET R/blobs/{config} 200 have=config auth=1 => blob config t 2 - #1
        GET R/blobs/{layer0} 200 have=layer0 auth=1 => blob layer t 2 - #1
        GET R/blobs/{layer1} 200 have=layer1 auth=1 => blob layer t 2 - #1
        HEAD R/manifests/2 200 have=manifest auth=1 => resolve manifest - - - #2
    """).pulls()  # fmt: skip
    assert [(p.tag, p.outcome, alarms(p)) for p in (one, two)] == [
        ("1", Outcome.COMPLETE, []),
        ("2", Outcome.UP_TO_DATE, []),
    ]


@pytest.mark.parametrize(
    "agent",
    ["containerd/v2.1.4", "docker/29.0~containerd-client/2.1.4~storage-driver/overlayfs", "buildkit/v0.20"],
)
def test_each_request_may_go_to_the_next_host(talk, agent):
    pull = talk().say(f"""
        HEAD https://m.test/v2/library/alpine/manifests/3?ns=docker.io 404 ua={agent} => resolve - - - -
        HEAD {HUB}/manifests/3 401 ask => challenge - - - -
        GET T 200 give=1 => token - - 2 -
        HEAD {HUB}/manifests/3 200 have=index auth=1 => resolve index - 3 -
        GET https://m.test/v2/library/alpine/manifests/{{index}}?ns=docker.io 404 => manifest index - - -
        GET {HUB}/manifests/{{index}} 200 have=index auth=1 => manifest index t 3 -
        GET https://m.test/v2/library/alpine/manifests/{{manifest}}?ns=docker.io 200 have=manifest => manifest manifest t - -
        GET https://m.test/v2/library/alpine/blobs/{{config}}?ns=docker.io 200 have=config => blob config t - -
        GET https://m.test/v2/library/alpine/blobs/{{layer0}}?ns=docker.io 200 have=layer0 => blob layer t - -
        GET https://m.test/v2/library/alpine/blobs/{{layer1}}?ns=docker.io 500 => blob layer - - -
        GET {HUB}/blobs/{{layer1}} 307 auth=1 to=https://cdn.test/1?x => redirect layer - 3 -
        GET https://cdn.test/1?x 200 have=layer1 => cdn layer t 11 -
    """).pull()  # fmt: skip
    assert (pull.outcome, pull.reference, pull.registry) == (
        Outcome.COMPLETE,
        "docker.io/library/alpine:3",
        "m.test",
    )
    assert {severity for _, severity in alarms(pull)} == {"warning"}


def test_a_mirror_with_a_path_and_the_registry_have_one_reference(talk):
    pull = talk().say(f"""
        HEAD https://m.test/v2/hub/library/alpine/manifests/3?ns=docker.io 404 ua=containerd/v2.0 => resolve - - - -
        HEAD {HUB}/manifests/3 200 have=manifest => resolve manifest - - -
        GET https://m.test/v2/hub/library/alpine/manifests/{{manifest}}?ns=docker.io 404 => manifest manifest - - -
        GET {HUB}/manifests/{{manifest}} 200 have=manifest => manifest manifest t - -
    """).pull()  # fmt: skip
    assert (pull.repository, pull.reference) == ("hub/library/alpine", "docker.io/library/alpine:3")
    assert (pull.registry, pull.outcome, alarms(pull)) == ("registry-1.docker.io", Outcome.UP_TO_DATE, [])


def test_a_layer_in_ranges_that_run_at_once_through_one_signed_url(talk):
    pull = talk().say("""
        HEAD R/manifests/1 200 have=manifest ua=containerd/v2.1.0 => resolve manifest - - -
        GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
        GET R/blobs/{layer0} 307 q:range=bytes=0-99 to=https://cdn.test/0?x => redirect layer - - -
        GET R/blobs/{layer0} 307 q:range=bytes=100-159 to=https://cdn.test/0?x => redirect layer - - -
        GET https://cdn.test/0?x 206 have=layer0 part=0-99 q:range=bytes=0-99 => cdn layer - 3 -
        GET https://cdn.test/0?x 206 have=layer0 part=100-159 q:range=bytes=100-159 => cdn layer - 4 -
        GET R/blobs/{layer1} 200 have=layer1 q:range=bytes=0- => blob layer t - -
        GET R/blobs/{config} 200 have=config => blob config t - -
    """).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [])


def test_containerd_repeats_429_six_times_at_once(talk):
    again = "\n".join(f"HEAD R/manifests/1 429 => resolve - - - {n}" for n in range(1, 6))
    pull = talk().say("HEAD R/manifests/1 429 ua=containerd/v2.2.0 => resolve - - - -\n" + again).pull()
    assert (pull.outcome, pull.registry) == (Outcome.FAILED, None)
    assert alarms(pull)[0] == ("rate-limited", "error")


def test_containerd_gets_through_after_429(talk):
    pull = (
        talk()
        .say("""
        HEAD R/manifests/1 429 ua=containerd/v2.2.0 => resolve - - - -
        HEAD R/manifests/1 200 have=manifest => resolve manifest - - 1
    """)
        .pull()
    )
    assert (pull.outcome, alarms(pull)) == (Outcome.UP_TO_DATE, [("rate-limited", "warning")])


def test_podmans_repull_ends_with_the_config(talk):
    pull = talk().say("GET V/ 401 ask ua=containers/5.36.1~(github.com/containers/image) => challenge - - - -\n" """
        GET T 200 give=1 => token - - 1 -
        GET R/manifests/1 200 have=index auth=1 => manifest index t 2 -
        GET R/manifests/{manifest} 200 have=manifest auth=1 => manifest manifest t 2 -
        GET R/blobs/{config} 200 have=config auth=1 => blob config t 2 -
        GET https://sigs.test/sigstore/a/b@sha256={hex}/signature-1 404 text=<html><title>404</title></html> h:content-type=text/html => signature signature - - -
    """.replace("{hex}", talk().digest("manifest")[7:])).pull()  # fmt: skip
    assert (pull.client.name, pull.outcome, alarms(pull)) == ("containers", Outcome.UP_TO_DATE, [])


def test_podman_asks_a_mirror_first_and_stays_with_the_host_of_the_manifest(talk):
    pull = talk().say("""
        GET N/ 200 ua=containers/5.36.1 => ping - - - -
        GET M/manifests/1 404 text={"errors":[{"code":"MANIFEST_UNKNOWN"}]} => manifest - - - -
        GET V/ 401 ask => challenge - - - -
        GET T 200 give=1 => token - - 3 -
        GET R/manifests/1 200 have=manifest auth=1 => manifest manifest t 4 -
        GET R/blobs/{config} 200 have=config auth=1 => blob config t 4 -
        GET R/blobs/{layer0} 200 have=layer0 auth=1 => blob layer t 4 -
        GET R/blobs/{layer1} 200 have=layer1 auth=1 => blob layer t 4 -
    """).pull()  # fmt: skip
    assert (pull.outcome, pull.reference, alarms(pull)) == (Outcome.COMPLETE, "r.test/a/b:1", [])


@pytest.mark.parametrize(
    ("agent", "name", "first"),
    [
        ("crane/v0.20 go-containerregistry/v0.20", "crane", "GET"),
        ("kaniko/v1.23 go-containerregistry/v0.20", "kaniko", "GET"),
        ("oras/1.2.0", "oras", "HEAD"),
        ("Helm/3.14.0", "helm", "HEAD"),
        ("regclient/regctl (v0.8.0)", "regclient", "HEAD"),
        ("python-requests/2.32", "python-requests", "GET"),
        ("-", None, "HEAD"),
    ],
)
def test_any_client_over_http2(talk, agent, name, first):
    one = talk()
    one.version, one.ua = "HTTP/2.0", agent
    row = "=> resolve manifest - 2 -" if first == "HEAD" else "=> manifest manifest t 2 -"
    pull = one.say(LOGGED_IN + f"{first} R/manifests/1 200 have=manifest auth=1 {row}" + """
        GET R/manifests/{manifest} 200 have=manifest auth=1 => manifest manifest t 2 -
        GET R/blobs/{config} 200 have=config auth=1 => blob config t 2 -
        GET R/blobs/{layer0} 200 have=layer0 auth=1 => blob layer t 2 -
        GET R/blobs/{layer1} 200 have=layer1 auth=1 => blob layer t 2 -
    """).pull()  # fmt: skip
    assert (pull.client.name, pull.outcome, alarms(pull)) == (name, Outcome.COMPLETE, [])


def test_buildkit_reads_the_config_first_and_the_layers_minutes_later(talk):
    pull = talk().say("""
        HEAD R/manifests/1 401 ask ua=buildkit/v0.20 => challenge - - - -
        HEAD R/manifests/1 200 have=index auth=1 => resolve index - - -
        GET R/manifests/{index} 200 have=index auth=1 => manifest index t - -
        GET R/manifests/{manifest} 200 have=manifest auth=1 => manifest manifest t - -
        GET R/blobs/{config} 200 have=config auth=1 => blob config t - -
        GET R/manifests/{attest} 200 have=attest auth=1 => manifest attestation t - -
        GET R/blobs/{proof} 200 have=proof auth=1 => blob attestation t - -
        GET R/blobs/{layer0} 200 have=layer0 auth=1 wait=200 => blob layer t - -
        GET R/blobs/{layer1} 200 have=layer1 auth=1 => blob layer t - -
    """).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [])


def test_a_cache_asks_head_and_get_with_a_token_each(talk):
    pull = talk().say("""
        GET V/ 401 ask ua=Go-http-client/2.0 => challenge - - - -
        GET T 200 give=1 => token - - 1 -
        HEAD R/manifests/1 200 have=index auth=1 => resolve index - 2 -
        GET T 200 give=2 => token - - 1 -
        GET R/manifests/1 200 have=index auth=2 => manifest index t 4 -
        GET T 200 give=3 => token - - 1 -
        GET R/manifests/{manifest} 200 have=manifest auth=3 => manifest manifest t 6 -
        GET T 200 give=4 => token - - 1 -
        GET R/blobs/{layer0} 200 have=layer0 auth=4 => blob layer t 8 -
    """).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [])


def test_spegel_misses_and_the_next_node_serves(talk):
    pull = talk().say("""
        HEAD http://10.0.0.7:30020/v2/a/b/manifests/1?ns=r.test 404 ua=containerd/v2.0 h:oci-namespace=r.test => resolve - - - -
        HEAD http://10.0.0.8:30021/v2/a/b/manifests/1?ns=r.test 200 have=manifest h:oci-namespace=r.test => resolve manifest - - -
        GET http://10.0.0.7:30020/v2/a/b/manifests/{manifest}?ns=r.test 404 h:oci-namespace=r.test => manifest manifest - - -
        GET http://10.0.0.8:30021/v2/a/b/manifests/{manifest}?ns=r.test 200 have=manifest => manifest manifest t - -
        GET http://10.0.0.7:30020/v2/a/b/blobs/{config}?ns=r.test 200 have=config => blob config t - -
        GET http://10.0.0.7:30020/v2/a/b/blobs/{layer0}?ns=r.test 404 h:oci-namespace=r.test => blob layer - - -
        GET R/blobs/{layer0} 200 have=layer0 => blob layer t - -
        GET http://10.0.0.7:30020/v2/a/b/blobs/{layer1}?ns=r.test 200 have=layer1 => blob layer t - -
    """).pull()  # fmt: skip
    assert (pull.reference, pull.registry, pull.outcome) == (
        "r.test/a/b:1",
        "10.0.0.8:30021",
        Outcome.COMPLETE,
    )
    assert alarms(pull) == []
