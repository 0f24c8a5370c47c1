"""Refusals: OCI bodies of one sentence that names the upstream and the reason."""

import json

import pytest

from inspector.mirror.errors import refuse, refuse_failure
from inspector.mirror.model import Failure, Reply, Trouble


def test_a_refusal_is_an_oci_error_body(error, fields):
    answer = refuse(404, "NAME_UNKNOWN", "no  such\n thing")
    assert error(answer) == (404, "NAME_UNKNOWN", "no such thing")
    assert fields(answer)["content-type"] == "application/json"
    assert fields(answer)["content-length"] == str(len(answer.body))


def test_hostile_text_in_a_message_stays_text():
    body = refuse(404, "X", 'a"},{"\x1b[2J\u202e' + "b" * 9000).body
    message = json.loads(body)["errors"][0]["message"]
    assert "\x1b" not in message
    assert "\u202e" not in message
    assert len(message) < 1000


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (Trouble.FORBIDDEN, 502, "UNAVAILABLE"),
        (Trouble.NAME, 502, "UNAVAILABLE"),
        (Trouble.CONNECT, 502, "UNAVAILABLE"),
        (Trouble.TLS, 502, "UNAVAILABLE"),
        (Trouble.TIMEOUT, 504, "UNAVAILABLE"),
        (Trouble.TOO_LARGE, 413, "SIZE_INVALID"),
        (Trouble.BUSY, 503, "TOOMANYREQUESTS"),
    ],
)
def test_what_the_mirror_could_not_do_has_its_status(error, trouble, status, code):
    answer = refuse_failure("docker.io", Failure(trouble, "auth.docker.io", "connection refused"))
    assert error(answer) == (status, code, "mirror of docker.io (auth.docker.io): connection refused")


def test_the_upstreams_own_name_is_not_said_twice(error):
    assert (
        error(refuse_failure("ghcr.io", Failure(Trouble.TLS, "ghcr.io", "expired")))[2]
        == "mirror of ghcr.io: expired"
    )


def test_busy_says_when_to_come_again(fields):
    assert "retry-after" in fields(refuse_failure("a.io", Failure(Trouble.BUSY, "a.io", "too many wait")))


def test_a_token_services_status_and_pause_are_passed_on(fields, error):
    reply = Reply(status=429, headers=(("retry-after", "7"), ("set-cookie", "x")))
    answer = refuse_failure("a.io", Failure(Trouble.TOKEN, "t.a.io", "it said no", reply))
    assert error(answer)[:2] == (429, "TOOMANYREQUESTS")
    assert fields(answer)["retry-after"] == "7"
    assert "set-cookie" not in fields(answer)


def test_the_status_line_of_a_5xx_says_it_too():
    failure = Failure(Trouble.TLS, "ghcr.io", "its certificate is not accepted: \u00fcber\r\nx: y")
    phrase = refuse_failure("ghcr.io", failure).phrase
    assert phrase.startswith("mirror of ghcr.io: its certificate is not accepted: ?ber")
    assert phrase.isascii()
    assert phrase.isprintable()
    assert refuse(404, "X", "y").phrase == ""
    assert len(refuse(502, "X", "y" * 5000).phrase) <= 300
