"""The pool: one exchange for all who ask alike, nothing shared beyond its key, sane ends, shared failures."""

import asyncio
import json
import logging

import msgspec
import pytest

from inspector.mirror.io import tokens as module
from inspector.mirror.io.tokens import TokenPool
from inspector.mirror.model import Egress, Failure, Secret, TokenAsk, TokenKey, Trouble


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture(name="clock")
def _clock():
    return Clock()


@pytest.fixture(name="pool")
def _pool(client, clock):
    return TokenPool(client, clock=clock, now=clock)


@pytest.fixture(name="service")
async def _service(serve, names, http):
    """A token service that numbers its tokens; ``service.delay`` seconds each, ``service.answer`` in place of one."""
    names["auth.example"] = names["evil.example"] = [["127.0.0.1"]]

    async def answer(seen, _writer):
        await asyncio.sleep(service.delay)
        if service.answer is not None:
            return service.answer
        return http(200, json.dumps({"token": f"t{len(service.requests)}", "expires_in": 300}).encode())

    service = await serve(answer)
    service.delay, service.answer = 0.0, None
    return service


@pytest.fixture(name="ask")
def _ask(service, egress):
    def ask(
        path="/token", *, upstream="hub.example", credential="", service_name="hub", scopes=("a",), **more
    ):
        realm = service.url(path, "auth.example")
        key = TokenKey(
            upstream=upstream, credential=credential, realm=realm, service=service_name, scopes=scopes
        )
        return TokenAsk(key=key, egress=egress, **more)

    return ask


BASIC = Secret("Basic c2VjcmV0LTk=")


async def test_A14_a_thousand_who_ask_at_once_are_one_request(pool, service, ask):
    service.delay = 0.05
    hops = [[] for _ in range(1000)]
    replies = await asyncio.gather(*(pool.answer(ask(), each) for each in hops))
    assert len(service.requests) == 1
    assert {json.loads(reply.body)["token"] for reply in replies} == {"t1"}
    assert sum(len(each) for each in hops) == 1  # told once, by the one who caused it


async def test_it_works_with_the_eager_tasks_of_mitmproxys_loop(pool, service, ask):
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    replies = await asyncio.gather(*(pool.answer(ask(), []) for _ in range(9)))
    assert {reply.status for reply in replies} == {200}
    assert len(service.requests) == 1
    strict = msgspec.structs.replace(ask(scopes=("b",)), egress=Egress(upstream="hub.example"))
    results = await asyncio.gather(*(pool.grant(strict, []) for _ in range(3)), return_exceptions=True)
    assert [failure.trouble for failure in results] == [Trouble.FORBIDDEN] * 3


async def test_A14_one_who_goes_away_takes_the_token_from_nobody(pool, service, ask):
    service.delay = 0.05
    first, second = (asyncio.create_task(pool.answer(ask(), [])) for _ in range(2))
    await asyncio.sleep(0.02)
    first.cancel()
    assert (await second).status == 200
    assert len(service.requests) == 1


