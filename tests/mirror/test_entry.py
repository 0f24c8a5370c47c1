"""One flow in the mirror: what is sent in its place, what the client sees, what is left."""

import hashlib
import json

import pytest
from mitmproxy.test import tflow

from inspector.mirror import trace
from inspector.mirror.asking import Job
from inspector.mirror.blobs import Stream
from inspector.mirror.entry import Entry, fields_of, headers_of, response_of
from inspector.mirror.errors import refuse
from inspector.mirror.model import Answer, Endpoint, Kind, Target
from inspector.sources.redact import Redactor

DIGEST = "sha256:" + hashlib.sha256(b"blob").hexdigest()


@pytest.fixture
def entry(settings, request_for):
    flow = tflow.tflow(resp=True)
    flow.request.headers["host"] = "mirror.test"
    flow.request.headers["cookie"] = "c"
    made = Entry(flow, Job(request=request_for("GET /x")), 1.0)
    target = Target(kind=Kind.BLOB, upstream=settings().upstreams[0], path="/", own="", reference=DIGEST)
    made.job.target = target
    made.fetch(
        Stream(
            url="https://cdn.test:8443/x?y", headers=(("accept", "a"),), target=target,
            endpoint=Endpoint(host="cdn.test", port=8443),
        ),
        2.0,
    )  # fmt: skip
    return made


def test_mitmproxy_sends_the_streams_request_and_nothing_of_the_clients(entry):
    request = entry.flow.request
    assert (request.url, request.host, request.port, request.scheme) == (
        "https://cdn.test:8443/x?y",
        "cdn.test",
        8443,
        "https",
    )
    assert fields_of(request.headers) == (("host", "cdn.test:8443"), ("accept", "a"))


def test_only_what_the_client_may_see_goes_on(entry):
    entry.flow.response.headers = headers_of((("etag", "x"), ("set-cookie", "y"), ("content-length", "4")))
    entry.begin()
    assert fields_of(entry.flow.response.headers) == (
        ("etag", "x"),
        ("content-length", "4"),
        ("docker-content-digest", DIGEST),
    )
    assert entry.flow.response.stream
    assert entry.began


def test_a_refusal_is_told_in_an_oci_body(entry):
    response = entry.flow.response
    response.status_code = 403
    response.headers = headers_of((("content-length", "9"), ("content-type", "application/xml")))
    entry.begin()
    body = b"".join(response.stream(b"<Error/>"))
    assert json.loads(body)["errors"][0]["code"] == "DENIED"
    assert (response.stream(b"more"), response.stream(b"")) == ([], [])  # however long it goes on
    assert response.headers["connection"] == "close"
    assert response.headers["content-length"] == str(len(body))
    entry.say()
    assert response.raw_content != body
    assert not entry.began


def test_a_refusal_without_a_body_gets_one(entry):
    entry.flow.response.status_code = 500
    entry.begin()
    entry.say()
    assert b"answered 500" in entry.flow.response.raw_content


def test_what_is_left_is_the_clients_request_and_the_story_beside_it(entry):
    kept = entry.flow.request
    entry.begin()
    entry.ended(3.0, "cut")
    entry.fetch(entry.stream, 4.0)
    entry.close(Redactor(), 5.0)
    assert entry.flow.request is kept
    assert (kept.path, kept.headers["host"], kept.headers["cookie"]) == ("/path", "mirror.test", "c")
    told = entry.flow.metadata[trace.KEY]["exchanges"]
    assert [(done["status"], done["error"], done["end"], done["body"]) for done in told] == [
        (200, "cut", 3.0, False), (206, None, 5.0, True),
    ]  # fmt: skip


def test_a_head_has_a_length_without_a_body():
    response = response_of(Answer(status=200, headers=(("content-length", "99"),)))
    assert (response.headers["content-length"], response.raw_content) == ("99", b"")
    assert (response_of(refuse(404, "X", "y")).status_code, response_of(refuse(404, "X", "y")).reason) == (
        404,
        "Not Found",
    )


def test_the_status_line_of_a_5xx_says_why():
    assert response_of(refuse(502, "X", "mirror of a.io: it is away")).reason == "mirror of a.io: it is away"
