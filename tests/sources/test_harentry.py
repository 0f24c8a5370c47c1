"""One HAR entry, by whichever writer: what it leaves out is unknown."""

import base64
import copy
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.sources.flow import view_events
from inspector.sources.harentry import view_of_entry
from inspector.sources.redact import Redactor

URL = "https://registry.test/v2/a/manifests/latest"
START = 1767225600.0

CHROME = {
    "startedDateTime": "2026-01-01T00:00:00.000Z",
    "time": 100.0,
    "connection": "443",
    "serverIPAddress": "[2001:db8::1]",
    "request": {
        "method": "GET",
        "url": URL,
        "httpVersion": "http/2.0",
        "headers": [{"name": ":authority", "value": "registry.test"}, {"name": "accept", "value": "*/*"}],
        "headersSize": -1,
        "bodySize": 0,
    },
    "response": {
        "status": 200,
        "httpVersion": "http/2.0",
        "headers": [{"name": "content-type", "value": "application/json"}],
        "content": {"size": 3, "mimeType": "application/json", "text": "abc"},
        "redirectURL": "",
        "bodySize": -1,
        "_transferSize": 99,
        "_error": None,
    },
    "timings": {
        "blocked": 1,
        "dns": 2,
        "connect": 30,
        "ssl": 20,
        "send": 1,
        "wait": 40,
        "receive": 5,
        "_blocked_queueing": 1,
    },
}


def made(**changes):
    value = copy.deepcopy(CHROME)
    for path, new in changes.items():
        inner = value
        *before, last = path.split("__")
        for key in before:
            inner = inner[key]
        inner[last] = new
    return value


def told(entry):
    view, facts = view_of_entry(entry, 0)
    return view_events(view, Redactor(key=b"k"), None, facts)


def test_chromes_entry():
    head, answer, body, end = told(CHROME)
    assert (head.id, head.url, head.host, head.http_version) == ("har-1", URL, "registry.test", "HTTP/2.0")
    assert head.headers == (("accept", "*/*"),)
    assert (head.client.address, head.client.port, head.client.connection) == (None, None, None)
    assert head.time == START
    assert head.upstream.address == "[2001:db8::1]:443"
    assert head.upstream.connect_start == pytest.approx(START + 0.001)
    assert head.upstream.connected == pytest.approx(START + 0.013)
    assert head.upstream.tls_done == pytest.approx(START + 0.033)
    assert answer.time == pytest.approx(START + 0.074)
    assert end.time == pytest.approx(START + 0.079)
    assert (body.size, body.decoded_sha256) == (3, hashlib.sha256(b"abc").hexdigest())


def test_unknown_times_are_unknown():
    entry = made(
        timings={"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 1, "wait": None, "receive": 5}
    )
    head, answer, _, end = told(entry)
    assert (head.upstream.connect_start, head.upstream.tls_done, answer.time) == (None, None, None)
    assert end.time == pytest.approx(START + 0.1)
    assert told(made(timings=None, time=-1))[1].time is None


@pytest.mark.parametrize("start", [None, "", "yesterday", 5, "2026-13-01"])
def test_a_start_that_is_none_is_the_beginning_of_time(start):
    assert told(made(startedDateTime=start))[0].time == 0.0


def test_a_start_in_another_zone_and_one_in_none():
    assert told(made(startedDateTime="2026-01-01T01:00:00+01:00"))[0].time == START
    assert told(made(startedDateTime="2026-01-01T00:00:00"))[0].time == START


def test_slacks_pairs_and_null_values_in_headers():
    headers = [["Accept", "a"], ["x"], None, {"name": "B", "value": None}, {"name": "ETag", "value": "b"}]
    assert told(made(response__headers=headers))[1].headers == (("accept", "a"), ("etag", "b"))
    assert told(made(response__headers=None))[1].headers == ()


def test_firefoxs_redirect_has_its_location():
    entry = made(response__status=307, response__redirectURL="https://cdn.test/x", response__content={})
    assert ("location", "https://cdn.test/x") in told(entry)[1].headers


@pytest.mark.parametrize("status", [0, None, -1, "200"])
def test_no_status_is_no_response(status):
    events = told(made(response__status=status, response___error="net::ERR_ABORTED"))
    assert len(events) == 2
    assert (events[-1].error, events[-1].side) == ("net::ERR_ABORTED", "client")


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        {"size": 0},
        {"size": 0, "text": ""},
        {"text": None},
        {"size": 5000},
        {"text": "not base64!", "encoding": "base64"},
    ],
)
def test_a_body_that_is_not_there_is_unknown(content):
    body = told(made(response__content=content))[2]
    assert (body.size, body.sha256, body.decoded_sha256, body.complete, body.document) == (None,) * 5


