"""Settings and requests as the tests of the mirror write them down."""

from collections.abc import Mapping

import msgspec
import pytest

from inspector.mirror.config_file import load
from inspector.mirror.model import (
    Answer,
    Call,
    Failure,
    Grant,
    Hop,
    Reply,
    Request,
    Secret,
    Settings,
    TokenAsk,
    TokenKey,
)


def settings_of(**options: object) -> Settings:
    """Settings of options: names without ``mirror_``. Two upstreams unless told otherwise."""
    words: dict[str, object] = {"upstreams": ["docker.io", "ghcr.io"], "default": "docker.io"} | options
    return load({f"mirror_{name}": value for name, value in words.items()}, {})


def request_of(
    line: str, *, host: str = "mirror.test", peer: str = "192.0.2.1", secure: bool = False, **headers: str
) -> Request:
    """``GET /v2/`` and its fields; ``_`` in a name stands for ``-``."""
    method, _, target = line.partition(" ")
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Request(method=method, target=target, headers=(("host", host), *fields), peer=peer, secure=secure)


def error_of(answer: object) -> tuple[int, str, str]:
    """Status, code and message of a refusal."""
    import json

    assert isinstance(answer, Answer)
    error = json.loads(answer.body)["errors"][0]
    return answer.status, error["code"], error["message"]


def fields_of(answer: object) -> Mapping[str, str]:
    """An answer's fields; of a repeated one the last."""
    assert isinstance(answer, Answer)
    return dict(answer.headers)


@pytest.fixture
def settings():
    return settings_of


@pytest.fixture
def request_for():
    return request_of


@pytest.fixture
def error():
    return error_of


@pytest.fixture
def fields():
    return fields_of


class ScriptedClient:
    """Stands for the mirror's own client: what it is asked, and what it answers by the URL's end."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: dict[str, list[Reply | Failure]] = {}

    def on(self, end: str, *answers: Reply | Failure) -> None:
        """The answers to URLs with this end, in turn; the last one stays."""
        self.answers[end] = list(answers)

    async def send(self, call: Call, hops: list[Hop]) -> Reply:
        self.calls.append(call)
        hops.append(Hop(method=call.method, url=call.url, start=0.0))
        found = next((kept for end, kept in self.answers.items() if call.url.endswith(end)), None)
        assert found is not None, call.url
        answer = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(answer, Failure):
            raise answer
        return msgspec.structs.replace(answer, url=call.url)

    async def addresses(self, *_: object) -> tuple[str, ...]:
        return ("192.0.2.7",)

    @property
    def asked(self) -> list[str]:
        """Methods and URLs."""
        return [f"{call.method} {call.url}" for call in self.calls]


class ScriptedPool:
    """Stands for the token pool."""

    def __init__(self) -> None:
        self.asks: list[TokenAsk] = []
        self.forgotten: list[TokenKey] = []
        self.reply = Reply(status=200, headers=(("content-type", "application/json"),), body=b'{"token":"t"}')

    async def answer(self, ask: TokenAsk, _: list[Hop]) -> Reply:
        self.asks.append(ask)
        return self.reply

    async def grant(self, ask: TokenAsk, _: list[Hop]) -> Grant:
        self.asks.append(ask)
        return Grant(token=Secret(f"token-{len(self.asks)}"), expires=0.0)

    def forget(self, key: TokenKey) -> None:
        self.forgotten.append(key)


@pytest.fixture
def client():
    return ScriptedClient()


@pytest.fixture
def pool():
    return ScriptedPool()


@pytest.fixture
def no_names(monkeypatch):
    """Every name leads to one address, without a resolver."""

    async def resolve(*_: object) -> tuple[str, ...]:
        return ("192.0.2.7",)

    monkeypatch.setattr("inspector.mirror.io.addresses.resolve", resolve)
    monkeypatch.setattr("inspector.mirror.blobs.resolve", resolve)
