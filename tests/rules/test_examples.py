"""Every rule, whoever wrote it: its parts are there, its bad example shows it, its good one does not."""

import pytest

from inspector.core.finding import CheckState, Severity
from inspector.rules import catalogue, diagnose, order
from inspector.rules.diagnosis import capture_findings
from inspector.rules.example import Example, build
from inspector.rules.rule import Rule

RULES = [pytest.param(rule, id=rule.code) for rule in catalogue.built_in()]


def _codes(example: Example) -> dict[str, Severity]:
    pulls, unclaimed = build(example)
    for pull in pulls:
        diagnose(pull)
    found = [finding for pull in pulls for finding in pull.findings] + capture_findings(unclaimed, pulls)
    return {finding.code: finding.severity for finding in found}


@pytest.mark.parametrize("rule", RULES)
def test_the_bad_example_shows_the_rule(rule: Rule) -> None:
    assert rule.code in _codes(rule.bad)


@pytest.mark.parametrize("rule", RULES)
def test_the_good_example_is_free_of_it_and_of_errors(rule: Rule) -> None:
    found = _codes(rule.good)
    assert rule.code not in found
    assert Severity.ERROR not in found.values()


@pytest.mark.parametrize("rule", RULES)
def test_every_part_is_written(rule: Rule) -> None:
    clients = " ".join(client for client, _ in rule.says)
    assert all(name in clients for name in ("docker", "containerd", "podman")) or len(rule.says) >= 3
    assert all(words.strip() for _, words in rule.says)
    for part in (rule.title, rule.meaning, rule.confused_with, rule.cause, rule.remedy, rule.spec):
        assert part.strip() == part
        assert len(part) > 10
    assert rule.title[0].islower() or rule.title.startswith(("Docker-", "HTML"))
    assert len(rule.title) <= 70
    assert rule.meaning.endswith(".")
    assert rule.cause.endswith(".")
    assert rule.remedy.endswith(".")


@pytest.mark.parametrize("rule", RULES)
def test_findings_carry_evidence_and_sentences(rule: Rule) -> None:
    pulls, unclaimed = build(rule.bad)
    for pull in pulls:
        diagnose(pull)
    every = [finding for pull in pulls for finding in pull.findings] + capture_findings(unclaimed, pulls)
    mine = [finding for finding in every if finding.code == rule.code]
    for finding in mine:
        assert finding.evidence
        assert all(piece.what for piece in finding.evidence)
        assert finding.summary
        assert not finding.summary.endswith(".")
        assert finding.cause
        assert finding.remedy
        assert finding.spec == rule.spec


def test_every_rule_ends_in_a_check_of_each_pull() -> None:
    for rule in catalogue.built_in():
        for pull in build(rule.bad)[0]:
            diagnose(pull)
            assert sorted(check.code for check in pull.checks) == sorted(
                one.code for one in catalogue.rules()
            )
            assert all((check.state is CheckState.CANNOT_TELL) == bool(check.reason) for check in pull.checks)


def test_the_ten_starred_codes_are_there() -> None:
    starred = {rule.code for rule in catalogue.built_in() if rule.starred}
    assert starred == {
        "tls-ca-not-trusted", "realm-unreachable", "realm-bypasses-mirror", "library-missing", "repository-denied",
        "cdn-unreachable", "body-truncated", "rate-limited", "html-answer", "mirror-bypassed",
    }  # fmt: skip


def test_no_rule_is_a_root_that_must_never_be_one() -> None:
    roots = {code for row in order.TABLE for code in row.roots}
    assert not roots & order.NEVER_ROOT
