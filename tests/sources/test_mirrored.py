"""What our mirror noted of a flow: the same live, in the capture, and in what mitmproxy itself writes."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy.io import FlowReader

from inspector.core.events import Ended, Resume, UpstreamCall
from inspector.mirror import trace
from inspector.recorder.private.asking import RESUMES as NOTED
from inspector.sources.copy import redacted_copy
from inspector.sources.flow import ended, events_of
from inspector.sources.flowfile import FlowFile
from inspector.sources.metadata import KEY, Facts, pack
from inspector.sources.mirrored import MIRROR, RESUMES
from inspector.sources.redact import Redactor

CALL = {
    "method": "GET", "url": "https://up.test:8443/v2/a/b/blobs/x", "status": 206, "error": None, "start": 1000.25, "connected": 1000.3,
    "first_byte": 1000.3, "end": 1000.7, "size": 7, "address": "192.0.2.9:443", "reused": True,
    "headers": [["accept", "*/*"]], "reply_headers": [], "body": True,
}  # fmt: skip
RESUME = {
    "at": 31_000_000,
    "time": 1000.5,
    "why": "peer closed connection",
    "host": "cdn.test",
    "status": 206,
}


def noted(flow, *calls, resumes=None, **more):
    flow.metadata[MIRROR] = {"v": 1, "upstream": "up.test", "exchanges": list(calls), **more}
    if resumes is not None:
        flow.metadata[RESUMES] = resumes
    return flow


def end_of(events) -> Ended:
    return events[-1]


def test_the_keys_are_those_of_who_writes_them():
    assert (MIRROR, RESUMES) == (trace.KEY, NOTED)


def test_the_notes_are_told(make_flow, redactor):
    end = ended(noted(make_flow(), CALL, resumes=[RESUME]), redactor)
    assert end.upstream == (
        UpstreamCall(
            method="GET", url="https://up.test:8443/v2/a/b/blobs/x", host="up.test:8443", status=206, start=1000.25, first_byte=1000.3,
            end=1000.7, size=7, address="192.0.2.9:443", body=True,
        ),
    )  # fmt: skip
    assert end.resumes == (
        Resume(at=31_000_000, why="peer closed connection", time=1000.5, host="cdn.test", status=206),
    )


def test_no_mirror_is_not_a_mirror_that_asked_nobody(make_flow, redactor):
    assert ended(make_flow(), redactor).upstream is None
    assert ended(noted(make_flow()), redactor).upstream == ()


@pytest.mark.parametrize("level", ["default", "strict", "none"])
@pytest.mark.parametrize(
    "notes", [((), []), ((CALL, CALL | {"error": "it broke", "status": None}), [RESUME] * 3)]
)
def test_live_and_every_file_tell_the_same(make_flow, new_redactor, saved, level, notes):
    flow = noted(make_flow(), *notes[0], resumes=notes[1])
    told = events_of(flow, new_redactor(level))
    stored = saved(redacted_copy(flow, new_redactor(level)))
    assert list(FlowFile(io.BytesIO(stored), new_redactor(level))) == told
    [copy] = FlowReader(io.BytesIO(stored)).stream()
    assert copy.metadata.keys() == {KEY}
    again = saved(redacted_copy(copy, new_redactor(level)))
    assert list(FlowFile(io.BytesIO(again), new_redactor(level))) == told
    flow.metadata[KEY] = pack(Facts())  # as the recorder leaves it for mitmproxy's own -w
    assert list(FlowFile(io.BytesIO(saved(flow)), new_redactor(level))) == told


def test_a_secret_in_a_note_reaches_no_file(make_flow, redactor, saved):
    signed = CALL | {
        "url": "https://u:hunter2@cdn.test/x?X-Amz-Signature=5ec2e7c0ffee5ec2e7c0ffee5ec2e7c0ffee5ec2e7c0ffee5ec2e7c0ffee0042",
        "error": "Authorization: Bearer hunter3hunter3hunter3",
        "headers": [["authorization", "Bearer hunter4"]],
    }
    resume = RESUME | {"why": "password=hunter5 was refused"}
    stored = saved(redacted_copy(noted(make_flow(), signed, resumes=[resume]), redactor))
    assert b"cdn.test/x" in stored
    for secret in (b"hunter", b"5ec2e7c0ffee"):
        assert secret not in stored


def test_strict_hides_the_address_that_was_dialled(make_flow, new_redactor, saved):
    flow = noted(make_flow(), CALL, CALL | {"address": "odd"})
    assert b"192.0.2.9" not in saved(redacted_copy(flow, new_redactor("strict")))
    shown, odd = ended(flow, new_redactor("strict")).upstream
    assert shown.address.endswith(":443")
    assert shown.address != odd.address != "odd"


@pytest.mark.parametrize(
    "change",
    [
        {"method": 1}, {"url": None}, {"url": b"x"}, {"status": "200"}, {"status": -1}, {"status": 1000}, {"start": "1"}, {"size": -1},
        {"size": True}, {"body": 1}, {"address": ["192.0.2.1", 443]}, {"error": []}, {"method": "x" * 33}, {"url": "x" * 20_000},
    ],
)  # fmt: skip
def test_a_call_of_wrong_types_is_left_out(make_flow, redactor, change):
    assert len(ended(noted(make_flow(), CALL, CALL | change, CALL), redactor).upstream) == 2


@pytest.mark.parametrize(
    "change", [{"at": -1}, {"at": "1"}, {"at": None}, {"why": None}, {"status": 1.5}, {"time": "x"}]
)
def test_a_resume_of_wrong_types_is_left_out(make_flow, redactor, change):
    flow = noted(make_flow(), resumes=[RESUME | change, RESUME, [], None])
    assert len(ended(flow, redactor).resumes) == 1


@pytest.mark.parametrize("note", [None, [], {"exchanges": [CALL]}, {"v": 2, "exchanges": [CALL]}, "x"])
def test_a_note_of_another_version_is_none(make_flow, redactor, note):
    flow = make_flow()
    flow.metadata[MIRROR] = note
    assert ended(flow, redactor).upstream is None


def test_times_beyond_any_clock_are_not_known(make_flow, redactor):
    flow = noted(make_flow(), CALL | {"start": float("nan"), "first_byte": float("inf"), "end": -1.0})
    [call] = ended(flow, redactor).upstream
    assert (call.start, call.first_byte, call.end) == (None, None, None)


def test_notes_without_end_are_read_to_a_bound(make_flow, redactor):
    end = ended(noted(make_flow(), *[CALL] * 500, resumes=[RESUME] * 500), redactor)
    assert (len(end.upstream), len(end.resumes)) == (65, 64)
    long = CALL | {"url": "https://up.test/" + "x" * 10_000}
    assert len(ended(noted(make_flow(), *[long] * 60), redactor).upstream) == 6


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.binary(), inner, max_size=3),
    max_leaves=8,
)


@given(value=VALUES, name=st.sampled_from([*CALL, "exchanges", "resumes", *RESUME]))
@settings(
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_note_is_read_and_stored_without_an_exception(make_flow, saved, value, name):
    calls = value if name == "exchanges" else [CALL | {name: value}]
    resumes = value if name == "resumes" else [RESUME | {name: value}]
    flow = make_flow()
    flow.metadata |= {MIRROR: {"v": 1, "exchanges": calls}, RESUMES: resumes}
    redactor = Redactor()
    events_of(flow, redactor)  # from here on it knows each secret, wherever it stands first
    told = events_of(flow, redactor)
    stored = saved(redacted_copy(flow, redactor))
    assert list(FlowFile(io.BytesIO(stored), Redactor())) == told
