"""The words of the contract (report-json.md), and the plain values that carry them."""

import msgspec
import pytest

from inspector.core.events import Ended, header, header_all
from inspector.core.finding import CheckState, Confidence, Severity
from inspector.core.pull import Content, Outcome, Stage


@pytest.mark.parametrize(
    ("words", "contract"),
    [
        (
            Stage,
            "token challenge redirect cdn signature push resolve manifest blob tags catalog referrers search ping",
        ),
        (Content, "index manifest config layer attestation signature"),
        (Outcome, "complete up-to-date inspected failed incomplete login searched pushed"),
        (Severity, "error warning note"),
        (Confidence, "proved implied typical"),
    ],
)
def test_the_words_are_the_contracts(words, contract):
    assert [str(word) for word in words] == contract.split()


def test_every_check_ends_in_one_of_four_ways():
    assert [str(state) for state in CheckState] == ["passed", "failed", "not applicable", "could not tell"]


def test_an_event_cannot_be_changed():
    event = Ended(id="a", time=None)
    with pytest.raises(AttributeError):
        event.id = "b"
    assert msgspec.structs.asdict(event)["cut_by_end"] is False


def test_a_repeated_field_is_kept_in_order():
    fields = (("accept", "a"), ("host", "h"), ("accept", "b"))
    assert header(fields, "accept") == "a"
    assert header_all(fields, "accept") == ["a", "b"]
    assert header(fields, "none") is None
