"""What a token allows, and for how long."""

import json

import pytest

from inspector.core.pull import Pull
from inspector.report.grants import granted, valid_for, valid_until


def grant(talk: "Conversation", **answer: object) -> Pull:  # noqa: F821 - of conftest
    talk.greet(token=json.dumps({"token": "‹token 3fa9c1d2›", **answer}).encode())
    return talk.pull()


def entry(name: str, *actions: str) -> dict[str, object]:
    return {"type": "repository", "name": name, "actions": list(actions)}


@pytest.mark.parametrize(
    ("access", "words"),
    [
        ([entry("library/hello-world", "pull")], "pull"),
        ([entry("library/hello-world", "pull", "push")], "pull,push"),
        ([entry("other/x", "pull")], "other/x : pull"),
        (
            [entry("library/hello-world", "pull"), entry("other/x", "pull")],
            "library/hello-world : pull, other/x : pull",
        ),
        ([], "nothing"),
        ([{"type": "registry", "name": "catalog", "actions": ["*"]}], "registry catalog : *"),
    ],
)
def test_what_was_granted(access: list[object], words: str, talk: "Conversation") -> None:  # noqa: F821
    pull = grant(talk, claims={"access": access})
    assert granted(pull.step(2), pull) == words


def test_an_opaque_token_does_not_say(talk: "Conversation") -> None:  # noqa: F821
    pull = grant(talk)
    assert granted(pull.step(2), pull) is None
    assert valid_for(pull.step(2)) is None
    assert valid_until(pull.step(2)) is None


def test_how_long(talk: "Conversation") -> None:  # noqa: F821
    pull = grant(talk, claims={"iat": 1000, "exp": 1300})
    assert valid_for(pull.step(2)) == 300
    assert valid_until(pull.step(2)) == 1300


def test_an_issue_without_a_life_is_a_minute(talk: "Conversation") -> None:  # noqa: F821
    pull = grant(talk, issued_at="1970-01-01T00:16:40Z")
    assert valid_until(pull.step(2)) == 1060
