"""What the recorder knows of a flow and mitmproxy's own fields cannot hold: the schema of our entry in its metadata.

Knows: the entry's key, its fields, how it is packed into and unpacked from plain values. Must not know: who measured.
mitmproxy writes metadata to a flow file and reads it back as long as it is made of str, int, bool, None, list and dict;
its own readers ignore an entry that they do not know. Version 1 of the entry::

    "pull_inspector": {
      "v": 1,
      "redaction": "default",              # how the stored flow was redacted: default, strict, none
      "request":  {"size": 0, "sha256": null, "decoded_size": null, "decoded_sha256": null, "complete": true},
      "response": {…the same…},            # each may be null or absent: nothing is known of that body
      "opened": true,                      # the upstream connection was opened for this exchange; null: not known
      "side": null,                        # who broke it, where the recorder saw it: client, server, proxy
      "cut_by_end": false,                 # the recording stopped before the exchange did
      "upstream": null,                    # what our mirror asked for it, as in ``mirrored``: [{"method": "GET", "url": …}]
      "resumes": null,                     # where a body was gone on with: [{"at": 0, "why": "…", "time": …, "host": …}]
      "connection_failed": null            # or {"trouble": "client-tls", "host": "…", "port": 443, "message": "…", "alert": 48}
    }

A file is anybody's: an entry of wrong types is as good as none.
"""

from typing import Annotated, Any

import msgspec

from inspector.core.events import Side, Trouble

KEY = "pull_inspector"
VERSION = 1
MOST_CALLS = 65
MOST_RESUMES = 64

type Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
type Status = Annotated[int, msgspec.Meta(ge=0, le=999)]
type Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", max_length=64)]


class BodyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of one body while it went through. Fields as in ``core.events.Body``; None: not known."""

    size: Size | None = None
    sha256: Sha256 | None = None
    decoded_size: Size | None = None
    decoded_sha256: Sha256 | None = None
    complete: bool | None = None


class FailedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that never came to a request. Fields as in ``core.events.ConnectionFailed``."""

    trouble: Trouble
    host: str | None = None
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] | None = None
    message: str = ""
    alert: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None


class CallFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange of our mirror with an upstream. Fields as in ``core.events.UpstreamCall``, which has the host besides."""

    method: Annotated[str, msgspec.Meta(max_length=32)]
    url: Annotated[str, msgspec.Meta(max_length=16 * 1024)]
    status: Status | None = None
    error: Annotated[str, msgspec.Meta(max_length=4096)] | None = None
    start: float | None = None
    first_byte: float | None = None
    end: float | None = None
    size: Size | None = None
    address: Annotated[str, msgspec.Meta(max_length=512)] | None = None
    body: bool = False


class ResumeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One try to go on with a body that broke off. Fields as in ``core.events.Resume``."""

    at: Size
    why: Annotated[str, msgspec.Meta(max_length=4096)]
    time: float | None = None
    host: Annotated[str, msgspec.Meta(max_length=512)] | None = None
    status: Status | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that our entry says of one flow."""

    v: int = VERSION
    redaction: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    request: BodyFacts | None = None
    response: BodyFacts | None = None
    opened: bool | None = None
    side: Side | None = None
    cut_by_end: bool = False
    connection_failed: FailedFacts | None = None
    upstream: Annotated[list[CallFacts], msgspec.Meta(max_length=MOST_CALLS)] | None = None
    resumes: Annotated[list[ResumeFacts], msgspec.Meta(max_length=MOST_RESUMES)] | None = None


def pack(facts: Facts) -> dict[str, Any]:
    """``facts`` as plain values, to be stored under ``KEY`` in ``flow.metadata``."""
    packed: dict[str, Any] = msgspec.to_builtins(facts)
    return packed


def unpack(metadata: object) -> Facts | None:
    """The facts in a flow's metadata; None where there are none, or they are of another version or of wrong types."""
    entry = metadata.get(KEY) if isinstance(metadata, dict) else None
    if not isinstance(entry, dict) or entry.get("v") != VERSION:
        return None
    try:
        return msgspec.convert(entry, Facts, str_keys=True)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError):
        return None
