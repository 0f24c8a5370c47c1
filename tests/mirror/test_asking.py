"""Asking upstreams: the next address, and what is learned of challenges."""

import pytest

from inspector.mirror.asking import Asking
from inspector.mirror.challenge import Known
from inspector.mirror.model import Failure, Kind, Reply, Target, Trouble

ASKS = Reply(
    status=401, headers=(("www-authenticate", 'Bearer realm="https://auth.docker.io/token",service="s"'),)
)
KNOWN = Known(realm="https://auth.docker.io/token", service="s")
HERE = Reply(status=200, headers=())


@pytest.fixture
def up(settings):
    return settings(upstreams=["docker.io=https://a.docker.io,https://b.docker.io"]).upstreams[0]


@pytest.fixture
def asking(client):
    made = Asking(client, "feed", lambda: made.now)
    made.now = 100.0
    return made


def target(up, kind=Kind.PING):
    return Target(kind=kind, upstream=up, path="/v2/", own="")


async def test_the_challenge_is_asked_for_once_and_remembered(asking, client, up):
    client.on("/v2/", ASKS)
    assert await asking.challenge_of(up, []) == KNOWN
    assert await asking.challenge_of(up, []) == KNOWN
    assert client.asked == ["GET https://a.docker.io/v2/"]
    assert ("via", "1.1 pull-inspector-feed") in client.calls[0].headers


async def test_an_open_registry_asks_for_nothing(asking, client, up):
    client.on("/v2/", HERE)
    assert await asking.challenge_of(up, []) == Known()
    assert asking.known(up) == Known()


def test_a_challenge_that_may_not_be_followed_takes_no_good_ones_place(asking, up):
    asking.learn(target(up), ASKS)
    bad = Reply(status=401, headers=(("www-authenticate", 'Bearer realm="https://evil.test/"'),))
    assert "evil.test" in asking.learn(target(up), bad).problem
    assert asking.known(up) == KNOWN


def test_an_answer_without_a_challenge_teaches_nothing(asking, up):
    assert asking.learn(target(up, Kind.MANIFEST), HERE) == Known()
    assert asking.known(up) is None


@pytest.mark.parametrize(
    "trouble", [Trouble.CONNECT, Trouble.NAME, Trouble.TLS, Trouble.TIMEOUT, Trouble.PROTOCOL]
)
async def test_63_the_next_address_is_asked_when_one_has_not_answered(asking, up, trouble):
    async def send(url):
        if url.startswith("https://a."):
            raise Failure(trouble, "a.docker.io", "no")
        return url

    assert await asking.somewhere(target(up), send) == "https://b.docker.io/v2/"


@pytest.mark.parametrize("trouble", [Trouble.FORBIDDEN, Trouble.TOO_LARGE, Trouble.REDIRECT, Trouble.BUSY])
async def test_63_but_not_for_what_another_would_not_change(asking, up, trouble):
    tried = []

    async def send(url):
        tried.append(url)
        raise Failure(trouble, "a.docker.io", "no")

    with pytest.raises(Failure):
        await asking.somewhere(target(up), send)
    assert tried == ["https://a.docker.io/v2/"]


async def test_an_address_that_failed_is_tried_last_for_a_while(asking, up):
    dead, tried = {"https://a.docker.io/v2/"}, []

    async def send(url):
        tried.append(url[8])
        if url in dead:
            raise Failure(Trouble.CONNECT, "a.docker.io", "no")
        return url

    await asking.somewhere(target(up), send)
    await asking.somewhere(target(up), send)
    asking.now += 31
    dead.clear()
    await asking.somewhere(target(up), send)
    assert tried == ["a", "b", "b", "a"]


async def test_when_all_fail_the_first_failure_is_told(asking, up):
    async def send(url):
        raise Failure(Trouble.CONNECT, url, f"no {url[8]}")

    with pytest.raises(Failure, match="no a"):
        await asking.somewhere(target(up), send)


async def test_an_address_that_broke_off_is_tried_last_too(asking, up):
    asking.failed("https://a.docker.io/v2/x/blobs/y")
    asking.failed("nonsense")

    async def send(url):
        return url[8]

    assert await asking.somewhere(target(up), send) == "b"
