"""The report as data: the JSON document of report-json.md, and nothing that is not in it.

Knows: core.report.Report. Must not know: how it is shown. Unknown is ``null``, never ``""`` or ``0``.
"""

from typing import Any

import msgspec

from inspector.core.events import ConnectionFailed, Resume, UpstreamCall
from inspector.core.finding import Check, Finding
from inspector.core.mirrored import receive, wait
from inspector.core.pull import Behind, Pull, Step
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
    """One pull. ``begin``, ``elapsed``, ``broken`` and ``checks`` are more than the contract asks for.

    ``sides`` is there where a mirror's other side was recorded too: its exchanges are the ``upstream`` of those here.
    """
    document = {
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
    if pull.behind:
        document["sides"] = [side_document(side) for side in pull.behind]
    return document


def step_document(step: Step) -> dict[str, Any]:
    """One exchange of a pull. One that a mirror asked upstream for, or whose body was gone on with, has two more fields."""
    exchange = step.exchange
    document = {
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
    if exchange.calls is not None or exchange.resumes:
        recorded = {inner.n: inner for inner in step.upstream}
        document["upstream"] = [
            call_document(call, step) | upstream_document(recorded.get(call.n or 0))
            for call in exchange.calls or ()
        ]
        document["resumes"] = [resume_document(one, step) for one in exchange.resumes]
    return document


def call_document(call: UpstreamCall, step: Step) -> dict[str, Any]:
    """What our mirror asked an upstream for the sake of ``step``; ``start`` counts from the pull's first request."""
    return {
        "method": call.method,
        "url": call.url,
        "host": call.host,
        "status": call.status,
        "error": call.error,
        "size": call.size,
        "body": call.body,
        "start": _since(call.start, step),
        "wait": _rounded(wait(call)),
        "receive": _rounded(receive(call)),
    }


def upstream_document(inner: Step | None) -> dict[str, Any]:
    """What is known besides of a call that was recorded itself. Its ``n`` goes on behind those of the pull's exchanges."""
    if inner is None:
        return {}
    return {
        "n": inner.n,
        "stage": str(inner.stage),
        "content": str(inner.content) if inner.content is not None else None,
        "digest": inner.digest,
        "verified": inner.verified,
        "follows": inner.follows,
        "retry_of": inner.retry_of,
    }


def side_document(side: Behind) -> dict[str, Any]:
    """A recording of a mirror's own requests. ``clock_offset``: seconds added to its times, ``within`` which they are right."""
    return {
        "source": side.pull.source,
        "reference": side.pull.reference,
        "client": {
            "name": side.pull.client.name, "version": side.pull.client.version, "address": side.pull.address,
        },
        "exchanges": len(side.pull.steps),
        "matched": side.matched,
        "clock_offset": round(side.shift, 6),
        "clock_within": round(side.within, 6),
    }  # fmt: skip


def resume_document(one: Resume, step: Step) -> dict[str, Any]:
    """Where a body that broke off upstream was gone on with, in one answer to the client."""
    return {
        "at": one.at,
        "why": one.why,
        "host": one.host,
        "status": one.status,
        "start": _since(one.time, step),
    }


def _since(time: float | None, step: Step) -> float | None:
    return None if time is None else _rounded(step.start + time - step.exchange.request.time)


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
