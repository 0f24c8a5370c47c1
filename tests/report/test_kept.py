"""Which pulls are kept whole, and which as a row."""

import msgspec
import pytest

from inspector.core.pull import Outcome, Pull
from inspector.report.kept import FEW, Kept


def many(pull: Pull, outcomes: list[Outcome]) -> list[Pull]:
    """Pulls that ended so, numbered from 1."""
    return [msgspec.structs.replace(pull, n=n, outcome=outcome) for n, outcome in enumerate(outcomes, 1)]


def numbers(kept: Kept) -> list[int]:
    return [pull.n for pull in kept.whole]


def test_a_few_are_all_kept(docker_pull: Pull) -> None:
    kept = Kept.of(many(docker_pull, [Outcome.COMPLETE] * FEW))
    assert numbers(kept) == [1, 2, 3, 4, 5]
    assert [row.n for row in kept.rows] == [1, 2, 3, 4, 5]


def test_of_many_only_the_first_failed_are_kept(docker_pull: Pull) -> None:
    outcomes = [Outcome.COMPLETE, Outcome.FAILED, *[Outcome.COMPLETE] * 5, *[Outcome.FAILED] * 8]
    kept = Kept.of(many(docker_pull, outcomes))
    assert numbers(kept) == [2, 8, 9, 10, 11]
    assert len(kept.rows) == 15


def test_what_arrived_with_an_error_is_worth_keeping(docker_pull: Pull, refused_pull: Pull) -> None:
    pulls = many(docker_pull, [Outcome.COMPLETE] * 9)
    pulls[7].findings = refused_pull.findings
    assert numbers(Kept.of(pulls)) == [8]


def test_one_that_was_asked_for_is_kept_alone(docker_pull: Pull) -> None:
    kept = Kept.of(many(docker_pull, [Outcome.COMPLETE] * 9), number=8)
    assert numbers(kept) == [8]
    assert kept.chosen().n == 8


def test_full_keeps_every_one(docker_pull: Pull) -> None:
    assert len(Kept.of(many(docker_pull, [Outcome.COMPLETE] * 9), full=True).whole) == 9


@pytest.mark.parametrize(
    ("pulls", "number", "said"),
    [
        (0, None, "there is no pull in it"), (0, 1, "there is no pull in it"), (1, 2, "there is no pull 2: it has 1 pull"),
        (9, 10, "there is no pull 10: it has pulls 1 to 9"), (9, None, "there are 9 pulls in it: say which with --pull N"),
    ],
)  # fmt: skip
def test_what_is_not_there(pulls: int, number: int | None, said: str, docker_pull: Pull) -> None:
    kept = Kept.of(many(docker_pull, [Outcome.COMPLETE] * pulls), number=number)
    with pytest.raises(IndexError, match=said):
        kept.chosen()
