"""How many bytes came: counted, announced, not known."""

import pytest

from inspector.core.pull import Stage, Step
from inspector.report.sizes import Received, announced_size, could_be_verified, received, size_cell

URL = "https://cdn.test/blob"


@pytest.fixture
def streamed(talk: "Conversation") -> Step:  # noqa: F821 - of conftest
    """A blob that went by, whole, without being kept."""
    return talk.add(Stage.CDN, "GET", URL, at=0.0, document=b"", answer={"content-length": "50015407"})


def test_what_went_by_whole_is_as_long_as_it_said(streamed: Step) -> None:
    assert announced_size(streamed) == 50_015_407
    assert size_cell(streamed) == "~50 MB"
    assert str(received([streamed])) == "~50 MB"
    assert received([streamed]).in_words() == "~50 MB"


@pytest.mark.parametrize(
    "less",
    [
        {"whole": False}, {"whole": None}, {"error": "the peer left"}, {"status": 404}, {"method": "HEAD"}, {"cut_by_end": True},
        {"answer": {"content-length": "50e3"}}, {"answer": {}}, {"answer": {"content-length": "9" * 19}},
    ],
)  # fmt: skip
def test_a_length_is_believed_only_where_nothing_broke(less: dict[str, object], talk: "Conversation") -> None:  # noqa: F821
    given = {"method": "GET", "answer": {"content-length": "50015407"}, "document": b"", **less}
    step = talk.add(Stage.CDN, given.pop("method"), URL, at=0.0, **given)
    assert announced_size(step) is None
    assert size_cell(step) == "–"


def test_what_was_counted_wins(talk: "Conversation") -> None:  # noqa: F821
    step = talk.add(Stage.CDN, "GET", URL, at=0.0, size=299, answer={"content-length": "50015407"})
    assert (announced_size(step), size_cell(step)) == (None, "299 B")
    assert received([step]) == Received(bytes=299, all_known=True, announced=0)


def test_a_body_that_nobody_knows_makes_it_at_least(streamed: Step, talk: "Conversation") -> None:  # noqa: F821
    unknown = talk.add(Stage.CDN, "GET", URL, at=1.0)
    assert could_be_verified(unknown.exchange, unknown.stage)
    assert received([streamed, unknown]).in_words() == "at least ~50 MB"
    assert str(received([streamed, unknown])) == "≥~50 MB"
    ping = talk.add(Stage.PING, "GET", "https://r.test/v2/", at=2.0)  # what is no content does not matter
    assert received([ping]).all_known
