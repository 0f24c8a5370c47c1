"""One finding a line, for grep and for editors: ``file:pull:step: severity[code]: sentence``.

Knows: findings. Must not know: colours, widths; a line is as long as it is. Consequences name their root; where nothing
was found there is no line.
"""

from collections.abc import Iterator

from inspector.core.finding import Finding
from inspector.core.pull import Pull
from inspector.core.report import Report
from inspector.report.lines import safe


def of_report(report: Report) -> Iterator[str]:
    """The lines of what belongs to no pull."""
    file = report.sources[0].file if len(report.sources) == 1 else "-"
    for finding in report.findings:
        yield _line(f"{file}:-", finding)


def of_pull(pull: Pull) -> Iterator[str]:
    """The lines of one pull."""
    for finding in pull.findings:
        yield _line(f"{pull.source or '-'}:{pull.n}", finding)


def _line(where: str, finding: Finding) -> str:
    step = next((evidence.exchange for evidence in finding.evidence if evidence.exchange is not None), None)
    because = f" (follows from {finding.caused_by})" if finding.caused_by else ""
    return safe(f"{where}:{step or '-'}: {finding.severity}[{finding.code}]: {finding.summary}{because}")