async def test_A14_waiting_is_bounded(pool, service, ask, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    service.delay = 0.05
    results = await asyncio.gather(*(pool.answer(ask(), []) for _ in range(5)), return_exceptions=True)
    busy = [r for r in results if isinstance(r, Failure)]
    assert [failure.trouble for failure in busy] == [Trouble.BUSY, Trouble.BUSY]
    assert (await pool.answer(ask(), [])).status == 200


async def test_A14_a_429_is_shared_with_what_is_left_of_its_retry_after(pool, service, ask, clock, http):
    service.answer = http(429, b"{}", Retry_After="40")
    replies = await asyncio.gather(*(pool.answer(ask(), []) for _ in range(5)))
    clock.at += 10
    replies.append(await pool.answer(ask(), []))
    told = [dict(reply.headers)["retry-after"] for reply in replies]
    assert (told, {reply.status for reply in replies}) == (["40"] * 5 + ["30"], {429})
    assert len(service.requests) == 1
    clock.at += 31
    service.answer = None
    assert (await pool.answer(ask(), [])).status == 200


async def test_A14_a_service_that_is_down_is_not_asked_by_each(pool, ask, clock, listen):
    accepted = 0

    async def hang_up(_reader, _writer):
        nonlocal accepted
        accepted += 1

    port = await listen(hang_up)
    down = TokenAsk(
        key=TokenKey(
            upstream="h", credential="", realm=f"http://auth.example:{port}/", service="", scopes=()
        ),
        egress=ask().egress,
    )
    results = await asyncio.gather(*(pool.answer(down, []) for _ in range(9)), return_exceptions=True)
    assert {result.trouble for result in results} == {Trouble.CONNECT}
    with pytest.raises(Failure):
        await pool.answer(down, [])
    assert accepted == 1
    clock.at += 2
    with pytest.raises(Failure):
        await pool.answer(down, [])
    assert accepted == 2


async def test_a_refusal_is_asked_for_anew(pool, service, ask, http):
    service.answer = http(403, b"{}")
    assert (await pool.answer(ask(), [])).status == 403
    service.answer = None
    assert (await pool.answer(ask(), [])).status == 200


@pytest.mark.parametrize(
    "other",
    [
        {"upstream": "other.example"},
        {"credential": "k2", "authorization": Secret("Basic b3RoZXI=")},
        {"path": "/token2"},
        {"service_name": "other"},
        {"scopes": ("b",)},
        {"scopes": ("a", "b")},
        {"scopes": ()},
        {"authorization": Secret("Basic b3RoZXI=")},  # also where the caller forgot to say so in the key
    ],
)
async def test_A13_no_token_is_shared_beyond_its_key(pool, service, ask, other):
    mine = {"credential": "k1", "authorization": BASIC} if "credential" in other else {}
    first = await pool.grant(ask(**mine), [])
    second = await pool.grant(ask(**other), [])
    assert first.token != second.token
    assert (await pool.grant(ask(**mine), [])).token == first.token
    assert len(service.requests) == 2


async def test_A13_the_order_of_scopes_makes_no_difference(pool, service, ask):
    await pool.grant(ask(scopes=("a", "b")), [])
    await pool.grant(ask(scopes=("b", "a")), [])
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"authorization": BASIC},
        {"pairs": (("account", Secret("ada")),)},
        {"credential": "client"},
        {"method": "POST", "pairs": (("refresh_token", Secret("r")),)},
    ],
)
async def test_A13_a_clients_own_token_is_neither_shared_nor_kept(pool, service, ask, more):
    await asyncio.gather(*(pool.answer(ask(**more), []) for _ in range(3)))
    anonymous = await pool.answer(ask(), [])
    assert len(service.requests) == 4
    assert json.loads(anonymous.body)["token"] == "t4"


async def test_an_anonymous_request_carries_nothing_of_its_client(pool, service, ask):
    await pool.answer(ask(pairs=(("client_id", Secret("docker")),)), [])
    assert service.requests[0].target == "/token?service=hub&scope=a"
    assert "authorization" not in service.requests[0].headers


async def test_own_credentials_go_to_the_realm(pool, service, ask):
    await pool.grant(ask(credential="k", authorization=BASIC), [])
    assert service.requests[0].headers["authorization"] == BASIC.reveal()


@pytest.mark.parametrize(("seconds", "requests"), [(0, 1), (269, 1), (271, 2), (400, 2)])
async def test_A11_a_token_is_renewed_before_its_end(pool, service, ask, clock, seconds, requests):
    first = await pool.grant(ask(), [])
    assert first.expires == clock.at + 300
    clock.at += seconds
    await pool.grant(ask(), [])
    assert len(service.requests) == requests


async def test_a_client_gets_what_is_left_and_never_less_than_clients_take_for_granted(
    pool, service, ask, clock
):
    await pool.answer(ask(), [])
    clock.at += 100
    body = json.loads((await pool.answer(ask(), [])).body)
    assert (body["token"], body["expires_in"], body["issued_at"]) == ("t1", 200, "1970-01-01T00:18:20Z")
    clock.at += 141  # 59 seconds are left
    assert json.loads((await pool.answer(ask(), [])).body)["expires_in"] == 300
    assert len(service.requests) == 2


async def test_a_forgotten_token_is_fetched_anew(pool, service, ask):
    await pool.grant(ask(scopes=("a", "b")), [])
    pool.forget(ask(scopes=("b", "a")).key)
    assert (await pool.grant(ask(scopes=("a", "b")), [])).token.reveal() == "t2"


