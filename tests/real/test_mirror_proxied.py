"""Upstreams that only a proxy can reach: every client pulls through our mirror, and that through trojan, microsocks, tinyproxy.

Where the mirror runs, no name of the hub resolves: what is pulled has been resolved at the proxy's far end.
"""

from collections import Counter

import pytest
from stack import images, proxies
from stack.clients import CLIENTS
from stack.mirror import running
from stack.place import AUTH, CDN, OURS, REGISTRY

EVERY = pytest.mark.parametrize("name", CLIENTS)
HELLO, SECRET, BIG = (f"{OURS}/{name}:latest" for name in ("hello-world", "private/secret", "labuser/big"))


@pytest.fixture(scope="module", params=proxies.WAYS)
def through(hub, request):
    """A mirror that knows no name of the hub, and its proxy."""
    with (
        proxies.WAYS[request.param](hub.place) as proxy,
        running(hub, f"via-{request.param}", lead=proxies.NO_NAMES, mirror_proxy=proxy.url) as mirror,
    ):
        yield mirror, proxy


@EVERY
def test_metadata_tokens_and_blobs_all_go_through_the_proxy(through, hub, clients, name) -> None:
    mirror, proxy = through
    client = clients(name)
    for what, image, login in ((HELLO, "hello", False), (SECRET, "secret", True)):
        client.forget()
        with mirror.logged() as log:
            run = client.pull(what, login=login)
        assert run.code == 0, run
        proxies.kept_quiet(mirror.log, run.text)
        assert mirror.around(log) == []
        brought = Counter(one.digest for one in log if one.host == CDN and one.status == 200)
        assert brought == Counter(images.blobs(hub.place.folder("images") / image))
        assert {one.credential for one in log if one.host == CDN} == {"none"}
    assert proxy.asked() == {REGISTRY, AUTH, CDN}


@EVERY
def test_a_layer_that_breaks_off_beyond_the_proxy_is_healed(through, clients, name) -> None:
    mirror, _ = through
    client = clients(name)
    client.forget()
    with mirror.cut(mirror.far) as line, mirror.logged() as log:
        run = client.pull(BIG)
    assert (run.code, line.cuts) == (0, 1), run
    assert [one.status for one in log if one.host == CDN and one.range] == [206]
