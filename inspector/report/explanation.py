"""What a code means: a rule's own words, for a person; and which codes a client's message can mean.

Knows: a rule's texts, matches. Must not know: pulls, findings.
"""

from collections.abc import Iterator, Sequence

from rich.text import Text

from inspector.report.lines import Lines, crop, fold
from inspector.report.style import FAINT, STRONG
from inspector.rules.messages import Match
from inspector.rules.rule import Rule

_INDENT = "  "


class Explanation(Lines):
    """One rule: what it means, what clients print, what it is confused with, cause, remedy, spec."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def lines(self, width: int) -> Iterator[Text]:
        """The parts in the order in which someone with a failed pull needs them."""
        rule = self.rule
        yield Text.assemble((rule.code, STRONG), (f"  {rule.severity}", FAINT))
        yield from _part("", rule.meaning, width)
        if rule.says:
            yield Text("what clients print", style=STRONG)
            for client, words in rule.says:
                yield from _part("", f"{client}: {words}", width)
        for title, text in (
            ("cause", rule.cause),
            ("fix", rule.remedy),
            ("often taken for", rule.confused_with),
            ("spec", rule.spec),
        ):
            yield from _part(title, text, width)


class Codes(Lines):
    """Every code with what it checks, a line each."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules

    def lines(self, width: int) -> Iterator[Text]:
        """In order of the alphabet, the starred ones marked: those that users meet most."""
        longest = max((len(rule.code) for rule in self.rules), default=0)
        for rule in sorted(self.rules, key=lambda rule: rule.code):
            star = "★" if rule.starred else " "
            title = crop(rule.title, max(width - longest - 5, 8))
            yield Text.assemble(f"{star} ", (rule.code.ljust(longest), STRONG), "  ", title)
        yield Text(crop("★ met most · pull-inspector explain CODE says more", width), style=FAINT)


class Matches(Lines):
    """The codes that can be behind a message, likeliest first: the words that fit, what it means, what to change."""

    def __init__(self, matches: Sequence[Match]) -> None:
        self.matches = matches

    def lines(self, width: int) -> Iterator[Text]:
        """A block a code, and at the end how to decide between them."""
        if not self.matches:
            yield from _wrapped(
                "No client is known to print this for a fault of a pull. " + _RECORD, width, ""
            )
            return
        for match in self.matches:
            rule = match.rule
            yield Text.assemble((rule.code, STRONG), (f"  {rule.severity}", FAINT))
            for text in (f"{match.client}: {match.words}", rule.meaning, f"fix: {rule.remedy}"):
                yield from _part("", text, width)
            yield Text()
        several = "Which of them it is, the words do not tell. " if len(self.matches) > 1 else ""
        yield from _wrapped(several + _RECORD, width, "")


_RECORD = (
    "Record the pull, and its report names the cause: `pull-inspector watch -- podman pull IMAGE`, or for a daemon, as"
    " docker's, `pull-inspector watch` and what it says. "
    "`pull-inspector explain CODE` tells the rest of a code."
)


def _part(title: str, text: str, width: int) -> Iterator[Text]:
    if title:
        yield Text(title, style=STRONG)
    yield from _wrapped(text, width, _INDENT)


def _wrapped(text: str, width: int, indent: str) -> Iterator[Text]:
    for paragraph in text.strip().split("\n\n"):
        for line in fold(paragraph, width - len(indent)):
            yield Text(indent + line)
