"""The copy of a flow that may be stored: nothing but what the events tell, and the same events."""

import gzip
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy import http
from mitmproxy.io import FlowReader

from inspector.core.events import Side, Trouble
from inspector.sources.copy import redacted_copy
from inspector.sources.flow import Connections, events_of
from inspector.sources.flowfile import FlowFile
from inspector.sources.metadata import KEY, BodyFacts, Facts, FailedFacts, unpack
from inspector.sources.redact import Redactor

MANIFEST = (
    b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}'
)
ANY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    derandomize=True,
    max_examples=80,
)


def read_back(data: bytes) -> http.HTTPFlow:
    [flow] = FlowReader(io.BytesIO(data)).stream()
    return flow


def test_real_flows_and_their_copies_tell_the_same(captures, new_redactor, saved):
    for path in captures:
        live, connections = new_redactor(), Connections()
        told, stored = [], b""
        with path.open("rb") as stream:
            for flow in FlowReader(stream).stream():
                told += events_of(flow, live, connections)
                stored += saved(redacted_copy(flow, live, None, connections))
        file = FlowFile(io.BytesIO(stored), new_redactor())
        assert list(file) == told, path.name
        assert file.source.redaction == "default"
        assert len(stored) < path.stat().st_size


def test_facts_of_a_streamed_body_are_stored(make_flow, redactor, saved):
    facts = Facts(
        response=BodyFacts(size=7, sha256="a" * 64, decoded_size=7, decoded_sha256="a" * 64, complete=True)
    )
    flow = make_flow("https://registry.test/v2/a/blobs/sha256:" + "a" * 64, content=None)
    copy = redacted_copy(flow, redactor, facts)
    assert copy.response.raw_content is None
    told = list(FlowFile(io.BytesIO(saved(copy)), redactor))
    assert told == events_of(flow, redactor, None, facts)
    assert told[2].sha256 == "a" * 64


def test_a_manifest_is_stored_as_it_is(make_flow, redactor, saved):
    copy = redacted_copy(make_flow("https://registry.test/v2/a/manifests/x", content=MANIFEST), redactor)
    assert read_back(saved(copy)).response.content == MANIFEST


def test_a_document_under_a_coding_can_be_read_by_mitmproxy(make_flow, redactor, saved):
    coded = [(b"Content-Encoding", b"gzip")]
    flow = make_flow(
        "https://registry.test/v2/a/manifests/x", response=coded, content=gzip.compress(MANIFEST, mtime=1)
    )
    copy = read_back(saved(redacted_copy(flow, redactor)))
    assert copy.response.content == MANIFEST
    assert events_of(copy, redactor) == events_of(flow, redactor)


def test_a_blob_is_not_stored(make_flow, redactor, saved):
    flow = make_flow("https://registry.test/v2/a/blobs/sha256:" + "a" * 64, content=b"b" * 999)
    assert redacted_copy(flow, redactor).response.raw_content is None
    assert b"bbbb" not in saved(redacted_copy(flow, redactor))


def test_nothing_of_others_is_stored(make_flow, redactor):
    flow = make_flow()
    flow.metadata["x"], flow.comment, flow.marked = "mine", "mine", ":x:"
    flow.client_conn.sockname = ("192.0.2.1", 8080)
    flow.response.trailers = http.Headers(x_secret="mine")
    copy = redacted_copy(flow, redactor)
    state = copy.get_state()
    assert (copy.metadata.keys(), copy.comment, copy.marked) == ({KEY}, "", "")
    assert state["response"]["trailers"] is None
    assert "mine" not in str(state)


def test_the_copy_says_how_it_was_redacted(make_flow, new_redactor):
    flow = make_flow()
    assert unpack(redacted_copy(flow, new_redactor("strict")).metadata).redaction == "strict"
    once = redacted_copy(flow, new_redactor("default"))
    assert unpack(redacted_copy(once, new_redactor("none")).metadata).redaction == "default"
    assert unpack(redacted_copy(once, new_redactor("strict")).metadata).redaction == "strict"


def test_strict_hides_addresses(make_flow, new_redactor, saved):
    data = saved(
        redacted_copy(make_flow(request=[(b"User-Agent", b"docker/1 kernel/9")]), new_redactor("strict"))
    )
    for told in (b"192.0.2.", b"198.51.100.", b"kernel/9"):
        assert told not in data
    assert b"docker/1" in data


def test_a_failed_connection_is_stored_in_a_form_that_mitmproxy_reads(make_flow, redactor, saved):
    flow = make_flow(method="CONNECT", status=None, error="The client does not trust the proxy's certificate")
    failed = Facts(
        connection_failed=FailedFacts(trouble=Trouble.CLIENT_TLS, host="registry.test", port=443, alert=48)
    )
    copy = read_back(saved(redacted_copy(flow, redactor, failed)))
    assert copy.request.method == "CONNECT"
    assert events_of(copy, redactor) == events_of(flow, redactor, None, failed)


@pytest.mark.parametrize("error", ["peer closed connection", "Client disconnected.", "Connection killed."])
def test_the_side_stays_though_the_sentence_is_redacted(make_flow, redactor, error):
    flow = make_flow(error=error, http_version=b"HTTP/2.0")
    flow.client_conn.timestamp_end = 1001.0
    copy = redacted_copy(flow, redactor)
    assert events_of(copy, redactor)[-1] == events_of(flow, redactor)[-1]
    assert events_of(copy, redactor)[-1].side in Side


def test_the_side_stays_though_a_long_sentence_is_cut(make_flow, redactor):
    copy = redacted_copy(make_flow(error="x " * 300 + "Client disconnected."), redactor)
    assert events_of(copy, redactor)[-1].side is Side.CLIENT


def test_a_reused_connection_is_known_as_such_from_the_copy_alone(make_flow, redactor, saved):
    first, second, connections = make_flow(), make_flow(), Connections()
    second.server_conn = first.server_conn
    redacted_copy(first, redactor, None, connections)
    stored = saved(redacted_copy(second, redactor, None, connections))
    assert next(iter(FlowFile(io.BytesIO(stored), redactor))).upstream.connect_start is None


@given(
    name=st.binary(max_size=40),
    value=st.binary(max_size=200),
    path=st.binary(max_size=100),
    content=st.one_of(st.none(), st.binary(max_size=200)),
    status=st.sampled_from([200, 307, 401, 403, 204]),
    level=st.sampled_from(["default", "strict", "none"]),
)
@ANY
def test_any_bytes_are_told_of_the_same_by_the_copy(
    make_flow, saved, name, value, path, content, status, level
):
    fields = [
        (name, value),
        (b"location", value),
        (b"www-authenticate", value),
        (b"link", value),
        (b"set-cookie", value),
    ]
    flow = make_flow(
        "https://x.test/a", method="POST", body=value, status=status, response=fields, content=content,
        request=[(name, value), (b"authorization", value), (b"content-type", b"application/x-www-form-urlencoded")],
    )  # fmt: skip
    flow.request.data.path = path
    redactor = Redactor(level)
    events_of(flow, redactor)  # from here on it knows each secret, wherever it stands first
    told = events_of(flow, redactor)
    stored = saved(redacted_copy(flow, redactor))
    assert list(FlowFile(io.BytesIO(stored), Redactor(level))) == told
