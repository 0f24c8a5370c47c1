"""A mirror's proxies as settings: one for each upstream, a wrong password, a dead one; and what each client is told of it."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from stack import proxies
from stack.mirror import running
from stack.place import (
    AUTH,
    CDN,
    CUTTER_AT,
    DEAD_AT,
    MICROSOCKS_AT,
    MIRROR,
    OURS,
    REGISTRY,
    TINYPROXY_AT,
    TROJAN_AT,
)

SOME = pytest.mark.parametrize("name", ["docker", "containerd", "skopeo"])
HELLO, BIG = f"{OURS}/hello-world:latest", f"{OURS}/labuser/big:latest"
NAMES = (REGISTRY, AUTH, CDN)


def test_only_the_far_end_can_resolve_the_names(hub) -> None:
    assert {proxies.resolves(hub.place, name, proxies.NO_NAMES) for name in NAMES} == {False}
    assert {proxies.resolves(hub.place, name, proxies.FAR_END) for name in NAMES} == {True}


def test_without_the_proxy_there_is_no_way(hub, clients) -> None:
    with running(hub, "no-way", lead=proxies.NO_NAMES) as mirror, mirror.logged() as log:
        run = clients("skopeo").pull(HELLO)
    assert run.code != 0, run
    assert log == []
    assert f"mirror of docker.io ({REGISTRY}): the name does not resolve" in mirror.log.read_text()


# -- what a client is told ---------------------------------------------------------------------------------------------

DECLINED = "the proxy declined: it refused the user and password"
ASKS = "the proxy declined: it asks for a user and password, or refused those it got"


@pytest.fixture(params=["microsocks", "tinyproxy"])
def wrong(hub, request):
    """A mirror that has another password than its proxy, and what it should say."""
    sentence = {"microsocks": DECLINED, "tinyproxy": ASKS}[request.param]
    with (
        proxies.WAYS[request.param](hub.place, proxies.WRONG) as proxy,
        running(hub, f"wrong-{request.param}", lead=proxies.NO_NAMES, mirror_proxy=proxy.url) as mirror,
    ):
        yield mirror, sentence


def told(mirror, client, log, run, sentence) -> None:
    """Assert that the client failed, and that it and the mirror's log say why, but no password."""
    assert run.code != 0, run
    assert log == []
    assert ("502" if client.name == "skopeo" else sentence) in run.text, run
    assert sentence in mirror.log.read_text()
    proxies.kept_quiet(mirror.log, run.text)


@SOME
def test_a_wrong_password_is_named_and_not_told(wrong, clients, name) -> None:
    mirror, sentence = wrong
    client = clients(name)
    client.forget()
    with mirror.logged() as log:
        run = client.pull(HELLO)
    told(mirror, client, log, run, f"mirror of docker.io ({REGISTRY}): {sentence}")


@SOME
def test_a_wrong_password_of_trojan_looks_like_another_server_and_the_proxy_is_named(
    hub, clients, name
) -> None:
    """Trojan's client says that the way is open before it is, and its server leads a stranger to a web server."""
    client = clients(name)
    client.forget()
    with (
        proxies.trojan(hub.place, proxies.WRONG) as proxy,
        running(hub, "wrong-trojan", lead=proxies.NO_NAMES, mirror_proxy=proxy.url) as mirror,
        mirror.logged() as log,
    ):
        run = client.pull(HELLO)
    way = f", by way of the proxy {hub.place.at(TROJAN_AT)}"
    said = re.findall(rf"mirror of docker.io \({REGISTRY}\): .*{re.escape(way)}", mirror.log.read_text())
    told(mirror, client, log, run, way)
    assert said
    assert proxy.asked() == set()


@SOME
def test_a_dead_proxy_is_named(hub, clients, name) -> None:
    client = clients(name)
    client.forget()
    at = hub.place.at(DEAD_AT)
    url = f"socks5://{proxies.USER}:{proxies.PASSWORD}@{at}:{proxies.SOCKS_PORT}"
    with (
        running(hub, "dead-proxy", lead=proxies.NO_NAMES, mirror_proxy=url) as mirror,
        mirror.logged() as log,
    ):
        run = client.pull(HELLO)
    told(
        mirror,
        client,
        log,
        run,
        f"mirror of docker.io ({at}): the proxy is not reached: connection refused",
    )


def test_a_proxy_that_dies_in_a_layer_breaks_the_transfer(hub, clients) -> None:
    """And no way around it is taken, although the names would lead there."""
    client = clients("skopeo")
    with (
        proxies.microsocks(hub.place) as proxy,
        running(hub, "dying-proxy", mirror_pause="0.05", mirror_proxy=proxy.url) as mirror,
        mirror.logged() as log,
        mirror.cut(mirror.far, hold=True) as line,
        ThreadPoolExecutor() as pool,
    ):
        pulling = pool.submit(client.pull, BIG)
        assert line.held.wait(30)
        proxy.service.stop()
        run = pulling.result()
    assert run.code != 0, run
    assert {one.peer for one in log if one.host in (REGISTRY, AUTH)} == {hub.place.at(MICROSOCKS_AT)}
    assert {one.peer for one in log if one.host == CDN} <= {hub.place.at(CUTTER_AT)}
    said = mirror.log.read_text()
    assert "a blob was not delivered: mirror of docker.io" in said
    assert "the proxy is not reached: connection refused" in said
    proxies.kept_quiet(mirror.log, run.text)


# -- one for each upstream ---------------------------------------------------------------------------------------------

EACH = """\
proxy = "{socks}"
[upstream."docker.io"]
[upstream."other.test"]
addresses = ["https://{REGISTRY}"]
proxy = "{http}"
[upstream."{MIRROR}"]
proxy = "direct"
"""


@SOME
def test_each_upstream_has_its_own_proxy_or_none(hub, clients, name) -> None:
    """Which way a request came is told by the address that it came from."""
    client = clients(name)
    config = hub.place.folder("proxies") / "each.toml"
    with proxies.microsocks(hub.place) as socks, proxies.tinyproxy(hub.place) as http:
        config.write_text(EACH.format(socks=socks.url, http=http.url, REGISTRY=REGISTRY, MIRROR=MIRROR))
        with running(hub, "each", lead=proxies.NO_NAMES, mirror_config=str(config)) as mirror:
            for prefix, last in (("docker.io", MICROSOCKS_AT), ("other.test", TINYPROXY_AT)):
                client.forget()
                with mirror.logged() as log:
                    run = client.pull(f"{OURS}/{prefix}/library/hello-world:latest")
                assert run.code == 0, run
                # A ping names no upstream: it is answered by the default one.
                asked = [one for one in log if one.host in (REGISTRY, AUTH) and one.path != "/v2/"]
                assert {one.peer for one in asked} == {hub.place.at(last)}
            with mirror.logged() as log:
                run = client.pull(f"{OURS}/{MIRROR}/library/hello-world:latest")
            assert run.code != 0, run
            assert {(one.host, one.peer) for one in log if one.path != "/v2/"} == {(MIRROR, "127.0.0.1")}
            proxies.kept_quiet(mirror.log, run.text)
