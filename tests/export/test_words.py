"""How a check ended, in words."""

from inspector.core.finding import Severity
from inspector.core.pull import Outcome
from inspector.export.words import excuse, nothing, remarks, slo_words, verdict
from inspector.gate.fingerprint import Fingerprint
from inspector.gate.policy import Judge, Policy
from inspector.gate.slo import Limit, Measured


def test_a_passed_and_a_failed_check(pulled) -> None:
    judge = Judge()
    judge.pull(pulled())
    assert verdict(judge) == "passed: 1 pull"
    judge.pull(pulled("body-truncated"))
    assert verdict(judge) == "failed: 1 of 2 pulls, 1 error"


def test_what_was_not_counted_is_told(pulled) -> None:
    judge = Judge(Policy(ignored={"body-truncated": "why"}, limits=(Limit("total", 1e-6),)))
    one = judge.pull(pulled("body-truncated")).judged[0]
    assert excuse(one) == " (ignored: why)"
    assert verdict(judge) == "failed: 1 of 1 pull, total too long in 1 pull; 1 ignored"
    below = Judge(Policy(fail_on=Severity.ERROR))
    pull = pulled("body-truncated")
    pull.findings[0].severity, pull.outcome = Severity.NOTE, Outcome.COMPLETE
    below.pull(pull)
    assert verdict(below) == "passed: 1 pull; 1 below --fail-on error"


def test_no_pull_is_a_failure_with_a_way_out(pulled) -> None:
    judge = Judge(Policy(may_be_empty=False), where="a.flow")
    assert verdict(judge) == "failed: no pull in a.flow (--require-pull)"
    pull = pulled()
    pull.outcome = Outcome.INCOMPLETE
    judge.pull(pull)
    assert nothing(judge) == "no pull in a.flow came to its end"
    assert "1 pull unfinished" in verdict(judge)


def test_what_is_ignored_or_known_for_nothing_is_remarked(pulled) -> None:
    known = frozenset({Fingerprint("a", "b", "c", "d")})
    judge = Judge(Policy(ignored={"stalled": "x"}, known=known))
    judge.pull(pulled())
    assert remarks(judge) == [
        "ignored but not found: stalled",
        "in the baseline but not found: 1 finding; --write-baseline drops them",
    ]
    assert remarks(Judge()) == []


def test_a_threshold_has_what_was_measured_and_what_is_allowed() -> None:
    said = slo_words(Measured(limit=Limit("ttfb", 1.0), seconds=42.1, step=9))
    assert said == "42.1 s, allowed 1.00 s (the longest wait for a first byte), step 9"
