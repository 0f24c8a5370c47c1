"""JUnit's XML, which CI systems show as tests: a suite for each pull, a case for each check.

Knows: what Jenkins' and GitLab's readers take (testsuites, testsuite, testcase, failure, skipped, system-out). Must not know:
files, terminals. A check that passed is a passed case; one that does not apply, could not tell, is ignored or in the
baseline is skipped, with its reason; what is below the threshold passes and says so in the case's output.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from inspector.core.finding import Check, CheckState
from inspector.core.pull import Pull
from inspector.export.words import nothing, slo_words
from inspector.export.writer import Writer
from inspector.gate.policy import Fate, Judged, Judgement
from inspector.report.headline import title
from inspector.wire.clean import clean

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 4096


class JUnitWriter(Writer):
    """The suites wait; the sums over all of them stand in the first line."""

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]
        self.tests = self.failures = self.skipped = 0
        self.seconds = 0.0

    def add_judged(self, judgement: Judgement) -> None:
        """One more suite."""
        pull = judgement.pull
        if pull is None:
            return
        name = f"pull {pull.n}: {title(pull)}"
        suite = _Suite(name, pull)
        by_code: dict[str, list[Judged]] = {}
        for one in judgement.judged:
            by_code.setdefault(one.finding.code, []).append(one)
        for check in pull.checks:
            suite.check(check, by_code.pop(check.code, []))
        for code, found in by_code.items():
            suite.found(code, code, found)
        for measured in judgement.times:
            case = suite.case(f"slo {measured.limit.name}")
            if measured.seconds is None:
                suite.skip(case, "could not tell: the recording has no such times")
            elif measured.broken:
                suite.fail(case, slo_words(measured), "slo", "")
        if judgement.failed:
            suite.fail(suite.case("outcome"), "the pull failed", "outcome", "Lower --fail-on to see on what.")
        self._put(suite)

    def head(self, found: Judgement) -> Iterator[str]:
        """The declaration, the sums and the suite of what belongs to no pull."""
        suite = _Suite("capture", None)
        for one in found.judged:
            suite.found(one.finding.code, one.finding.summary, [one])
        if not self.one_pull and self.judge.empty:
            case = suite.case("a pull that came to its end")
            if self.judge.policy.may_be_empty:
                suite.skip(case, nothing(self.judge))
            else:
                suite.fail(case, nothing(self.judge), "empty", "")
        if suite.tests:
            self._put(suite)
        yield '<?xml version="1.0" encoding="UTF-8"?>\n'
        yield (
            f'<testsuites name="pull-inspector" tests="{self.tests}" failures="{self.failures}" errors="0"'
            f' skipped="{self.skipped}" time="{self.seconds:.3f}">\n'
        )

    def foot(self) -> Iterator[str]:
        """The end."""
        yield "</testsuites>\n"

    def _put(self, suite: "_Suite") -> None:
        self.tests += suite.tests
        self.failures += suite.failures
        self.skipped += suite.skipped
        self.seconds += suite.seconds
        self.put(suite.text() + "\n")


class _Suite:
    def __init__(self, name: str, pull: Pull | None) -> None:
        self.tests = self.failures = self.skipped = 0
        self.seconds = max(pull.elapsed, 0.0) if pull else 0.0
        self.name = _text(name)
        self.element = ET.Element("testsuite", name=self.name)
        if pull:
            properties = ET.SubElement(self.element, "properties")
            for key, value in _facts(pull):
                ET.SubElement(properties, "property", name=key, value=_text(value))
        if pull and (when := _when(pull.begin)):
            self.element.set("timestamp", when)

    def case(self, name: str) -> ET.Element:
        self.tests += 1
        return ET.SubElement(self.element, "testcase", classname=self.name, name=_text(name), time="0")

    def check(self, check: Check, found: list[Judged]) -> None:
        if found:
            self.found(check.code, check.title, found)
            return
        case = self.case(f"{check.code}: {check.title}")
        if check.state in {CheckState.NOT_APPLICABLE, CheckState.CANNOT_TELL}:
            self.skip(case, f"{check.state}: {check.reason}" if check.reason else str(check.state))

    def found(self, code: str, name: str, found: list[Judged]) -> None:
        """One case for all findings of a code: failed if any of them counts."""
        case = self.case(name if name == code else f"{code}: {name}")
        counting = [one for one in found if one.fate is Fate.COUNTS]
        excused = [one for one in found if one.fate in {Fate.IGNORED, Fate.KNOWN}]
        if counting:
            first = counting[0].finding
            self.fail(case, first.summary, str(first.severity), "\n\n".join(_told(one) for one in counting))
        elif excused:
            reason = excused[0].reason
            self.skip(case, f"{excused[0].fate}: {reason}" if reason else str(excused[0].fate))
        rest = [one for one in found if one not in counting]
        if rest:
            out = ET.SubElement(case, "system-out")
            out.text = _text("\n\n".join(_told(one) for one in rest), lines=True)

    def skip(self, case: ET.Element, reason: str) -> None:
        self.skipped += 1
        ET.SubElement(case, "skipped", message=_text(reason))

    def fail(self, case: ET.Element, message: str, kind: str, text: str) -> None:
        self.failures += 1
        ET.SubElement(case, "failure", message=_text(message), type=kind).text = _text(text, lines=True)

    def text(self) -> str:
        sums = {
            "tests": str(self.tests),
            "failures": str(self.failures),
            "errors": "0",
            "skipped": str(self.skipped),
        }
        for key, value in {**sums, "time": f"{self.seconds:.3f}"}.items():
            self.element.set(key, value)
        ET.indent(self.element)
        return ET.tostring(self.element, encoding="unicode")


def _facts(pull: Pull) -> Iterator[tuple[str, str]]:
    facts = (
        ("reference", pull.reference), ("registry", pull.registry), ("digest", pull.digest), ("client", pull.client.name),
        ("client.version", pull.client.version), ("outcome", str(pull.outcome)), ("file", pull.source),
    )  # fmt: skip
    return ((key, value) for key, value in facts if value)


def _told(one: Judged) -> str:
    finding = one.finding
    sure = f" ({finding.confidence})"
    lines = [f"{finding.severity}[{finding.code}]{sure}: {finding.summary}"]
    if one.fate is not Fate.COUNTS:
        lines.append(f"{one.fate}: {one.reason}" if one.reason else str(one.fate))
    if finding.caused_by:
        lines.append(f"follows from {finding.caused_by}")
    lines += [
        f"  step {piece.exchange}: {piece.what}" if piece.exchange else f"  connection: {piece.what}"
        for piece in finding.evidence
    ]
    lines += [f"{name}: {text}" for name, text in (("cause", finding.cause), ("fix", finding.remedy)) if text]
    return "\n".join(clean(line, _LONGEST) for line in lines)


def _text(text: str, *, lines: bool = False) -> str:
    """Text that XML can hold, and that commands no terminal it is printed on."""
    kept = [clean(line, _LONGEST) for line in text.split("\n")] if lines else [clean(text, _LONGEST)]
    return _NOT_XML.sub("?", "\n".join(kept))


def _when(epoch: float) -> str | None:
    try:
        return datetime.fromtimestamp(epoch, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return None
