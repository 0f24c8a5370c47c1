"""What the mirror did upstream for one request, as plain values for the flow's metadata.

Knows: the entry's key and shape, below. Must not know: reports, flows. Everything passes a ``Redactor`` first, so that
mitmproxy's own ``-w`` may keep it::

    "pull_inspector_mirror": {
      "v": 1,
      "upstream": "docker.io",             # which one; null: none was asked
      "repository": "library/alpine",      # as the upstream calls it; null
      "received": 1764000000.0,            # the request was there
      "decided": 1764000000.1,             # the answer was there, or mitmproxy began to fetch the blob
      "reason": "…",                       # why the mirror answered by itself; null
      "exchanges": [{                      # in order; the last may be the blob that mitmproxy fetched: "body": true
        "method": "GET", "url": "https://…", "status": 307, "error": null, "start": …, "connected": …,
        "first_byte": …, "end": …, "size": …, "address": "1.2.3.4:443", "reused": true,
        "headers": [["accept", "…"], …], "reply_headers": [["location", "…"], …], "body": false
      }]
    }
"""

from typing import Any

from inspector.mirror.model import Headers, Hop, Target
from inspector.sources.redact import Redactor

KEY = "pull_inspector_mirror"
VERSION = 1
_MOST = 64


def pack(
    target: Target | None,
    hops: list[Hop],
    redactor: Redactor,
    *,
    received: float | None,
    decided: float | None,
    reason: str | None = None,
    body: Hop | None = None,
) -> dict[str, Any]:
    """The entry. ``body``: the exchange by which mitmproxy fetched the blob."""
    exchanges = [_exchange(hop, redactor, body=False) for hop in hops[:_MOST]]
    if body is not None:
        exchanges.append(_exchange(body, redactor, body=True))
    return {
        "v": VERSION,
        "upstream": target.upstream.name if target else None,
        "repository": target.repository if target else None,
        "received": received,
        "decided": decided,
        "reason": redactor.prose(reason) if reason else None,
        "exchanges": exchanges,
    }


def _exchange(hop: Hop, redactor: Redactor, *, body: bool) -> dict[str, Any]:
    return {
        "method": hop.method,
        "url": redactor.url(hop.url),
        "status": hop.status,
        "error": redactor.prose(hop.error) if hop.error else None,
        "start": hop.start,
        "connected": hop.connected,
        "first_byte": hop.first_byte,
        "end": hop.end,
        "size": hop.size,
        "address": redactor.address(hop.address) if hop.address else None,
        "reused": hop.reused,
        "headers": _fields(hop.headers, redactor),
        "reply_headers": _fields(hop.reply_headers, redactor),
        "body": body,
    }


def _fields(headers: Headers, redactor: Redactor) -> list[list[str]]:
    raw = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers]
    return [list(pair) for pair in redactor.headers(raw)]
