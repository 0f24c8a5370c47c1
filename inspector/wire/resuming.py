"""How the rest of a body that broke off is asked for, and which answer may be taken for it.

Knows: RFC 9110 sections 13.1.5 (If-Range), 14 (ranges), 15.3.7 (206), and when it makes no sense to ask again.
Must not know: connections, clocks, who asks. Header fields are pairs with names in lower case, as they came.
"""

from collections.abc import Iterable

import msgspec

from inspector.wire.ranges import parse_content_range

type Fields = Iterable[tuple[str, str]]

REFILL = 8 << 20
"""Bytes that must have come since the last try for the count of tries to begin anew: the way works, if badly."""

CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
"""What a client asked the first time; asked again, it could only be in the way."""


class Span(msgspec.Struct, frozen=True):
    """The part of a representation that a response holds. Positions in bytes, both inclusive.

    ``etag`` is the field's value, None where there is none.
    """

    first: int
    last: int
    total: int
    etag: str | None = None

    @property
    def size(self) -> int:
        """Bytes in the part."""
        return self.last - self.first + 1

    @property
    def whole(self) -> bool:
        """Whether the part is all of it."""
        return self.size == self.total


def span_of(method: str, status: int, fields: Fields) -> Span | None:
    """What a response's head promises; None for a body that cannot be gone on with: of no known length, or coded."""
    known = dict(fields)
    if method != "GET" or _coded(known):
        return None
    length, etag = _length(known), known.get("etag")
    if status == 200:
        return Span(0, length - 1, length, etag) if length else None
    found = parse_content_range(known.get("content-range", "")) if status == 206 else None
    if found is None or found.first is None or found.last is None or found.total is None:
        return None
    span = Span(found.first, found.last, found.total, etag)
    return span if length in {None, span.size} else None


def request_fields(span: Span, got: int) -> dict[str, str | None]:
    """The fields that a request for the rest sets, after ``got`` bytes of ``span``; None: the field is left out."""
    strong = span.etag if span.etag and span.etag.startswith('"') else None
    fields: dict[str, str | None] = dict.fromkeys(CONDITIONS)
    return fields | {"range": f"bytes={span.first + got}-{span.last}", "if-range": strong}


def judge(span: Span, got: int, status: int, fields: Fields, *, checked: bool) -> int | str:
    """Whether an answer holds the rest of ``span``: how many of its bytes to pass over, or why it cannot be taken.

    ``checked``: the digest of the body is looked at before its last byte is passed on.
    """
    known = dict(fields)
    if status not in {200, 206}:
        return f"status {status}"
    if _coded(known):
        return f"the rest comes with Content-Encoding {known['content-encoding']}"
    if (known.get("etag") or span.etag) != span.etag:
        return "another ETag: it is not the same content"
    return _part(span, got, known) if status == 206 else _whole(span, got, known, checked=checked)


def _part(span: Span, got: int, known: dict[str, str]) -> int | str:
    found = parse_content_range(known.get("content-range", ""))
    if found is None:
        return "206 without a Content-Range that can be read"
    if (found.first, found.last, found.total) != (span.first + got, span.last, span.total):
        return f"another part: {known['content-range'].strip()}"
    if _length(known) not in {None, span.size - got}:
        return "206 whose Content-Length contradicts its Content-Range"
    return 0


def _whole(span: Span, got: int, known: dict[str, str], *, checked: bool) -> int | str:
    """The upstream ignores Range: what is there already is passed over, where it is sure to be the same."""
    same = checked or (span.etag is not None and known.get("etag") == span.etag and span.etag.startswith('"'))
    if not same:
        return "200 in place of 206, and nothing tells that it is the same content"
    if span.last != span.total - 1 or _length(known) != span.total:
        return "200 in place of 206, of another length"
    return span.first + got


def asks(status: int, *, started: bool) -> bool:
    """Whether, at a response head of this status, another request may do better: elsewhere, later, with a new URL.

    ``started``: part of the body has been passed on, so no answer but the rest of it is of any use.
    """
    if started:
        return status >= 300 and status not in {304, 416}
    return status in {301, 302, 303, 307, 308, 403, 429} or status >= 500


def is_redirect(status: int) -> bool:
    """Whether the status is no failure, but the name of another place."""
    return status in {301, 302, 303, 307, 308}


def attempt_after(attempt: int, gained: int) -> int:
    """The number of the next try, counted from 1, when ``gained`` bytes came since try ``attempt``."""
    return 1 if gained >= REFILL else attempt + 1


def _coded(known: dict[str, str]) -> bool:
    return known.get("content-encoding", "identity").strip().lower() not in {"", "identity"}


def _length(known: dict[str, str]) -> int | None:
    text = known.get("content-length", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
