"""One finding a line, as ``inspector.report.concise`` has it, with the fate of each where a check asks.

Knows: that the lines of a pull come in the order of its findings. Must not know: how a line looks.
"""

from collections.abc import Iterator

from inspector.export.words import excuse, slo_words
from inspector.export.writer import Writer
from inspector.gate.policy import Judgement
from inspector.report.concise import of_pull, of_report
from inspector.report.lines import safe


class ConciseWriter(Writer):
    """What belongs to no pull first, then the pulls."""

    def add_judged(self, judgement: Judgement) -> None:
        """The lines of one pull; none where nothing is to be said."""
        pull = judgement.pull
        if pull is None:
            return
        for line, one in zip(of_pull(pull), judgement.judged, strict=True):
            self.put(f"{line}{safe(excuse(one))}\n")
        where = safe(f"{pull.source or '-'}:{pull.n}")
        for measured in judgement.broken:
            self.put(
                f"{where}:{measured.step or '-'}: error[slo]: {measured.limit.name} {slo_words(measured)}\n"
            )
        if judgement.failed:
            self.put(f"{where}:-: error[failed]: the pull failed, and no finding counts\n")

    def head(self, found: Judgement) -> Iterator[str]:
        """The lines of what belongs to no pull."""
        for line, one in zip(of_report(self.read), found.judged, strict=True):
            yield f"{line}{safe(excuse(one))}\n"
