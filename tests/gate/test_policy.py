"""What fails a check, and what the user has said that it shall not."""

import pytest

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Outcome
from inspector.gate.fingerprint import fingerprint
from inspector.gate.policy import Fate, Judge, Policy, parse_ignored
from inspector.gate.slo import Limit


def found(code: str, severity: Severity, caused_by: str | None = None) -> Finding:
    return Finding(
        code=code, severity=severity, confidence=Confidence.PROVED, summary="s", evidence=[Evidence(exchange=1, what="w")],
        cause="c", remedy="r", spec="s", caused_by=caused_by,
    )  # fmt: skip


def fates(judgement) -> list[tuple[str, Fate]]:
    return [(one.finding.code, one.fate) for one in judgement.judged]


def test_an_error_counts_and_a_healthy_pull_passes(pulled) -> None:
    judge = Judge()
    assert not judge.pull(pulled()).fails
    assert not judge.fails
    judgement = judge.pull(pulled("body-truncated"))
    assert [one.finding.code for one in judgement.counting] == ["body-truncated"]
    assert judge.fails
    assert (judge.pulls, judge.failing) == (2, 1)


@pytest.mark.parametrize(
    ("severity", "fail_on", "counts"),
    [
        (Severity.ERROR, Severity.ERROR, True),
        (Severity.WARNING, Severity.ERROR, False),
        (Severity.WARNING, Severity.WARNING, True),
        (Severity.ERROR, Severity.NOTE, True),
        (Severity.NOTE, Severity.WARNING, False),
        (Severity.NOTE, Severity.NOTE, True),
    ],
)
def test_the_threshold_is_the_mildest_that_counts(pulled, severity, fail_on, counts) -> None:
    pull = pulled()
    pull.findings = [found("stalled", severity)]
    judgement = Judge(Policy(fail_on=fail_on)).pull(pull)
    assert judgement.fails is counts
    assert judgement.judged[0].fate is (Fate.COUNTS if counts else Fate.BELOW)


def test_an_ignored_root_takes_what_follows_from_it_along_but_nothing_else(pulled) -> None:
    pull = pulled()
    pull.findings = [
        found("rate-limited", Severity.ERROR),
        found("retry-storm", Severity.ERROR, "rate-limited"),
        found("html-answer", Severity.ERROR),
    ]
    judge = Judge(Policy(ignored={"rate-limited": "the test account", "schema1": "old"}))
    judgement = judge.pull(pull)
    assert fates(judgement) == [
        ("rate-limited", Fate.IGNORED),
        ("retry-storm", Fate.IGNORED),
        ("html-answer", Fate.COUNTS),
    ]
    assert {one.reason for one in judgement.judged[:2]} == {"the test account"}
    assert judge.ignored["rate-limited"] == 2
    assert judge.unmet == ["schema1"]


def test_what_is_in_the_baseline_passes_and_the_same_elsewhere_does_not(pulled) -> None:
    pull = pulled("body-truncated")
    known = frozenset({fingerprint(pull.findings[0], pull)})
    judge = Judge(Policy(known=known))
    assert fates(judge.pull(pull)) == [("body-truncated", Fate.KNOWN)]
    assert not judge.fails
    pull.repository = "another/one"
    assert judge.pull(pull).fails
    assert judge.gone == 0


def test_a_new_baseline_takes_in_what_counts_and_keeps_of_the_old_what_was_met(pulled) -> None:
    pull, other = pulled("body-truncated"), pulled("tag-not-found")
    old = frozenset({fingerprint(other.findings[0], other), ("gone", "-", "-", "-")})
    judge = Judge(Policy(known=old, accepting=True))
    judge.pull(pull)
    judge.pull(other)
    assert not judge.fails
    assert {one[0] for one in judge.baseline()} == {"body-truncated", "tag-not-found"}
    assert judge.gone == 1


def test_a_failed_pull_fails_the_check_though_no_finding_counts(pulled) -> None:
    pull = pulled()
    pull.outcome = Outcome.FAILED
    pull.findings = [found("platform-missing", Severity.WARNING)]
    judgement = Judge().pull(pull)
    assert judgement.failed
    assert judgement.fails
    assert not Judge(Policy(ignored={"platform-missing": "arm only"})).pull(pull).fails


def test_a_failure_that_the_capture_does_not_explain_counts_at_every_threshold(pulled) -> None:
    pull = pulled()
    pull.outcome = Outcome.FAILED
    pull.findings = [found("unexplained", Severity.NOTE)]
    assert fates(Judge().pull(pull)) == [("unexplained", Fate.COUNTS)]
    assert not Judge(Policy(ignored={"unexplained": "the disk is small"})).pull(pull).fails


def test_no_pull_and_only_unfinished_ones_are_empty(pulled) -> None:
    judge = Judge(Policy(may_be_empty=False))
    assert judge.empty
    assert judge.fails
    pull = pulled()
    pull.outcome = Outcome.INCOMPLETE
    judge.pull(pull)
    assert judge.fails
    judge.pull(pulled())
    assert not judge.fails


def test_what_belongs_to_no_pull_counts_too() -> None:
    judge = Judge()
    assert judge.capture([found("tls-ca-not-trusted", Severity.ERROR)]).fails
    assert judge.fails


def test_a_broken_threshold_of_time_fails_a_healthy_pull(pulled) -> None:
    pull = pulled()
    judge = Judge(Policy(limits=(Limit("total", 1e-6), Limit("token", 60.0))))
    judgement = judge.pull(pull)
    assert [one.limit.name for one in judgement.broken] == ["total"]
    assert judge.fails
    assert judge.broken["total"] == 1


def test_ignored_codes_have_reasons() -> None:
    codes = ["redirect-to-http", "stalled"]
    assert parse_ignored(["redirect-to-http=TLS ends\n at = the balancer"], codes) == {
        "redirect-to-http": "TLS ends at = the balancer"
    }
    assert parse_ignored(["unexplained=x"], codes) == {"unexplained": "x"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["redirect-to-http"], "redirect-to-http needs a reason"),
        (["redirect-to-http= "], "redirect-to-http needs a reason"),
        (["redirect-to-htp=x"], "did you mean redirect-to-http?"),
        (["zzz=x"], "`pull-inspector explain` lists them"),
        (["stalled=x", "stalled=y"], "stalled is given twice"),
    ],
)
def test_what_does_not_do_is_one_line(given: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")) as caught:
        parse_ignored(given, ["redirect-to-http", "stalled"])
    assert "\n" not in str(caught.value)
