"""hardening.md, part A, lines 4, 5 and 10 to 14: the token services that the mirror asks, on real sockets."""

import asyncio
import base64
import json
import time
from email.utils import formatdate

import pytest
from kit.upstream import AUTH, HUB, reply

from inspector.mirror.io import tokens
from inspector.mirror.io.tokens import TokenPool

LOGIN = "Basic " + base64.b64encode(b"alice:canary-password").decode()
TOKEN = "GET /token?service=x&scope=repository:team/app:pull"
MANIFEST = "GET /v2/team/app/manifests/latest"
FORM = b"grant_type=password&username=alice&password=canary-password&scope=repository:team/app:pull&service=x"
FORM_TYPE = {"content_type": "application/x-www-form-urlencoded"}
NO_TOKEN = f"mirror of {HUB} ({AUTH}): its token service answered 200 without a token that can be used"


def answer(**fields: object) -> bytes:
    return reply(200, json.dumps(fields).encode(), content_type="application/json")


def jwt(**claims: object) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({}, claims)
    ]
    return ".".join([*parts, "c2ln"])


@pytest.fixture
def clock(monkeypatch):
    """clock.ahead: seconds by which the pool's clocks are ahead of the time."""

    class Clock:
        ahead = 0.0

        def monotonic(self) -> float:
            return time.monotonic() + self.ahead

        def time(self) -> float:
            return time.time() + self.ahead

    made = Clock()
    monkeypatch.setitem(TokenPool.__init__.__kwdefaults__, "clock", made.monotonic)
    monkeypatch.setitem(TokenPool.__init__.__kwdefaults__, "now", made.time)
    return made


@pytest.fixture
def own(tmp_path):
    (tmp_path / "password").write_text("canary-password")
    return {"auth": "own", "credentials": [f"{HUB}=alice:{tmp_path / 'password'}"]}


@pytest.mark.parametrize("inward", [True, False], ids=["inward", "elsewhere"])
async def test_A4_a_redirect_to_another_origin_is_not_followed(mirror, world, inward):
    trap = await world.trap("127.0.0.9", 80)
    other = await world.host("other.example.org", world.token)  # of the same domain, and still another origin
    host = "127.0.0.9" if inward else "other.example.org"
    statuses = [301, 302, 303, 307, 308]
    world.auth.handle = lambda _: reply(statuses[len(world.auth.seen) % 5], location=f"http://{host}/token")
    up = await mirror(allow_private=["127.0.0.9"])  # it is not the address that keeps the mirror away
    for ask in (
        lambda: up.ask(TOKEN),
        lambda: up.ask(TOKEN, authorization=LOGIN),
        lambda: up.ask("POST /token", FORM, **FORM_TYPE),
    ) * 5:
        got = await ask()
        assert got.status == 502
        assert got.says == (
            f"mirror of {HUB} ({AUTH}): its token service redirects to another origin ({host}), which is not followed"
        )
    assert (trap.connections, other.connections) == (0, 0)


async def test_A4_redirects_of_one_origin_end(mirror, world):
    world.auth.handle = lambda seen: reply(307, location=f"{seen.target}&again=1")
    up = await mirror()
    got = await up.ask(TOKEN, authorization=LOGIN)
    assert (got.status, "redirects without end" in got.says, len(world.auth.seen)) == (502, True, 4)


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_A5_a_post_that_would_lose_its_body_is_not_sent_again(mirror, world, status):
    world.auth.handle = lambda seen: world.token(seen) if seen.path == "/t" else reply(status, location="/t")
    up = await mirror()
    got = await up.ask("POST /token", FORM, **FORM_TYPE)
    assert (got.status, f"redirects by {status}, which loses what was sent" in got.says) == (502, True)
    assert [seen.path for seen in world.auth.seen] == ["/token"]


@pytest.mark.parametrize("status", [307, 308])
async def test_A5_one_that_keeps_it_is_followed(mirror, world, status):
    world.auth.handle = lambda seen: world.token(seen) if seen.path == "/t" else reply(status, location="/t")
    up = await mirror()
    got = await up.ask("POST /token", FORM, **FORM_TYPE)
    assert json.loads(got.body)["token"] == "token-user-repository:team/app:pull"
    assert [(seen.method, b"canary-password" in seen.body) for seen in world.auth.seen] == [
        ("POST", True)
    ] * 2


