"""The events of a flow: heads, bodies and ends, as it lives and as it is read."""

import io

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy.io import FlowReader

from inspector.core.events import Body, ConnectionFailed, Ended, RequestHead, ResponseHead, Side, Trouble
from inspector.sources.flow import Connections, bodies, ended, events_of, request_head, response_head
from inspector.sources.flowfile import FlowFile
from inspector.sources.metadata import KEY, Facts, FailedFacts, pack
from inspector.sources.redact import Redactor

ANY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    derandomize=True,
    max_examples=60,
)


def one(events, kind):
    found = [event for event in events if isinstance(event, kind)]
    assert len(found) == 1
    return found[0]


def test_a_flow_is_told_from_its_request_to_its_end(make_flow, redactor):
    flow = make_flow(content=b"{}", response=[(b"Content-Length", b"2")])
    events = events_of(flow, redactor)
    assert [type(event) for event in events] == [RequestHead, ResponseHead, Body, Ended]
    assert {event.id for event in events} == {flow.id}
    head, answer, body, end = events
    assert (head.time, head.method, head.url, head.host) == (
        1000.0,
        "GET",
        "https://registry.test/v2/",
        "registry.test",
    )
    assert head.headers == (("host", "registry.test"),)
    assert (head.client.address, head.client.port, head.client.connection) == (
        "192.0.2.7",
        40000,
        flow.client_conn.id,
    )
    assert (head.upstream.address, head.upstream.tls_version) == ("198.51.100.9:443", "TLSv1.3")
    assert (answer.time, answer.status, answer.http_version) == (1000.5, 200, "HTTP/1.1")
    assert (body.side, body.size, body.complete) == (Side.SERVER, 2, True)
    assert (end.time, end.error, end.side, end.cut_by_end) == (1000.75, None, None, False)


def test_the_pieces_say_what_the_whole_says(make_flow, redactor):
    login = [(b"Content-Type", b"application/x-www-form-urlencoded")]
    form = b"grant_type=password&service=registry.test&password=swordfish"
    flow = make_flow(
        "https://auth.test/token",
        method="POST",
        request=login,
        body=form,
        status=403,
        content=b"not swordfish",
    )
    pieces = [
        request_head(flow, redactor),
        response_head(flow, redactor),
        *bodies(flow, redactor),
        ended(flow, redactor),
    ]
    assert pieces == events_of(flow, redactor)


def test_a_piece_alone_knows_the_secrets_of_the_request(make_flow, new_redactor):
    token = "tok3nTok3nTok3nTok3n9"
    flow = make_flow(
        request=[(b"Authorization", f"Bearer {token}".encode())], status=403, content=f"bad {token}".encode()
    )
    flow.response.headers["warning"] = f"299 - {token}"
    told = [response_head(flow, new_redactor()), *bodies(flow, new_redactor())]
    assert token.encode() not in msgspec.json.encode(told)
    assert token.encode() not in told[1].document


def test_what_a_form_tells_is_known_to_the_heads(make_flow, redactor):
    form = [(b"Content-Type", b"application/x-www-form-urlencoded")]
    flow = make_flow("https://auth.test/swordfish9", method="POST", request=form, body=b"password=swordfish9")
    flow.response.headers["warning"] = "299 - swordfish9"
    assert b"swordfish9" not in msgspec.json.encode(events_of(flow, redactor))


def test_there_is_no_response_head_before_a_response(make_flow, redactor):
    assert response_head(make_flow(status=None, error="x"), redactor) is None


