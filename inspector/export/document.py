"""The report as data: the JSON document of report-json.md, and nothing that is not in it.

Knows: core.report.Report. Must not know: how it is shown. Unknown is ``null``, never ``""`` or ``0``.
"""

from typing import Any

import msgspec

from inspector.core.events import ConnectionFailed
from inspector.core.finding import Check, Finding
from inspector.core.pull import Pull, Step
from inspector.core.report import Report, Source

SCHEMA = "pull-inspector/report/1"


def encode(report: Report) -> bytes:
    """The document as indented JSON in UTF-8, with a final line feed."""
    return msgspec.json.format(msgspec.json.encode(to_document(report)), indent=2) + b"\n"


def to_document(report: Report) -> dict[str, Any]:
    """The whole document as plain dicts, lists, strings and numbers."""
    return {
        "schema": SCHEMA,
        "sources": [source_document(source) for source in report.sources],
        "pulls": [pull_document(pull) for pull in report.pulls],
        "other": other_document(report),
        "findings": [finding_document(finding) for finding in report.findings],
    }


def other_document(report: Report) -> dict[str, Any]:
    """What was no registry traffic."""
    return {"exchanges": report.other_exchanges, "connections_failed": report.connections_failed}


def source_document(source: Source) -> dict[str, Any]:
    """One file that was read."""
    return {
        "file": source.file,
        "format": source.format,
        "complete": source.complete,
        "missing": source.missing,
        "redaction": source.redaction,
    }


def pull_document(pull: Pull) -> dict[str, Any]:
    """One pull. ``begin``, ``elapsed``, ``broken`` and ``checks`` are more than the contract asks for."""
    return {
        "n": pull.n,
        "reference": pull.reference,
        "registry": pull.registry,
        "repository": pull.repository,
        "tag": pull.tag,
        "digest": pull.digest,
        "client": {"name": pull.client.name, "version": pull.client.version, "address": pull.address},
        "outcome": str(pull.outcome),
        "begin": round(pull.begin, 6),
        "elapsed": round(pull.elapsed, 6),
        "exchanges": [step_document(step) for step in pull.steps],
        "connections_failed": [broken_document(event, pull.begin) for event in pull.broken],
        "findings": [finding_document(finding) for finding in pull.findings],
        "checks": [check_document(check) for check in pull.checks],
    }


def step_document(step: Step) -> dict[str, Any]:
    """One exchange of a pull."""
    exchange = step.exchange
    return {
        "n": step.n,
        "stage": str(step.stage),
        "content": str(step.content) if step.content is not None else None,
        "method": exchange.method,
        "url": exchange.request.url,
        "host": exchange.host,
        "status": exchange.status,
        "error": exchange.error,
        "digest": step.digest,
        "size": step.size,
        "verified": step.verified,
        "follows": step.follows,
        "retry_of": step.retry_of,
        "start": round(step.start, 6),
        "wait": _rounded(step.wait),
        "receive": _rounded(step.receive),
    }


def broken_document(event: ConnectionFailed, begin: float) -> dict[str, Any]:
    """A connection that never came to a request; ``start`` is negative when it failed before the pull's first one."""
    return {
        "trouble": str(event.trouble),
        "host": event.host,
        "port": event.port,
        "message": event.message,
        "start": round(event.time - begin, 6),
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "summary": finding.summary,
        "evidence": [{"exchange": one.exchange, "what": one.what} for one in finding.evidence],
        "cause": finding.cause,
        "remedy": finding.remedy,
        "spec": finding.spec,
        "caused_by": finding.caused_by,
    }


def check_document(check: Check) -> dict[str, Any]:
    """One check of one pull."""
    return {"code": check.code, "title": check.title, "state": str(check.state), "reason": check.reason}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