ODD = {
    "access_token alone": ({"access_token": "token-x"}, (1, 60)),
    "token alone": ({"token": "token-x", "expires_in": 300}, (290, 300)),
    "both and different": ({"token": "token-x", "access_token": "token-y", "expires_in": 300}, (290, 300)),
    "lasts 0": ({"token": "token-x", "expires_in": 0}, (1, 10)),
    "does not say": ({"token": "token-x"}, (50, 60)),
    "lasts -5": ({"token": "token-x", "expires_in": -5}, (1, 10)),
    "lasts text": ({"token": "token-x", "expires_in": "300"}, (290, 300)),
    "lasts for ever": ({"token": "token-x", "expires_in": 10**12}, (3590, 3600)),
    "issued tomorrow": (
        {"token": "token-x", "expires_in": 300, "issued_at": "2999-01-01T00:00:00Z"},
        (290, 300),
    ),
    "lasts null": ({"token": "token-x", "expires_in": None, "issued_at": 7}, (50, 60)),
}


@pytest.mark.parametrize(("fields", "left"), ODD.values(), ids=ODD)
async def test_A10_whatever_its_shape_a_client_gets_both_names_and_a_sane_life(mirror, world, fields, left):
    world.auth.handle = lambda _: answer(**fields)
    up = await mirror()
    got = json.loads((await up.ask(TOKEN)).body)
    assert (got["token"], got["access_token"]) == ("token-x", "token-x")
    assert left[0] <= got["expires_in"] <= left[1]
    assert (await up.ask(MANIFEST, authorization=f"Bearer {got['token']}")).body == world.manifest


@pytest.mark.parametrize("token", ["", 7, None, "a b", "a\r\nX-Evil: 1", "x" * 40_000, {"token": "y"}])
async def test_A10_what_no_header_can_carry_is_no_token(mirror, world, token):
    world.auth.handle = lambda _: answer(token=token)
    up = await mirror()
    for more in ({}, {"authorization": LOGIN}):
        got = await up.ask(TOKEN, **more)
        assert (got.status, got.says) == (502, NO_TOKEN)


@pytest.mark.parametrize("ahead", [600, -600])
async def test_A11_times_are_compared_with_the_services_own_clock(mirror, world, ahead):
    now = time.time() + ahead
    world.auth.handle = lambda _: reply(
        200, json.dumps({"token": jwt(iat=now, nbf=now, exp=now + 120), "expires_in": 3600}).encode(),
        date=formatdate(now, usegmt=True),
    )  # fmt: skip
    up = await mirror()
    await up.ask(TOKEN)
    assert 110 <= json.loads((await up.ask(TOKEN)).body)["expires_in"] <= 121


async def test_A11_one_that_is_over_or_not_yet_valid_is_soon_asked_for_anew(mirror, world, own, clock):
    now = time.time()
    claims = [{"exp": now - 300}, {"nbf": now + 300, "exp": now + 600}]
    world.auth.handle = lambda _: answer(token=f"{jwt(**claims[len(world.auth.seen) % 2])}", expires_in=300)
    world.hub.handle = lambda seen: (
        reply(200, world.manifest)
        if len(world.auth.seen) > 1
        else reply(401, b"{}", www_authenticate=f'Bearer realm="{world.auth.url}/token",service="x"')
    )
    up = await mirror(**own)
    assert (await up.ask(MANIFEST)).status == 200  # the registry refused the first one
    assert len(world.auth.seen) == 2


async def test_A11_a_token_is_renewed_before_its_end(mirror, world, own, clock):
    up = await mirror(**own)
    for clock.ahead, fetched in ((0, 1), (265, 1), (275, 2)):
        assert (await up.ask(MANIFEST)).status == 200
        assert len(world.auth.seen) == fetched


async def endless(piece: bytes, pause: float):
    yield b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n"
    while True:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
        await asyncio.sleep(pause)


