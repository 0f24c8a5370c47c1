"""A comparison as JSON (schema ``pull-inspector/diff/1``).

Knows: a comparison. Must not know: terminals, how it was made. Unknown is null; within one version fields are only added.
"""

from typing import Any

import msgspec

from inspector.compare.comparison import Comparison, Difference, Row
from inspector.compare.parts import Part
from inspector.core.finding import Finding
from inspector.core.pull import Pull
from inspector.export.document import finding_document

SCHEMA = "pull-inspector/diff/1"


def encode(comparison: Comparison, names: tuple[str, str]) -> bytes:
    """The document, indented, with an end of line. ``names`` are the files."""
    a, b = (
        _side(pull, name, reason)
        for pull, name, reason in zip((comparison.a, comparison.b), names, comparison.reasons, strict=True)
    )
    document = {
        "schema": SCHEMA,
        "a": a,
        "b": b,
        "same": comparison.same,
        "failed": comparison.failed,
        "differences": [_difference(one) for one in comparison.differences],
        "parts": [_row(row) for row in comparison.rows],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _side(pull: Pull, name: str, reason: Finding | None) -> dict[str, Any]:
    return {
        "file": name,
        "pull": pull.n,
        "reference": pull.reference,
        "registry": pull.registry,
        "digest": pull.digest,
        "client": {"name": pull.client.name, "version": pull.client.version},
        "outcome": str(pull.outcome),
        "exchanges": len(pull.steps),
        "elapsed": round(pull.elapsed, 6),
        "reason": finding_document(reason) if reason is not None else None,
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "parts": list(one.parts),
        "name": one.name,
        "a": one.a,
        "b": one.b,
        "weight": one.weight.name.lower(),
    }


def _row(row: Row) -> dict[str, Any]:
    return {"part": row.label, "a": _part(row.a), "b": _part(row.b)}


def _part(part: Part | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return {
        "exchanges": list(part.numbers),
        "answers": part.answers,
        "arrived": part.arrived,
        "digest": part.last.digest,
        "size": part.received,
        "seconds": round(part.seconds, 6),
    }
