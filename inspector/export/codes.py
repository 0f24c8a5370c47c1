"""The codes as JSON: what each means, for programs and for those who write documentation.

Knows: rules and matches. Must not know: pulls, files, terminals.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from inspector.rules.messages import Match
from inspector.rules.rule import Rule


def described(rule: Rule) -> dict[str, Any]:
    """One rule: its texts as strings, ``says`` as a list of ``{client, words}``."""
    return {
        "code": rule.code,
        "severity": rule.severity.value,
        "title": rule.title,
        "meaning": rule.meaning,
        "says": [{"client": client, "words": words} for client, words in rule.says],
        "confused_with": rule.confused_with,
        "cause": rule.cause,
        "remedy": rule.remedy,
        "spec": rule.spec,
        "frequent": rule.starred,
    }


def document(rules: Iterable[Rule]) -> str:
    """``{"codes": [...]}``, in the order given, indented, with an end of line."""
    return _written({"codes": [described(rule) for rule in rules]})


def matched(message: str, matches: Iterable[Match]) -> str:
    """``{"message": ..., "codes": [...]}``: likeliest first; each code has, beside its texts, the ``match`` that named it."""
    codes = [
        {**described(match.rule), "match": {"client": match.client, "words": match.words}}
        for match in matches
    ]
    return _written({"message": message, "codes": codes})


def _written(what: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(what), indent=2).decode() + "\n"
