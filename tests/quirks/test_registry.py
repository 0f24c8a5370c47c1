"""Signs: what a host showed, whatever it is called."""

from inspector.quirks.registry import Realm, Registry, Signs, fits, signs_of
from inspector.rules.example import Turn, build
from inspector.rules.sample import CONFIG, HEALTHY, MIRROR, redirect

HOST = MIRROR.partition("://")[2]


def steps_of(*turns):
    (pull,) = build(turns)[0]
    return pull.steps


def test_signs_are_realms_headers_and_where_it_redirects():
    steps = steps_of(
        Turn(method="GET", url=f"{MIRROR}/v2/", status=401, give=('www-authenticate: Bearer realm="https://a.test/t?x=1",service="s"', "server: Foo/1")),
        redirect(CONFIG, MIRROR),
    )  # fmt: skip
    signs = signs_of(HOST, [step for step in steps if step.exchange.host == HOST])
    assert signs.realms == {Realm("a.test", "/t", "s")}
    assert signs.storages == {"production.cloudflare.docker.com"}
    assert signs.header("server") == "foo/1"
    assert signs.header("x-none") == ""


def test_a_storage_shows_nothing_of_a_registry():
    steps = steps_of(*HEALTHY)
    storage = [step for step in steps if step.stage == "cdn"]
    assert storage
    assert signs_of("s", storage) == Signs(host="s")


def test_one_sign_is_enough_and_none_is_none():
    registry = Registry(
        name="X", hosts=("x.test",), realms=("auth.x.test",), service="x", storage=("*.cdn.x.test",)
    )
    alone = Signs(host="other.test")
    assert not registry.is_shown_by(alone)
    assert registry.is_shown_by(Signs(host="x.test:5000"))
    assert registry.is_shown_by(Signs(host="o", realms=frozenset({Realm("auth.x.test", "/", "x")})))
    assert not registry.is_shown_by(Signs(host="o", realms=frozenset({Realm("auth.x.test", "/", "y")})))
    assert registry.is_shown_by(Signs(host="o", storages=frozenset({"1.cdn.x.test"})))


def test_a_pattern_is_of_the_whole_name():
    assert fits("registry.test:443", ("registry.test",))
    assert not fits("registry.test.evil.example", ("registry.test",))
    assert not fits("[::1]:5000", ("*.test",))


def test_a_host_with_ten_thousand_redirects_keeps_few():
    turns = [
        Turn(
            method="GET",
            url=f"{MIRROR}/v2/x/blobs/sha256:{n:064x}",
            status=307,
            give=(f"location: https://s{n}.test/",),
        )
        for n in range(2000)
    ]
    steps = list(steps_of(*turns))
    assert len(signs_of(HOST, steps).locations) <= 256
