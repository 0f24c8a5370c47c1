from msgspec.structs import replace

from inspector.core.finding import CheckState, Severity
from inspector.rules.sample import HEALTHY, LAYER, cdn, redirect

REFUSED = replace(
    cdn(LAYER),
    status=416,
    ask=("range: bytes=999999-",),
    give=(f"content-range: bytes */{len(LAYER)}",),
    body=b"",
)


def test_a_final_one_is_an_error(found):
    finding = found(*HEALTHY[:-1], REFUSED)["range-refused"]
    assert finding.severity is Severity.ERROR
    assert finding.evidence[-1].what == f"content-range: bytes */{len(LAYER)}"


def test_one_that_was_overcome_is_a_warning(found):
    assert (
        found(*HEALTHY[:-1], REFUSED, redirect(LAYER), cdn(LAYER))["range-refused"].severity
        is Severity.WARNING
    )


def test_from_the_very_end_nothing_is_missing(found):
    end = replace(REFUSED, ask=(f"range: bytes={len(LAYER)}-",))
    assert found(*HEALTHY[:-1], end)["range-refused"].severity is Severity.NOTE


def test_without_range_it_is_no_matter(checked):
    assert checked("range-refused", *HEALTHY).state is CheckState.NOT_APPLICABLE
