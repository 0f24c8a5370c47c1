"""JUnit's XML: well formed, as its readers want it, each check a case that says how it ended."""

import io
from xml.etree import ElementTree as ET

import pytest

from inspector.core.finding import CheckState, Severity
from inspector.core.pull import Outcome
from inspector.core.report import Report
from inspector.export.junit import JUnitWriter
from inspector.gate.policy import Judge, Policy
from inspector.gate.slo import Limit

# What the schema of Jenkins' plug-in allows; GitLab's and GitHub's readers take less.
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {"skipped", "failure", "error", "system-out", "system-err"},
    **{name: set() for name in ("property", "skipped", "failure", "error", "system-out", "system-err")},
}
NEEDED = {
    "testsuites": {"name", "tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "classname", "time"},
    "property": {"name", "value"},
    "failure": {"message", "type"},
    "skipped": {"message"},
}


def written(pulls, report: Report | None = None, judge: Judge | None = None) -> ET.Element:
    out = io.BytesIO()
    with JUnitWriter(judge) as writer:
        for pull in pulls:
            writer.add(pull)
        writer.write_to(out, report or Report())
    root = ET.fromstring(out.getvalue())
    valid(root)
    return root


def valid(root: ET.Element) -> None:
    for element in root.iter():
        assert {child.tag for child in element} <= CHILDREN[element.tag]
        assert NEEDED.get(element.tag, set()) <= set(element.keys())
    suites = root.findall("testsuite")
    for one in suites:
        cases = one.findall("testcase")
        assert int(one.get("tests")) == len(cases)
        assert int(one.get("failures")) == len(one.findall("testcase/failure"))
        assert int(one.get("skipped")) == len(one.findall("testcase/skipped"))
        assert all(len(case.findall("skipped")) + len(case.findall("failure")) <= 1 for case in cases)
    for name in ("tests", "failures", "skipped"):
        assert int(root.get(name)) == sum(int(one.get(name)) for one in suites)


def cases(root: ET.Element) -> dict[str, ET.Element]:
    return {case.get("name").partition(":")[0]: case for case in root.iter("testcase")}


def test_a_case_a_check_that_says_how_it_ended(pulled) -> None:
    pull = pulled("body-truncated")
    told = cases(written([pull]))
    assert len(told) == len(pull.checks)
    for check in pull.checks:
        case = told[check.code]
        ended = {child.tag for child in case}
        if check.code == "body-truncated":
            assert ended == {"failure"}
            assert "bytes came" in case.find("failure").text
            assert "fix: nginx" in case.find("failure").text
        elif check.state is CheckState.PASSED:
            assert ended == set()
        else:
            assert case.find("skipped").get("message").startswith(str(check.state))


def test_what_is_ignored_is_skipped_with_its_reason_and_what_is_mild_passes_and_is_told(pulled) -> None:
    ignored = Judge(Policy(ignored={"body-truncated": "a small disk"}))
    case = cases(written([pulled("body-truncated")], judge=ignored))["body-truncated"]
    assert case.find("skipped").get("message") == "ignored: a small disk"
    pull = pulled("body-truncated")
    pull.findings[0].severity, pull.outcome = Severity.WARNING, Outcome.COMPLETE
    case = cases(written([pull]))["body-truncated"]
    assert case.find("failure") is None
    assert "broke off" in case.find("system-out").text


def test_thresholds_of_time_are_cases(pulled) -> None:
    limits = (Limit("total", 1e-6), Limit("token", 60.0), Limit("mirror", 1.0))
    told = cases(written([pulled()], judge=Judge(Policy(limits=limits))))
    assert "allowed" in told["slo total"].find("failure").get("message")
    assert list(told["slo token"]) == []
    assert told["slo mirror"].find("skipped") is not None


@pytest.mark.parametrize(("may_be_empty", "tag"), [(True, "skipped"), (False, "failure")])
def test_no_pull_is_a_case_of_its_own(may_be_empty: bool, tag: str) -> None:
    root = written([], judge=Judge(Policy(may_be_empty=may_be_empty), where="a.flow"))
    [case] = root.iter("testcase")
    assert case.find(tag).get("message") == "no pull in a.flow"


def test_what_belongs_to_no_pull_has_its_suite(pulled) -> None:
    root = written([pulled()], Report(findings=pulled("tag-not-found").findings))
    assert [one.get("name") for one in root] == ["pull 1: docker.io/library/app:latest", "capture"]
    assert root.get("failures") == "1"


def test_every_character_that_xml_cannot_hold_is_told_otherwise(pulled) -> None:
    pull = pulled("body-truncated")
    hostile = "".join(map(chr, [*range(32), 0x7F, 0x85, 0xFFFE, 0xFFFF, 0xD800, 0x202E])) + "]]><x a=\"'&amp;"
    pull.reference = pull.findings[0].summary = pull.findings[0].remedy = hostile
    text = ET.tostring(written([pull]), encoding="unicode")
    assert "\x85" not in text
    assert "\u202e" not in text
    assert "\\x1b" in text
