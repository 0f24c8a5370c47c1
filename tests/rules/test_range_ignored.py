from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import CheckState, Severity
from inspector.rules.sample import HEALTHY, LAYER, cdn, redirect

CUT = replace(cdn(LAYER), arrived=700, error="peer closed connection", side=Side.SERVER)
AGAIN = replace(cdn(LAYER), ask=("range: bytes=700-",))


def test_it_is_explained_by_the_cut(found):
    finding = found(*HEALTHY[:-1], CUT, redirect(LAYER), AGAIN)["range-ignored"]
    assert (finding.severity, finding.caused_by) == (Severity.WARNING, "body-truncated")
    assert finding.evidence[0].what == "range: bytes=700-"


def test_one_that_ended_the_transfer_is_an_error(found):
    cut = replace(CUT, ask=AGAIN.ask)
    assert found(*HEALTHY[:-1], CUT, redirect(LAYER), cut)["range-ignored"].severity is Severity.ERROR


def test_a_part_is_right(checked):
    part = replace(
        AGAIN, status=206, body=LAYER[700:], give=(f"content-range: bytes 700-{len(LAYER) - 1}/{len(LAYER)}",)
    )
    assert checked("range-ignored", *HEALTHY[:-1], CUT, redirect(LAYER), part).state is CheckState.PASSED


def test_from_the_beginning_is_no_rest(checked):
    whole = replace(cdn(LAYER), ask=("range: bytes=0-",))
    assert checked("range-ignored", *HEALTHY[:-1], whole).state is CheckState.NOT_APPLICABLE
