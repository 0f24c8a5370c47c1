"""What a mirror of ours did upstream for a flow: its notes in the metadata, as events and as what is stored of them.

Knows: the notes' keys and shapes (``mirror.trace`` and ``recorder.private.asking`` write them). Must not know: mirrors.
A file is anybody's: a note of another version, or of wrong types, is none; a list of notes is read to a bound.
"""

from collections.abc import Iterator
from itertools import islice

import msgspec

from inspector.core.events import Resume, UpstreamCall
from inspector.sources.metadata import MOST_CALLS, MOST_RESUMES, CallFacts, Facts, ResumeFacts
from inspector.sources.redact import Redactor
from inspector.sources.view import moment
from inspector.wire.url import host_port, split

MIRROR = "pull_inspector_mirror"
RESUMES = "pull_inspector_resumes"

_VERSION = 1
_MOST_TEXT = 64 * 1024  # characters of one exchange's URLs, all calls together


def upstream(facts: Facts, metadata: object, redactor: Redactor) -> tuple[UpstreamCall, ...] | None:
    """The calls that are stored, or else those that the mirror noted; None where no mirror was there."""
    calls = facts.upstream
    if calls is None:
        note = metadata.get(MIRROR) if isinstance(metadata, dict) else None
        if not isinstance(note, dict) or note.get("v") != _VERSION:
            return None
        calls = list(_read(note.get("exchanges"), CallFacts, MOST_CALLS))
    told: list[UpstreamCall] = []
    left = _MOST_TEXT
    for call in calls:
        shown = _call(call, redactor)
        left -= len(shown.url)
        if left < 0:
            break
        told.append(shown)
    return tuple(told)


def resumes(facts: Facts, metadata: object, redactor: Redactor) -> tuple[Resume, ...]:
    """The resumes that are stored, or else those that were noted while the body went through."""
    found = facts.resumes or []
    if not found and isinstance(metadata, dict):
        found = list(_read(metadata.get(RESUMES), ResumeFacts, MOST_RESUMES))
    return tuple(_resume(one, redactor) for one in found)


def call_facts(calls: tuple[UpstreamCall, ...] | None) -> list[CallFacts] | None:
    """The calls as they are stored: read back, they are the same."""
    if calls is None:
        return None
    return [
        CallFacts(**{name: getattr(call, name) for name in CallFacts.__struct_fields__}) for call in calls
    ]


def resume_facts(found: tuple[Resume, ...]) -> list[ResumeFacts] | None:
    """The resumes as they are stored: read back, they are the same."""
    return [ResumeFacts(**msgspec.structs.asdict(one)) for one in found] or None


def _read[T](items: object, kind: type[T], most: int) -> Iterator[T]:
    """The items that are of ``kind``, of the first ``most``."""
    if not isinstance(items, list | tuple):
        return
    for item in islice(items, most):
        try:
            yield msgspec.convert(item, kind, str_keys=True)
        except (msgspec.ValidationError, TypeError, ValueError, OverflowError, RecursionError):
            continue


def _call(call: CallFacts, redactor: Redactor) -> UpstreamCall:
    url = redactor.url(call.url)
    parts = split(url)
    return UpstreamCall(
        method=redactor.line(call.method, 32),
        url=url,
        host=host_port(parts.host, parts.port, parts.scheme) if parts else "",
        status=call.status,
        error=redactor.complaint(call.error, 500) if call.error else None,
        start=moment(call.start),
        first_byte=moment(call.first_byte),
        end=moment(call.end),
        size=call.size,
        address=_address(call.address, redactor) if call.address else None,
        body=call.body,
    )


def _address(address: str, redactor: Redactor) -> str | None:
    """``IP:port``: at level strict the IP is a pseudonym, and stays one when it is read again."""
    host, _, port = address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit():
        return redactor.address(address) or None
    return f"{redactor.address(host)}:{int(port[:5])}"


def _resume(one: ResumeFacts, redactor: Redactor) -> Resume:
    return Resume(
        at=one.at,
        why=redactor.complaint(one.why, 500),
        time=moment(one.time),
        host=redactor.line(one.host, 256) or None if one.host else None,
        status=one.status,
    )
