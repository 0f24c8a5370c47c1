"""The formats by name; each is imported when it is asked for.

Knows: names and where a format is. Must not know: what they say. All of them take a judge: what is ignored, known or too slow
is told in each.
"""

from inspector.export.writer import Writer
from inspector.gate.policy import Judge

NAMES = ("text", "concise", "json", "junit", "markdown", "github")
"""``text`` is no writer: it is drawn for a width."""


def writer(name: str, judge: Judge | None = None, *, one_pull: bool = False) -> Writer:
    """A new writer of the format. Raises ValueError for a name that is none."""
    from inspector.export import checked, concise, github, junit, markdown

    match name:
        case "concise":
            return concise.ConciseWriter(judge, one_pull=one_pull)
        case "json":
            return checked.DocumentWriter(judge, one_pull=one_pull)
        case "junit":
            return junit.JUnitWriter(judge, one_pull=one_pull)
        case "markdown":
            return markdown.MarkdownWriter(judge, one_pull=one_pull)
        case "github":
            return github.GithubWriter(judge, one_pull=one_pull)
        case _:
            raise ValueError(name)
