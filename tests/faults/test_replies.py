"""Answers that faults give have the form of those that they stand for."""

import json

import pytest

from inspector.faults import replies
from inspector.wire.challenge import parse_challenges


def test_a_registry_error_is_as_the_specification_has_it():
    made = replies.registry_error(404, "BLOB_UNKNOWN", "blob unknown", {"X-More": "1"})
    assert made.status_code == 404
    assert json.loads(made.raw_content)["errors"][0]["code"] == "BLOB_UNKNOWN"
    assert made.headers["x-more"] == "1"


@pytest.mark.parametrize(
    "made",
    [
        replies.registry_error(404, "A", "b"),
        replies.storage_error(403, "AccessDenied", "no"),
        replies.page(),
        replies.answer(503, b"x"),
    ],
)
def test_the_length_is_that_of_the_body(made):
    assert made.headers["content-length"] == str(len(made.raw_content))


def test_a_challenge_is_read_as_it_was_meant():
    made = replies.unauthorized(
        replies.bearer("https://t/token", "s", "repository:a/b:pull", "invalid_token")
    )
    (challenge,) = parse_challenges([made.headers["www-authenticate"]])
    assert challenge.params == {
        "realm": "https://t/token",
        "service": "s",
        "scope": "repository:a/b:pull",
        "error": "invalid_token",
    }
    assert challenge.problems == ()


def test_further_fields_of_a_challenge_are_sent():
    assert replies.unauthorized("Basic", x_a="1").headers["x-a"] == "1"


def test_a_redirect_names_its_target():
    made = replies.redirect("https://a/b")
    assert (made.status_code, made.headers["location"]) == (307, "https://a/b")
