import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.range_not_offered import LARGE, RULE
from inspector.rules.sample import HEALTHY, LAYER, cdn

NONE = "accept-ranges: none"


def test_a_large_layer_that_has_no_parts_is_a_note(found):
    finding = found(*RULE.bad)[RULE.code]
    assert finding.severity is Severity.NOTE
    assert finding.evidence[0].what == NONE


@pytest.mark.parametrize(
    "give", [(f"content-length: {LARGE}",), (NONE, "content-length: 900"), ("accept-ranges: bytes", f"content-length: {LARGE}"), (NONE, "content-length: x")]
)  # fmt: skip
def test_silence_and_small_layers_prove_nothing(found, give):
    turn = replace(cdn(LAYER), give=(*cdn(LAYER).give, *give))
    assert RULE.code not in found(*HEALTHY[:-1], turn)
