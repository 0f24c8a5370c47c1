"""The JSON document written as the pulls come: the same bytes as ``document.encode``, and no pull is kept.

Knows: the document's parts and their order. Must not know: where the pulls come from.
"""

from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec

from inspector.core.pull import Pull
from inspector.core.report import Report
from inspector.export.document import SCHEMA, finding_document, other_document, pull_document, source_document
from inspector.export.spool import Spool


class DocumentStream:
    """Takes the pulls one by one, then the report that they belong to; its own ``pulls`` are not looked at."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._pulls = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.__exit__(kind, error, trace)

    def add(self, pull: Pull, more: dict[str, Any] | None = None) -> None:
        """One more pull, with ``more`` fields. Raises OSError when there is no room for the temporary file."""
        self._spool.write(b",\n    " if self._pulls else b"\n    ")
        self._spool.write(_formatted(pull_document(pull) | (more or {}), 2))
        self._pulls += 1

    def write_to(self, out: BinaryIO, report: Report, more: dict[str, Any] | None = None) -> None:
        """The whole document, with ``more`` fields at its end."""
        sources = [source_document(source) for source in report.sources]
        findings = [finding_document(finding) for finding in report.findings]
        out.write(b'{\n  "schema": ' + _formatted(SCHEMA, 1))
        out.write(b',\n  "sources": ' + _formatted(sources, 1))
        out.write(b',\n  "pulls": [')
        self._spool.copy_to(out)
        out.write(b"\n  ]" if self._pulls else b"]")
        out.write(b',\n  "other": ' + _formatted(other_document(report), 1))
        out.write(b',\n  "findings": ' + _formatted(findings, 1))
        fields = (more or {}).items()
        out.writelines(
            b",\n  " + _formatted(name, 1) + b": " + _formatted(value, 1) for name, value in fields
        )
        out.write(b"\n}\n")


def _formatted(value: Any, depth: int) -> bytes:
    """Indented JSON as it stands so deep in a document. (A line feed in a string is written as an escape.)"""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).replace(b"\n", b"\n" + b"  " * depth)