@pytest.mark.parametrize(
    ("version", "authority", "host", "named"),
    [
        (b"HTTP/1.1", b"", b"Mirror.Test:5000", "mirror.test:5000"),
        (b"HTTP/1.1", b"dialled.test", b"named.test", "named.test"),
        (b"HTTP/1.1", b"dialled.test", b"", "dialled.test"),
        (b"HTTP/2.0", b"named.test", b"other.test", "named.test"),
        (b"HTTP/2.0", b"", b"other.test:443", "other.test"),
        (b"HTTP/1.1", b"", b"user:pw@named.test", "named.test"),
        (b"HTTP/1.1", b"", b"[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        (b"HTTP/1.1", b"", b"named.test/evil?x", "named.test"),
        (b"HTTP/1.1", b"", b"", "registry.test"),
    ],
)
def test_the_host_is_what_the_request_names(make_flow, redactor, version, authority, host, named):
    flow = make_flow(http_version=version)
    flow.request.data.authority = authority
    flow.request.data.headers.fields = ((b"host", host),) if host else ()
    head = request_head(flow, redactor)
    assert head.host == named
    assert head.url == f"https://{named}/v2/"


def test_the_dialled_port_stays_where_it_is_not_the_schemes_own(make_flow, redactor):
    flow = make_flow("http://registry.test:5000/v2/")
    flow.request.data.headers.fields = ()
    assert request_head(flow, redactor).host == "registry.test:5000"


# -- connections ---------------------------------------------------------------------------------------------------------


def test_only_the_first_flow_on_a_connection_has_its_times(make_flow, redactor):
    first, second = make_flow(), make_flow(start=1002.0)
    second.server_conn = first.server_conn
    connections = Connections()
    opened, reused = (request_head(flow, redactor, connections).upstream for flow in (first, second))
    assert (opened.connect_start, opened.connected, opened.tls_done) == (1000.01, 1000.02, 1000.03)
    assert (reused.connect_start, reused.connected, reused.tls_done) == (None, None, None)
    assert reused.connection == opened.connection
    assert request_head(first, redactor, connections).upstream == opened


def test_without_a_memory_a_connection_begun_before_the_request_is_not_its_own(make_flow, redactor):
    flow = make_flow()
    assert request_head(flow, redactor).upstream.connect_start == 1000.01
    flow.request.timestamp_start = 1000.015
    assert request_head(flow, redactor).upstream.connect_start is None


def test_the_recorders_word_on_the_connection_counts(make_flow, redactor):
    flow = make_flow()
    flow.metadata[KEY] = pack(Facts(opened=False))
    assert request_head(flow, redactor, Connections()).upstream.connect_start is None


def test_a_flow_that_never_had_a_connection_has_no_upstream(make_flow, redactor):
    flow = make_flow()
    flow.server_conn.timestamp_start = flow.server_conn.peername = None
    assert request_head(flow, redactor).upstream.address is None


def test_memory_of_connections_is_bounded():
    connections = Connections()
    for n in range(5000):
        assert connections.is_first(str(n), f"flow {n}")
    assert connections.is_first("0", "another")
    assert not connections.is_first("4999", "another")


# -- ends ----------------------------------------------------------------------------------------------------------------


def test_an_exchange_that_broke_says_who_broke_it(make_flow, redactor):
    end = one(events_of(make_flow(error="Client disconnected."), redactor), Ended)
    assert (end.error, end.side, end.time, end.cut_by_end) == (
        "Client disconnected.",
        Side.CLIENT,
        1000.8,
        False,
    )


def test_the_side_that_the_recorder_saw_counts(make_flow, redactor):
    flow = make_flow(error="peer closed connection")
    flow.metadata[KEY] = pack(Facts(side=Side.CLIENT))
    assert one(events_of(flow, redactor), Ended).side is Side.CLIENT


def test_a_flow_without_an_end_was_cut_by_the_recordings_end(make_flow, redactor):
    waiting, receiving = make_flow(status=None), make_flow()
    receiving.response.timestamp_end = None
    for flow in (waiting, receiving):
        end = one(events_of(flow, redactor), Ended)
        assert (end.cut_by_end, end.error, end.side) == (True, None, None)


def test_a_body_cut_by_the_recordings_end_is_blamed_on_nobody(make_flow, redactor):
    flow = make_flow(error="Connection killed.")
    flow.metadata[KEY] = pack(Facts(cut_by_end=True))
    end = one(events_of(flow, redactor), Ended)
    assert (end.cut_by_end, end.side) == (True, None)


def test_a_connection_that_the_recorder_saw_fail_is_told_as_such(make_flow, redactor):
    flow = make_flow(method="CONNECT", status=None, error="x")
    failed = FailedFacts(
        trouble=Trouble.CLIENT_TLS, host="registry.test", port=443, message="unknown ca", alert=48
    )
    flow.metadata[KEY] = pack(Facts(connection_failed=failed))
    [event] = events_of(flow, redactor)
    assert event == ConnectionFailed(
        id=flow.id,
        time=1000.0,
        trouble=Trouble.CLIENT_TLS,
        client=event.client,
        host="registry.test",
        port=443,
        message="unknown ca",
        alert=48,
    )


def test_a_failed_connect_of_plain_mitmproxy_is_a_failed_connection(make_flow, redactor):
    flow = make_flow(
        "https://registry.test:444/",
        method="CONNECT",
        status=None,
        error="[Errno -2] Name or service not known",
    )
    [event] = events_of(flow, redactor)
    assert (event.trouble, event.host, event.port) == (Trouble.NAME, "registry.test", 444)


def test_a_connect_that_worked_is_no_exchange(make_flow, redactor):
    assert events_of(make_flow(method="CONNECT"), redactor) == []


# -- both ways -----------------------------------------------------------------------------------------------------------


def test_real_captures_tell_the_same_alive_and_read(captures, new_redactor):
    for path in captures:
        live, connections = new_redactor(), Connections()
        with path.open("rb") as stream:
            told = [
                event for flow in FlowReader(stream).stream() for event in events_of(flow, live, connections)
            ]
        with path.open("rb") as stream:
            assert list(FlowFile(stream, new_redactor())) == told, path.name


def test_a_location_and_the_request_that_follows_it_are_one_url(make_flow, redactor):
    from inspector.wire.url import location_key

    signed = "https://cdn.test/blob?verify=1893456000-aB%2Bc%2Fdefghijklmnop%3D&X-Amz-Signature=0123abcd&sig=a%2Bb%3D"
    redirect = make_flow(status=307, response=[(b"Location", signed.encode())])
    for spelling in (
        signed,
        signed.replace("%3D", "="),
        signed.replace("%2F", "/"),
        signed.replace("%2B", "%2b"),
    ):
        follow = request_head(make_flow(spelling), redactor)
        location = dict(response_head(redirect, redactor).headers)["location"]
        assert location_key(location) == location_key(follow.url)


@given(
    name=st.binary(max_size=40),
    value=st.binary(max_size=200),
    path=st.binary(max_size=100),
    content=st.binary(max_size=200),
    status=st.integers(0, 999),
    coding=st.sampled_from([b"gzip", b"br", b"zstd", b"deflate", b"gzip, gzip", b"x", b""]),
)
@ANY
def test_any_bytes_anywhere_give_events(make_flow, saved, name, value, path, content, status, coding):
    fields = [
        (name, value),
        (b"content-encoding", coding),
        (b"location", value),
        (b"www-authenticate", value),
        (b"link", value),
    ]
    flow = make_flow(
        request=[(name, value), (b"authorization", value), (b"cookie", value)],
        response=fields,
        content=content,
    )
    flow.request.data.path, flow.request.data.method = path, value[:20]
    flow.response.data.status_code = status
    redactor = Redactor(key=b"k")
    told = events_of(flow, redactor, Connections())
    text = msgspec.json.encode(told).decode()
    assert not any(
        ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0x202A <= ord(char) <= 0x202E for char in text
    )
    assert list(FlowFile(io.BytesIO(saved(flow)), Redactor(key=b"k"))) == told


HOSTILE = (
    "\x1b]52;c;QUFB\x07 \x1b]8;;file:///etc\x1b\\x \u202eabc\u2066 \u200b\x00\x9b31m [link=file:///x][/x]"
)


def test_hostile_text_comes_out_as_visible_text(make_flow, redactor):
    raw = HOSTILE.encode()
    flow = make_flow(
        request=[(b"user-agent", raw), (raw, raw)],
        status=403,
        response=[
            (name, raw) for name in (b"server", b"www-authenticate", b"location", b"link", b"x-other", raw)
        ],
        content=raw,
        error=HOSTILE,
    )
    flow.request.data.method, flow.request.data.path, flow.request.data.http_version = raw, b"/" + raw, raw
    flow.request.data.host = HOSTILE
    flow.id = HOSTILE
    flow.client_conn.id = flow.server_conn.id = HOSTILE
    flow.client_conn.peername = (HOSTILE, 1)
    flow.server_conn.peername = (HOSTILE, 1)
    told = events_of(flow, redactor)
    text = msgspec.json.encode(told).decode() + "".join(
        event.document.decode() for event in told if isinstance(event, Body) and event.document
    )
    for char in "\x1b\x07\u202e\u2066\u200b\x00\x9b":
        assert char not in text
    assert "\\\\x1b" in text