JUNK = {
    "HTML": lambda: reply(200, b"<html>log in</html>", content_type="text/html"),
    "1 GiB": lambda: b"HTTP/1.1 200 X\r\ncontent-length: 1073741824\r\n\r\n{",
    "without end": lambda: endless(b" " * 8192, 0),
    "nested": lambda: reply(200, b'{"token":"x","a":' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
    "no UTF-8": lambda: reply(200, b'{"token":"\xff\xfe"}'),
    "BOM": lambda: reply(200, b'\xef\xbb\xbf{"token":"token-x"}'),
    "list": lambda: reply(200, b'["token"]'),
    "nothing": lambda: reply(200),
}


@pytest.mark.parametrize("login", [{}, {"authorization": LOGIN}], ids=["anonymous", "login"])
async def test_A12_what_is_no_token_is_a_clear_502(mirror, world, login):
    up = await mirror()
    for name, junk in JUNK.items():
        world.auth.handle = lambda _, junk=junk: junk()
        got = await up.ask(f"{TOKEN}&scope=repository:another:pull", **login)
        assert (got.status, got.says.startswith(f"mirror of {HUB} ({AUTH}): its token service")) == (
            502,
            True,
        ), name


async def test_A12_the_mirror_itself_takes_none_of_it(mirror, world, own):
    up = await mirror(**own)
    for name, junk in JUNK.items():
        world.auth.handle = lambda _, junk=junk: junk()
        got = await up.ask(MANIFEST)
        assert (got.status, "its token service" in got.says) == (502, True), name
    assert not any("authorization" in seen.headers for seen in world.hub.seen)


@pytest.mark.parametrize("login", [{}, {"authorization": LOGIN}], ids=["anonymous", "login"])
async def test_A12_one_that_drips_has_a_deadline(mirror, world, monkeypatch, login):
    monkeypatch.setattr(tokens, "DEADLINE", 0.3)
    world.auth.handle = lambda _: endless(b" ", 0.02)
    up = await mirror()
    got = await up.ask(TOKEN, **login)
    assert (got.status, "no whole answer within 0.3 seconds" in got.says) == (504, True)


async def test_A13_a_token_is_for_one_upstream_one_credential_and_these_scopes(mirror, world):
    second = await world.host("second.example.org", world.registry)
    up = await mirror(upstreams=[f"{HUB}={world.hub.url}", f"second.example.org={second.url}"])
    # Both registries have one token service, and name themselves alike.
    asked = [
        ("team/app", {}), ("team/app", {}), ("team/private", {}), ("second.example.org/team/app", {}),
        ("team/app", {"authorization": LOGIN}), ("team/app", {"authorization": LOGIN}), ("team/app", {}),
    ]  # fmt: skip
    got = [await up.token(name, **more) for name, more in asked]
    assert len(world.auth.seen) == 5  # only the second and the last of seven were had before
    assert [seen.headers.get("authorization") for seen in world.auth.seen] == [None, None, None, LOGIN, LOGIN]
    assert got[4] == got[5] == "Bearer token-user-repository:team/app:pull"
    assert got[0] == got[6] == "Bearer token-nobody-repository:team/app:pull"


async def test_A13_a_form_with_a_password_is_shared_with_nobody(mirror, world):
    up = await mirror()
    for _ in range(2):
        await up.ask("POST /token", FORM, **FORM_TYPE)
    assert await up.token() == "Bearer token-nobody-repository:team/app:pull"
    assert len(world.auth.seen) == 3


async def test_A14_hundreds_who_ask_at_once_are_one_request(mirror, world):
    up = await mirror()
    got = await asyncio.gather(*(up.ask(TOKEN) for _ in range(200)))
    assert {answer.status for answer in got} == {200}
    assert len(world.auth.seen) == 1


async def test_A14_a_429_is_passed_on_and_not_asked_for_again(mirror, world):
    world.auth.handle = lambda _: reply(429, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}',
                                        retry_after="30", content_type="application/json")  # fmt: skip
    up = await mirror()
    got = [await up.ask(TOKEN) for _ in range(5)]
    assert {(answer.status, answer.code) for answer in got} == {(429, "TOOMANYREQUESTS")}
    assert all(28 <= int(answer.headers["retry-after"]) <= 30 for answer in got)
    assert len(world.auth.seen) == 1


async def test_A14_one_that_is_down_is_not_dialled_by_each(mirror, world, net):
    up = await mirror()
    await up.ask("GET /v2/")
    world.auth.stop()
    got = await asyncio.gather(*(up.ask(TOKEN) for _ in range(50)))
    assert {(answer.status, answer.says) for answer in got} == {
        (502, f"mirror of {HUB} ({AUTH}): connection refused")
    }
    assert [address for address, _ in net.dialled].count(world.auth.address) == 1


async def test_A14_waiting_is_bounded_in_time_and_number(mirror, world, monkeypatch):
    monkeypatch.setattr(tokens, "DEADLINE", 0.5)
    monkeypatch.setattr(tokens, "MOST_WAITING", 10)
    world.auth.handle = lambda _: endless(b" ", 0.05)
    up = await mirror()
    await up.ask("GET /v2/")
    got = await asyncio.gather(*(up.ask(TOKEN) for _ in range(25)))
    busy = [answer for answer in got if answer.status == 503]
    assert sorted({answer.status for answer in got}) == [503, 504]
    assert len(busy) == 15
    assert {(answer.headers["retry-after"], "too many wait" in answer.says) for answer in busy} == {
        ("5", True)
    }
