import pytest
from msgspec.structs import replace

from inspector.core.finding import CheckState, Severity
from inspector.rules.sample import HEALTHY, error_body, resolve


def told(*lines):
    return (*HEALTHY[:2], replace(resolve(), give=(*resolve().give, *lines)), *HEALTHY[3:])


@pytest.mark.parametrize(
    ("remaining", "limit", "near"),
    [
        ("10;w=21600", "100;w=21600", True),
        ("11;w=21600", "100;w=21600", False),
        ("15", "200", True),
        ("21", "200", False),
    ],
)
def test_ten_or_a_tenth(found, remaining, limit, near):
    findings = found(*told(f"ratelimit-remaining: {remaining}", f"ratelimit-limit: {limit}"))
    assert ("rate-limit-near" in findings) is near


def test_it_is_a_warning_with_its_headers(found):
    finding = found(*told("ratelimit-remaining: 3;w=21600", "ratelimit-limit: 100;w=21600"))[
        "rate-limit-near"
    ]
    assert finding.severity is Severity.WARNING
    assert finding.summary == "3 of 100 requests are left at registry-1.docker.io"
    assert finding.evidence[0].what == "ratelimit-remaining: 3;w=21600"


def test_the_latest_counts(found):
    again = replace(HEALTHY[3], give=(*HEALTHY[3].give, "ratelimit-remaining: 90;w=21600"))
    assert "rate-limit-near" not in found(*told("ratelimit-remaining: 5;w=21600")[:3], again, *HEALTHY[4:])


def test_a_limit_that_is_reached_says_it_better(found):
    refused = replace(HEALTHY[3], status=429, give=(), body=error_body("TOOMANYREQUESTS", "slow down"))
    findings = found(*told("ratelimit-remaining: 0;w=21600")[:3], refused)
    assert "rate-limit-near" not in findings
    assert "rate-limited" in findings


def test_no_header_is_not_known(checked):
    assert checked("rate-limit-near", *HEALTHY).state is CheckState.NOT_APPLICABLE
    assert checked("rate-limit-near", *told("ratelimit-remaining: soon")).state is CheckState.NOT_APPLICABLE
