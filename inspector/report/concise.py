"""One finding a line, for grep and for editors: ``file:pull:step: severity[code]: sentence``.

Knows: findings. Must not know: colours, widths; a line is as long as it is.
"""

from collections.abc import Iterator

from inspector.core.finding import Finding
from inspector.core.report import Report
from inspector.report.lines import safe


def concise(report: Report) -> Iterator[str]:
    """The lines: those of no pull first, then pull by pull. Consequences name their root. Nothing found, no line."""
    file = report.sources[0].file if len(report.sources) == 1 else None
    for finding in report.findings:
        yield _line(f"{file or '-'}:-", finding)
    for pull in report.pulls:
        for finding in pull.findings:
            yield _line(f"{pull.source or file or '-'}:{pull.n}", finding)


def _line(where: str, finding: Finding) -> str:
    step = next((evidence.exchange for evidence in finding.evidence if evidence.exchange is not None), None)
    because = f" (follows from {finding.caused_by})" if finding.caused_by else ""
    return safe(f"{where}:{step or '-'}: {finding.severity}[{finding.code}]: {finding.summary}{because}")
