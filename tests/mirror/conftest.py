"""Settings and requests as the tests of the mirror write them down."""

from collections.abc import Mapping

import pytest

from inspector.mirror.config_file import load
from inspector.mirror.model import Answer, Request, Settings


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
