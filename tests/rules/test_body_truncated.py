from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import Severity
from inspector.rules.sample import HEALTHY, LAYER, cdn, redirect

CUT = replace(cdn(LAYER), arrived=700, error="peer closed connection", side=Side.SERVER)
REST = replace(
    cdn(LAYER),
    status=206,
    ask=("range: bytes=700-",),
    give=(f"content-range: bytes 700-{len(LAYER) - 1}/{len(LAYER)}",),
    body=LAYER[700:],
)


def test_what_was_announced_and_what_came_is_the_evidence(found):
    finding = found(*HEALTHY[:-1], CUT)["body-truncated"]
    assert finding.severity is Severity.ERROR
    assert finding.final
    assert f"content-length: {len(LAYER)}; 700 bytes came" in finding.evidence[0].what


def test_a_resumed_download_is_a_warning(found):
    assert found(*HEALTHY[:-1], CUT, redirect(LAYER), REST)["body-truncated"].severity is Severity.WARNING


def test_repeats_are_evidence(pulled):
    findings = [
        f for f in pulled(*HEALTHY[:-1], CUT, redirect(LAYER), CUT).findings if f.code == "body-truncated"
    ]
    assert len(findings) == 1
    assert len(findings[0].evidence) == 2


def test_a_client_that_left_is_not_the_servers_fault(found):
    assert "body-truncated" not in found(
        *HEALTHY[:-1], replace(CUT, error="client disconnected", side=Side.CLIENT)
    )


def test_the_end_of_the_recording_is_not_the_servers_fault(found):
    cut = replace(CUT, error=None, side=None, recording_ends=True)
    assert "body-truncated" not in found(*HEALTHY[:-1], cut)


def test_a_body_without_length_that_ends_early(found):
    close = replace(cdn(LAYER), body=LAYER[:900], give=("connection: close", "content-length: none"))
    findings = found(*HEALTHY[:-1], close)
    assert "body-truncated" in findings
    assert findings["size-mismatch"].caused_by == "body-truncated"


def test_how_often_is_said_where_it_is_more_than_once(found):
    assert "time" not in found(*HEALTHY[:-1], CUT)["body-truncated"].summary
    assert "(2 times)" in found(*HEALTHY[:-1], CUT, redirect(LAYER), CUT)["body-truncated"].summary
