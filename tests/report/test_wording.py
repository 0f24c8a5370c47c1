"""What a step was for, in a few words."""

import pytest

from inspector.core.events import Body, Side
from inspector.core.pull import Content, Pull, Stage
from inspector.report.wording import (
    aims,
    complaint,
    margin,
    phrase,
    scopes,
    status_line,
    subject,
    without_scheme,
)

BLOB = "sha256:" + "ab" * 32


def test_the_subjects_of_dockers_pull(docker_pull: Pull) -> None:
    assert [subject(step, docker_pull) for step in docker_pull.steps] == [
        "/v2/", "library/hello-world : pull", "latest → 588475207102", "index 588475207102, 2 platforms", "linux/amd64 25c641f59440",
        "config bc7794f74045", "layer 1/1 3c06a682fa87", "config bc7794f74045", "layer 1/1 3c06a682fa87",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "path", "words"),
    [
        (Stage.BLOB, f"/v2/x/blobs/{BLOB}", "blob abababababab"),
        (Stage.TAGS, "/v2/x/tags/list", "tags of x"),
        (Stage.CATALOG, "/v2/_catalog", "/v2/_catalog"),
        (Stage.REFERRERS, f"/v2/x/referrers/{BLOB}", "referrers of abababababab"),
        (Stage.SEARCH, "/v1/search?q=alpine", "search alpine"),
        (Stage.PUSH, "/v2/x/blobs/uploads/", "blobs/uploads/"),
        (Stage.PUSH, "/v2/x/manifests/1.0", "manifests/1.0"),
        (Stage.CHALLENGE, "/v2/x/manifests/1.0", "manifests/1.0"),
        (Stage.SIGNATURE, f"/v2/x/manifests/sha256-{'cd' * 32}.sig", f"sha256-{'cd' * 32}.sig"),
        (Stage.TOKEN, "/token", "no scope asked"),
        (Stage.CDN, "/some/where", "blob"),
    ],
)
def test_other_subjects(stage: Stage, path: str, words: str, talk: "Conversation") -> None:  # noqa: F821 - of conftest
    step = talk.add(stage, "GET", f"https://r.test{path}", at=0.0)
    assert subject(step, talk.pull()) == words


def test_scopes_as_a_person_reads_them() -> None:
    assert scopes(("repository:a/b:pull",)) == "a/b : pull"
    assert scopes(("repository:x/y:pull", "repository:a/b:pull,push"), "a/b") == "a/b : pull,push, x/y : pull"
    assert scopes(("registry:catalog:*", "aws")) == "registry catalog : *, aws"
    assert scopes(()) == ""


def test_the_diagram_has_shorter_words_to_choose_from(docker_pull: Pull) -> None:
    assert aims(docker_pull.step(6)) == [
        "GET blobs/bc7794f74045",
        "GET config bc7794f74045",
        "GET config",
        "GET config",
    ]
    assert aims(docker_pull.step(2)) == ["GET /token"]


def test_urls_without_what_everybody_knows() -> None:
    assert without_scheme("https://r.test/v2/?ns=x") == "r.test/v2/?…"
    assert without_scheme("http://r.test/v2/") == "http://r.test/v2/"


def test_a_challenge_is_no_refusal(docker_pull: Pull) -> None:
    assert margin(docker_pull.step(1)) == ("", "")
    assert complaint(docker_pull.step(1)) is None


def test_the_registrys_own_words(mirrored_pull: Pull) -> None:
    assert complaint(mirrored_pull.step(1)) == "MANIFEST_UNKNOWN: manifest unknown"
    assert margin(mirrored_pull.step(1))[0] == "✘"


def test_a_wrong_digest_is_told_with_both(docker_pull: Pull) -> None:
    step = docker_pull.step(9)
    step.verified = False
    step.exchange.response_body = Body(
        id="9", side=Side.SERVER, size=1, sha256="f" * 64, decoded_sha256="f" * 64, complete=True
    )
    assert complaint(step) == "the body hashes to ffffffffffff, not to 3c06a682fa87"


def test_what_the_recording_did_not_see_the_end_of(talk: "Conversation") -> None:  # noqa: F821
    step = talk.add(Stage.CDN, "GET", "https://c.test/x", at=0.0, cut_by_end=True, content=Content.LAYER)
    assert margin(step)[0] == "◌"
    assert complaint(step) == "still under way when the recording ended"


def test_a_heads_refusal_needs_no_words(talk: "Conversation") -> None:  # noqa: F821
    step = talk.add(
        Stage.RESOLVE,
        "HEAD",
        "https://r.test/v2/x/manifests/1",
        404,
        at=0.0,
        answer={"content-type": "application/json"},
    )
    assert complaint(step) is None
    page = talk.add(
        Stage.RESOLVE,
        "HEAD",
        "https://r.test/v2/x/manifests/1",
        503,
        at=0.0,
        answer={"content-type": "text/html; charset=x"},
    )
    assert complaint(page) == "503 Service Unavailable, text/html"


def test_statuses() -> None:
    assert phrase(307) == "Temporary Redirect"
    assert phrase(799) == ""


def test_no_answer(talk: "Conversation") -> None:  # noqa: F821
    step = talk.add(Stage.PING, "GET", "https://r.test/v2/", None, at=0.0)
    assert status_line(step.exchange) == "no answer in the recording"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("[Errno 111] Connect call failed ('192.0.2.9', 80)", "could not connect"),
        ("[Errno -2] Name or service not known", "the name does not resolve"),
        ("Certificate verify failed: unable to get local issuer certificate", "TLS with the server failed"),
        ("server closed connection", "server broke off"),
    ],
)
def test_nobody_broke_off_without_a_connection(error: str, words: str, talk: "Conversation") -> None:  # noqa: F821
    step = talk.add(Stage.PING, "GET", "http://r.test/v2/", None, at=0.0, error=error, side=Side.SERVER)
    assert complaint(step) == f"{words}: {error}"