async def test_what_is_kept_is_bounded(pool, service, ask, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    for scope in ("a", "b", "c", "c", "b", "a"):
        await pool.grant(ask(scopes=(scope,)), [])
    assert len(service.requests) == 4


@pytest.mark.parametrize(
    "body", [b"<html>secret-9", b"[" * 50_000, b"\xff\xfe", b"{}", b'\xef\xbb\xbf{"token":"t"}']
)
async def test_A12_a_200_without_a_token_is_a_failure_that_shows_nothing_of_it(
    pool, service, ask, body, http
):
    service.answer = http(200, body)
    for asked in (pool.answer(ask(), []), pool.answer(ask(authorization=BASIC), []), pool.grant(ask(), [])):
        with pytest.raises(Failure, match="200 without a token") as failed:
            await asked
        assert failed.value.trouble is Trouble.TOKEN
        assert "secret-9" not in str(failed.value)


async def test_A12_an_answer_of_more_than_64_KiB_and_one_without_end(
    pool, service, ask, clock, http, monkeypatch
):
    service.answer = http(200, b'{"token":"t"}' + b" " * 64 * 1024)
    with pytest.raises(Failure, match="longer than 64 KiB") as failed:
        await pool.answer(ask(), [])
    assert failed.value.trouble is Trouble.TOKEN
    clock.at += 2
    monkeypatch.setattr(module, "DEADLINE", 0.05)
    service.delay, service.answer = 3600.0, None
    with pytest.raises(Failure, match=r"within 0.05 seconds") as failed:
        await pool.grant(ask(), [])
    assert failed.value.trouble is Trouble.TIMEOUT


@pytest.mark.parametrize("status", [302, 307])
async def test_A4_credentials_follow_no_redirect_to_another_origin(pool, service, ask, serve, http, status):
    other = await serve(http(200, b'{"token":"t"}'))
    service.answer = http(status, Location=other.url("/token", "evil.example"))
    for asked in (ask(), ask(credential="k", authorization=BASIC)):
        with pytest.raises(Failure, match="to another origin") as failed:
            await pool.grant(asked, [])
        assert failed.value.trouble is Trouble.TOKEN
    assert other.requests == []


async def test_A5_a_post_over_308_keeps_its_body_and_over_301_is_not_sent_again(
    pool, serve, egress, names, http
):
    names["auth.example"] = [["127.0.0.1"]]
    service = await serve(
        {
            "/kept": http(308, Location="/token"),
            "/lost": http(301, Location="/token"),
            "/token": http(200, b'{"access_token":"t"}'),
        }
    )
    pairs = (("grant_type", Secret("password")), ("password", Secret("word")))

    def post(path):
        realm = service.url(path, "auth.example")
        key = TokenKey(upstream="h", credential="c", realm=realm, service="hub", scopes=("a",))
        return TokenAsk(key=key, egress=egress, method="POST", pairs=pairs)

    assert (await pool.answer(post("/kept"), [])).status == 200
    assert service.requests[1].body == service.requests[0].body != b""
    assert service.requests[1].method == "POST"
    with pytest.raises(Failure, match="loses what was sent"):
        await pool.answer(post("/lost"), [])
    assert [seen.target for seen in service.requests] == ["/kept", "/token", "/lost"]


async def test_A4_redirects_end(pool, service, ask, http):
    service.answer = http(307, Location="/token?again")
    with pytest.raises(Failure, match="redirects without end"):
        await pool.grant(ask(), [])
    assert len(service.requests) == 4


async def test_any_other_status_is_an_answer_for_a_client_and_a_failure_for_the_mirror(
    pool, service, ask, http
):
    service.answer = http(503, b'{"errors":[]}')
    assert (await pool.answer(ask(), [])).body == b'{"errors":[]}'
    with pytest.raises(Failure, match="answered 503") as failed:
        await pool.grant(ask(scopes=("b",)), [])
    assert (failed.value.trouble, failed.value.reply.status) == (Trouble.TOKEN, 503)


async def test_tokens_and_credentials_are_neither_logged_nor_shown(pool, service, ask, http, caplog):
    caplog.set_level(logging.DEBUG)
    service.answer = http(200, b'{"token":"secret-9","expires_in":300}')
    asked = ask(credential="k", authorization=BASIC)
    grant = await pool.grant(asked, [])
    assert grant.token.reveal() == "secret-9"
    shown = caplog.text + repr(grant) + repr(asked)
    assert "secret-9" not in shown
    assert BASIC.reveal() not in shown
