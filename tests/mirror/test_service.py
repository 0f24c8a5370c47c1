"""The order of things: from a request to an answer, or to a blob that is to be fetched. io is scripted."""

import json

import pytest

from inspector.mirror.asking import Job
from inspector.mirror.blobs import Stream
from inspector.mirror.model import Answer, Failure, Reply, Trouble
from inspector.mirror.service import Mirror

BEARER = ("www-authenticate", 'Bearer realm="https://auth.docker.io/t",service="s"')
ASKS = Reply(
    status=401,
    headers=(BEARER, ("content-type", "application/json")),
    body=b'{"errors":[{"code":"UNAUTHORIZED"}]}',
)
DIGEST = "sha256:" + "a" * 64
LATEST = "/v2/library/alpine/manifests/latest"

pytestmark = pytest.mark.usefixtures("no_names")


@pytest.fixture
def ask(settings, client, pool, request_for):
    mirrors = {}

    async def asked(line, body=b"", *, setup=None, **how):
        key = id(setup)  # kept alive below
        if key not in mirrors:
            mirrors[key] = (setup, Mirror(setup or settings(), client, pool))
        return await mirrors[key][1].handle(Job(request=request_for(line, **how)), body)

    return asked


async def test_a_ping_gets_the_mirrors_challenge(ask, client, fields):
    client.on("/v2/", ASKS)
    assert (
        fields(await ask("GET /v2/"))["www-authenticate"]
        == 'Bearer realm="http://mirror.test/token",service="s"'
    )


async def test_a_token_is_asked_of_the_realm_that_was_learned(ask, client, pool, fields):
    client.on("/v2/", ASKS)
    answer = await ask("GET /token?scope=repository:alpine:pull&service=other")
    assert json.loads(answer.body) == {"token": "t"}
    assert fields(answer)["content-length"] == str(len(answer.body))
    assert (pool.asks[0].key.realm, pool.asks[0].key.service) == ("https://auth.docker.io/t", "s")


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(status=302, headers=(("location", "http://evil.test"),)), 502),
        (Reply(status=200, headers=(("content-type", "text/html"),), body=b"<html>"), 502),
        (Reply(status=503, headers=(("content-type", "text/html"),), body=b"<html>"), 503),
        (Reply(status=401, headers=(("content-type", "application/json"),), body=b'{"details":"no"}'), 401),
    ],
)
async def test_4_12_what_a_token_service_may_answer(ask, client, pool, reply, status):
    client.on("/v2/", ASKS)
    pool.reply = reply
    answer = await ask("GET /token")
    assert answer.status == status
    if status != 401:
        assert b"auth.docker.io" in answer.body


async def test_a_manifest_is_asked_for_by_the_upstreams_name(ask, client):
    client.on("latest", Reply(status=200, headers=(), body=b"{}"))
    answer = await ask("GET /v2/alpine/manifests/latest", authorization="Bearer t")
    assert (answer.status, answer.body) == (200, b"{}")
    assert client.asked == [f"GET https://registry-1.docker.io{LATEST}"]
    assert ("authorization", "Bearer t") in client.calls[0].headers


async def test_a_manifest_behind_a_redirect_is_followed(ask, client):
    client.on("latest", Reply(status=307, headers=(("location", "https://pkg.docker.io/m"),)))
    client.on("/m", Reply(status=200, headers=(), body=b"{}"))
    assert (await ask("GET /v2/alpine/manifests/latest", authorization="Bearer t")).body == b"{}"
    assert "authorization" not in dict(client.calls[1].headers)


async def test_a_password_is_kept_from_a_registry_that_wants_tokens(ask, client):
    client.on("/v2/", ASKS)
    client.on("latest", ASKS)
    assert (await ask("GET /v2/alpine/manifests/latest", authorization="Basic eA==")).status == 401
    assert all("authorization" not in dict(call.headers) for call in client.calls)


async def test_a_password_goes_to_a_registry_that_wants_it(ask, client):
    client.on("/v2/", Reply(status=401, headers=(("www-authenticate", 'Basic realm="x"'),)))
    client.on("latest", Reply(status=200, headers=(), body=b"{}"))
    assert (await ask("GET /v2/alpine/manifests/latest", authorization="Basic eA==")).status == 200
    assert ("authorization", "Basic eA==") in client.calls[-1].headers


async def test_a_blob_is_a_stream(ask, client):
    client.on(DIGEST, Reply(status=307, headers=(("location", "https://cdn.test/x"),)))
    stream = await ask(f"GET /v2/alpine/blobs/{DIGEST}")
    assert isinstance(stream, Stream)
    assert stream.url == "https://cdn.test/x"


async def test_a_failure_is_an_answer_that_names_the_upstream(ask, client, error):
    client.on("latest", Failure(Trouble.TLS, "registry-1.docker.io", "its certificate has expired"))
    status, _, message = error(await ask("GET /v2/alpine/manifests/latest"))
    assert (status, message) == (
        502,
        "mirror of docker.io (registry-1.docker.io): its certificate has expired",
    )


async def test_own_mode_gets_tokens_itself_and_a_new_one_when_it_is_refused(ask, client, settings):
    setup = settings(auth="own")
    client.on("/v2/", ASKS)
    client.on("latest", ASKS, Reply(status=200, headers=(), body=b"{}"))
    assert (await ask("GET /v2/", setup=setup)).body == b"{}"
    assert client.asked == []
    answer = await ask("GET /v2/alpine/manifests/latest", setup=setup, authorization="Bearer mine")
    assert answer.status == 200
    sent = [dict(call.headers).get("authorization") for call in client.calls]
    assert sent == [None, "Bearer token-1", "Bearer token-2"]


async def test_other_modes_give_no_tokens(ask, settings, error):
    for auth in ("own", "pass"):
        assert error(await ask("GET /token", setup=settings(auth=auth)))[0] == 404


async def test_passed_redirects_of_documents(ask, client, settings, fields):
    client.on("latest", Reply(status=302, headers=(("location", "/elsewhere"),)))
    answer = await ask("GET /v2/alpine/manifests/latest", setup=settings(redirects="pass"))
    assert (answer.status, fields(answer)["location"]) == (302, "https://registry-1.docker.io/elsewhere")


async def test_the_home_page_comes_without_asking_anyone(ask, client):
    answer = await ask("GET /")
    assert isinstance(answer, Answer)
    assert b"mirror.test" in answer.body
    assert client.calls == []


async def test_a_ping_is_answered_from_memory_while_the_upstream_is_away(ask, client, fields):
    client.on("/v2/", ASKS, Failure(Trouble.CONNECT, "registry-1.docker.io", "connection refused"))
    first = await ask("GET /v2/")
    second = await ask("GET /v2/")
    assert (second.status, fields(second)["www-authenticate"]) == (401, fields(first)["www-authenticate"])
    assert (await ask("GET /v2/", authorization="Bearer t")).status == 502


async def test_a_first_ping_that_fails_says_so(ask, client, error):
    client.on("/v2/", Failure(Trouble.CONNECT, "registry-1.docker.io", "connection refused"))
    assert "connection refused" in error(await ask("GET /v2/"))[2]
