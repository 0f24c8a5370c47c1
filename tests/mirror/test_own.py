"""*own*: tokens for the mirror itself, and who may come in."""

import base64

import bcrypt
import pytest

from inspector.mirror.asking import Asking, Job
from inspector.mirror.model import Kind, Reply, Secret, Target
from inspector.mirror.own import Own

BEARER = Reply(
    status=401, headers=(("www-authenticate", 'Bearer realm="https://auth.docker.io/t",service="s"'),)
)
BASIC = Reply(status=401, headers=(("www-authenticate", 'Basic realm="x"'),))


@pytest.fixture
def owning(settings, client, pool, tmp_path, request_for):
    def make(**options):
        (tmp_path / "pw").write_text("hunter2")
        setup = settings(auth="own", credentials=[f"docker.io=bob:{tmp_path / 'pw'}"], **options)
        target = Target(
            kind=Kind.MANIFEST, upstream=setup.upstreams[0], path="/", own="https://m.test", repository="a/b"
        )
        asking = Asking(client, "feed", lambda: made.now)
        made = Own(setup, asking, pool)
        made.now = 0.0
        return made, target, lambda **headers: Job(request=request_for("GET /v2/", **headers))

    return make


async def test_a_token_of_its_own_for_this_repository_alone(owning, client, pool):
    own, target, job = owning()
    client.on("/v2/", BEARER)
    assert await own.authorization(job(), target) == (("authorization", "Bearer token-1"),)
    assert pool.asks[0].key.scopes == ("repository:a/b:pull",)
    assert pool.asks[0].authorization == Secret("Basic " + base64.b64encode(b"bob:hunter2").decode())
    assert "hunter2" not in pool.asks[0].key.credential


async def test_a_registry_that_asks_for_passwords_gets_the_mirrors(owning, client):
    own, target, job = owning()
    client.on("/v2/", BASIC)
    assert await own.authorization(job(), target) == (
        ("authorization", "Basic " + base64.b64encode(b"bob:hunter2").decode()),
    )
    assert not own.refused(target)


async def test_an_open_registry_gets_nothing(owning, client):
    own, target, job = owning()
    client.on("/v2/", Reply(status=200, headers=()))
    assert await own.authorization(job(), target) == ()


async def test_a_refused_token_is_forgotten(owning, client, pool):
    own, target, job = owning()
    client.on("/v2/", BEARER)
    await own.authorization(job(), target)
    assert own.refused(target)
    assert pool.forgotten == [pool.asks[0].key]


async def test_without_users_the_door_is_open(owning):
    own, target, job = owning()
    assert await own.door(job(), target) is None


@pytest.fixture
def users(tmp_path):
    (tmp_path / "users").write_text("eve:" + bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode())
    return str(tmp_path / "users")


async def test_with_users_one_has_to_be_one(owning, users, error, fields):
    own, target, job = owning(htpasswd=users)
    right = "Basic " + base64.b64encode(b"eve:secret").decode()
    assert error(await own.door(job(), target))[0] == 401
    assert fields(await own.door(job(), target))["www-authenticate"] == 'Basic realm="m.test"'
    assert (await own.door(job(authorization="Basic xx"), target)).status == 401
    assert await own.door(job(authorization=right), target) is None


async def test_a_right_password_is_checked_once_in_a_while(owning, users, monkeypatch):
    own, target, job = owning(htpasswd=users)
    right = "Basic " + base64.b64encode(b"eve:secret").decode()
    assert await own.door(job(authorization=right), target) is None
    monkeypatch.setattr("inspector.mirror.htpasswd.admits", lambda *_: False)
    assert await own.door(job(authorization=right), target) is None
    own.now = 301.0
    assert (await own.door(job(authorization=right), target)).status == 401