def test_a_text_that_is_not_surely_the_bytes_has_no_hash():
    body = told(made(response__content={"size": 99, "text": "abc"}))[2]
    assert (body.sha256, body.decoded_sha256, body.size, body.complete) == (None, None, None, None)


def test_a_size_on_the_wire_is_known_without_the_body():
    assert told(made(response__content={}, response__bodySize=77))[2].size == 77


def test_a_coded_body_is_known_decoded():
    coded = [{"name": "Content-Encoding", "value": "gzip"}, {"name": "Content-Length", "value": "2"}]
    body = told(
        made(response__headers=coded, response__content={"size": 3, "text": "abc"}, response__bodySize=2)
    )[2]
    assert (body.size, body.sha256, body.decoded_size) == (2, None, 3)
    assert body.decoded_sha256 == hashlib.sha256(b"abc").hexdigest()


def test_base64_is_exact():
    content = {"size": -1, "encoding": "base64", "text": base64.b64encode(b"\x00\xff").decode()}
    assert told(made(response__content=content))[2].sha256 == hashlib.sha256(b"\x00\xff").hexdigest()


def test_head_has_no_body():
    assert told(made(request__method="HEAD", response__content=None))[2].size == 0


def test_a_form_is_made_of_its_parameters():
    post = {
        "mimeType": "x",
        "params": [{"name": "grant_type", "value": "password"}, {"name": "password", "value": "a&b"}, None],
    }
    headers = [{"name": "content-type", "value": "application/x-www-form-urlencoded"}]
    body = told(
        made(
            request__method="POST",
            request__url="https://auth.test/t",
            request__headers=headers,
            request__postData=post,
        )
    )[2]
    assert body.document.startswith("grant_type=password&password=‹basic ".encode())
    assert body.size is None


@pytest.mark.parametrize("url", [None, "", "about:blank", "data:,x", "/v2/", "https://", "https://[/", 5])
def test_an_entry_without_a_web_address_is_none(url):
    assert view_of_entry(made(request__url=url), 0) is None


def test_userinfo_is_no_part_of_the_host():
    head = told(made(request__url="https://u:pw@registry.test:8443/v2/"))[0]
    assert (head.url, head.host) == ("https://registry.test:8443/v2/", "registry.test:8443")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "value", "text", "size", "encoding"]), inner)
    ),
    max_leaves=6,
)
PATHS = [
    "startedDateTime", "time", "connection", "serverIPAddress", "request", "response", "timings", "request__method", "request__url",
    "request__httpVersion", "request__headers", "request__postData", "response__status", "response__headers", "response__content",
    "response__redirectURL", "response__bodySize", "response___error", "timings__connect", "timings__wait",
]  # fmt: skip


@given(path=st.sampled_from(PATHS), value=VALUES)
@settings(deadline=None, derandomize=True, max_examples=150)
def test_any_value_anywhere_gives_events_or_nothing(path, value):
    found = view_of_entry(made(**{path: value}), 0)
    if found is not None:
        assert view_events(found[0], Redactor(), None, found[1])
