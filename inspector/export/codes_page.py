"""The codes as one HTML page: nothing is loaded from anywhere, and its Content-Security-Policy says so.

Knows: rules and matches. Must not know: pulls, files, terminals. jinja2 escapes what is filled in: a third party's rule, or
a pasted message, may hold anything.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from inspector.core.finding import Severity
from inspector.rules.messages import Match
from inspector.rules.rule import Rule

_CODE = re.compile(r"`([^`]+)`")
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def page(rules: Sequence[Rule], *, message: str = "", matches: Sequence[Match] = ()) -> str:
    """The page of these rules, the gravest first; or of ``matches``, likeliest first, for the words that were pasted."""
    said = {match.rule.code: (match.client, match.words) for match in matches}
    ordered = (
        [match.rule for match in matches]
        if message
        else sorted(rules, key=lambda rule: (_ORDER[rule.severity], rule.code))
    )
    html: str = _template().render(
        rules=ordered,
        message=message,
        said=said,
        known=frozenset(rule.code for rule in ordered),
        style=Markup(_style()),  # noqa: S704 - a file of this package, nothing filled in
        policy=f"default-src 'none'; style-src '{_hash(_style())}'; img-src data:; base-uri 'none'; form-action 'none'",
    )
    return html


@cache
def _template() -> jinja2.Template:
    surroundings = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    surroundings.filters["prose"] = _prose
    return surroundings.from_string(Path(__file__).with_name("codes_page.html").read_text("utf-8"))


@cache
def _style() -> str:
    return Path(__file__).with_name("codes_page.css").read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _prose(text: str) -> Markup:
    """Text as HTML: paragraphs apart, what stands in backticks as code."""
    paragraphs = []
    for paragraph in text.strip().split("\n\n"):
        parts = _CODE.split(paragraph)
        paragraphs.append(
            Markup().join(
                Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
                for place, part in enumerate(parts)
            )
        )
    return Markup().join(Markup("<p>{}</p>\n").format(one) for one in paragraphs)
