"""The same thing wrong again has the same fingerprint."""

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.gate.fingerprint import Fingerprint, fingerprint


def found(*evidence: Evidence) -> Finding:
    return Finding(
        code="x", severity=Severity.ERROR, confidence=Confidence.PROVED, summary="s", evidence=list(evidence),
        cause="", remedy="", spec="",
    )  # fmt: skip


def test_it_names_code_host_stage_and_repository(pulled) -> None:
    pull = pulled("body-truncated")
    assert fingerprint(pull.findings[0], pull) == (
        "body-truncated", "production.cloudflare.docker.com", "cdn", "library/app",
    )  # fmt: skip


def test_wording_times_and_numbers_of_steps_do_not_matter(pulled) -> None:
    first, later = pulled("body-truncated"), pulled("body-truncated")
    later.begin += 1000
    later.n = 7
    finding = later.findings[0]
    finding.summary = "in other words"
    finding.evidence = [Evidence(exchange=finding.evidence[0].exchange, what="other bytes came")]
    assert fingerprint(first.findings[0], first) == fingerprint(finding, later)


def test_a_failed_connection_is_told_by_its_host() -> None:
    for what, host in (
        ("auth.docker.io:443: refused", "auth.docker.io"),
        ("auth.docker.io: refused", "auth.docker.io"),
        ("[::1]:443: refused", "[::1]"),
    ):
        assert fingerprint(found(Evidence(exchange=None, what=what)), None) == ("x", host, "connection", "-")


def test_what_names_nothing_and_what_names_no_step_of_the_pull_does_no_harm(pulled) -> None:
    nothing = Fingerprint("x", "-", "-", "-")
    assert fingerprint(found(), None) == nothing
    assert fingerprint(found(Evidence(exchange=None, what="no place")), None) == nothing
    assert fingerprint(found(Evidence(exchange=999, what="w")), pulled()).host == "-"
