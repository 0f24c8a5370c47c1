"""HAR files: mitmproxy's own, and what others write; whole, cut and odd."""

import io
import json

import pytest
from mitmproxy.addons.savehar import SaveHar

from inspector.core.events import Body, Ended, RequestHead, ResponseHead, Side
from inspector.sources import har
from inspector.sources.errors import CaptureError
from inspector.sources.flow import events_of
from inspector.sources.har import HarFile, read_har

MANIFEST = (
    b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}'
)
TAG = "https://registry.test/v2/a/manifests/latest"
BLOB = "https://registry.test/v2/a/blobs/sha256:" + "a" * 64


@pytest.fixture
def read(redactor):
    def told(data):
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        file = HarFile(io.BytesIO(raw), redactor, name="pull.har")
        return file, list(file)

    return told


def saved_har(*flows):
    return SaveHar().make_har(list(flows))


def entry(**changes):
    return {
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "time": 5,
        "request": {"method": "GET", "url": TAG, "httpVersion": "HTTP/1.1", "headers": []},
        "response": {
            "status": 200,
            "headers": [],
            "content": {"size": len(MANIFEST), "text": MANIFEST.decode()},
        },
        **changes,
    }


def log(*entries):
    return {"log": {"version": "1.2", "entries": list(entries)}}


def test_mitmproxys_har_tells_what_the_flow_tells(make_flow, redactor, read):
    flow = make_flow(
        TAG,
        content=MANIFEST,
        response=[(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(MANIFEST))],
    )
    _, events = read(saved_har(flow))
    heads, answers, bodies, ends = zip(*[events[n : n + 4] for n in range(0, len(events), 4)], strict=True)
    _, answer, body, _ = events_of(flow, redactor)
    assert (heads[0].url, heads[0].method, heads[0].headers) == (TAG, "GET", (("host", "registry.test"),))
    assert (answers[0].status, answers[0].headers) == (answer.status, answer.headers)
    assert (bodies[0].document, bodies[0].sha256, bodies[0].size) == (body.document, body.sha256, body.size)
    assert bodies[0].complete is True
    assert (ends[0].error, ends[0].cut_by_end) == (None, False)
    assert heads[0].time == pytest.approx(1000.0)
    assert answers[0].time == pytest.approx(1000.51, abs=0.05)


def test_a_streamed_body_is_unknown_after_a_round_trip(make_flow, read):
    _, events = read(saved_har(make_flow(BLOB, content=None, response=[(b"Content-Length", b"5000")])))
    [body] = [event for event in events if isinstance(event, Body)]
    assert (body.size, body.sha256, body.decoded_size, body.complete, body.document) == (None,) * 5


def test_a_binary_body_comes_in_base64(make_flow, redactor, read):
    flow = make_flow(BLOB, content=bytes(8) + b"\xff" * 8, response=[(b"Content-Length", b"16")])
    _, events = read(saved_har(flow))
    assert events[2].sha256 == events_of(flow, redactor)[2].sha256


def test_a_login_keeps_no_secret(make_flow, read):
    form = [(b"Content-Type", b"application/x-www-form-urlencoded")]
    flow = make_flow(
        "https://auth.test/token",
        method="POST",
        request=form,
        body=b"grant_type=password&password=swordfish",
        content=b'{"token":"abc"}',
    )
    file, events = read(saved_har(flow))
    [asked] = [event for event in events if isinstance(event, Body) and event.side is Side.CLIENT]
    assert asked.document.startswith(b"grant_type=password&password=\xe2\x80\xb9basic ")
    assert file.source.redaction is None


def test_an_exchange_that_broke_is_told_with_its_error(make_flow, read):
    _, events = read(saved_har(make_flow(status=None, error="peer closed connection")))
    assert [type(event) for event in events] == [RequestHead, Ended]
    assert events[-1].error == "peer closed connection"


def test_entries_that_are_none_are_counted(read):
    file, events = read(log(None, 5, {}, {"request": None}, {"request": {"url": "about:blank"}}, entry()))
    assert file.damaged == 5
    assert len(events) == 4


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"log":{}}',
        b'{"log":{"entries":null}}',
        b'{"log":[]}',
        b"{",
        b'{"a":1}',
        b"{" + b"[" * 100_000,
    ],
)
def test_json_that_is_no_har_is_refused_in_one_sentence(read, data):
    with pytest.raises(CaptureError, match=r"^pull\.har: JSON, but not HAR") as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_an_empty_har_is_a_capture_without_exchanges(read):
    file, events = read(log())
    assert (events, file.source.complete) == ([], True)


def test_a_cut_har_is_read_up_to_the_cut(read):
    raw = json.dumps(log(entry(), entry(), entry())).encode()
    file, events = read(raw[:-200])
    assert len(events) == 8
    assert file.source.complete is False
    assert "could not be read" in file.source.missing


def test_a_byte_order_mark_and_bad_utf8_do_no_harm(read):
    raw = json.dumps(log(entry())).encode()
    assert len(read(b"\xef\xbb\xbf" + raw)[1]) == 4
    file, events = read(raw.replace(b'"HTTP/1.1"', b'"\xff\xfe"'))
    assert len(events) == 4
    assert file.source.complete


def test_one_bad_entry_does_not_cost_the_others(read):
    deep = '{"request":' + '{"a":' * 3000 + "1" + "}" * 3001
    file, events = read(b'{"log":{"entries":[' + deep.encode() + b"," + json.dumps(entry()).encode() + b"]}}")
    assert len(events) == 4
    assert file.damaged == 1


def test_a_har_that_is_too_large_is_refused_with_the_way_out(redactor, monkeypatch):
    monkeypatch.setattr(har, "LIMIT", 100)
    with pytest.raises(CaptureError, match="larger than"):
        list(HarFile(io.BytesIO(json.dumps(log(entry())).encode()), redactor))


def test_a_path_is_read_with_progress(tmp_path, redactor):
    path = tmp_path / "a.har"
    path.write_text(json.dumps(log(*[entry()] * 300)))
    seen = []
    file = read_har(path, redactor, lambda done, total: seen.append((done, total)))
    assert sum(isinstance(event, ResponseHead) for event in file) == 300
    file.close()
    assert seen[-1] == (path.stat().st_size,) * 2
    assert seen == sorted(seen)
