"""How many bytes came: counted where the body was recorded, by Content-Length where it only went by.

Knows: steps and their messages. Must not know: columns. A body that mitmproxy streamed and did not keep has no size in
the recording; but HTTP itself holds a transfer to its Content-Length (RFC 9112 section 8, RFC 9113 section 8.1.1), so
where nothing broke off, so much came.
"""

import re
from collections.abc import Iterable

import msgspec

from inspector.core.exchange import Exchange
from inspector.core.pull import Stage, Step
from inspector.report.units import UNKNOWN, size

_LENGTH = re.compile(r"[0-9]{1,18}")
ANNOUNCED = "~"
"""Stands before a size that is known from Content-Length alone."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of several steps. ``all_known`` is false when a body of content has no size; ``announced`` of how many is."""

    bytes: int
    all_known: bool
    announced: int

    def __str__(self) -> str:
        return ("" if self.all_known else "≥") + (ANNOUNCED if self.announced else "") + size(self.bytes)

    def in_words(self) -> str:
        """``311 kB``, ``~300 MB`` by Content-Length, ``at least 6.8 kB``."""
        return (
            ("" if self.all_known else "at least ") + (ANNOUNCED if self.announced else "") + size(self.bytes)
        )


def received(steps: Iterable[Step]) -> Received:
    """The bodies of all steps together."""
    total, announced, all_known = 0, 0, True
    for step in steps:
        count = step.size if step.size is not None else announced_size(step)
        if step.size is None and count is not None:
            announced += count
        if count is None and could_be_verified(step.exchange, step.stage):
            all_known = False
        total += count or 0
    return Received(bytes=total, all_known=all_known, announced=announced)


def size_cell(step: Step) -> str:
    """A step's size in a column: ``305 kB``, ``~50 MB`` by Content-Length; a dash for none or not known."""
    if step.exchange.method == "HEAD":
        return UNKNOWN
    if step.size is not None:
        return size(step.size) if step.size else UNKNOWN
    count = announced_size(step)
    return ANNOUNCED + size(count) if count else UNKNOWN


def announced_size(step: Step) -> int | None:
    """What Content-Length says of a body that came whole and whose bytes nobody counted; None otherwise."""
    exchange = step.exchange
    body = exchange.response_body
    if (
        step.size is not None
        or exchange.method != "GET"
        or exchange.status not in {200, 206}
        or exchange.open
    ):
        return None
    if body is None or not body.complete or exchange.error is not None:
        return None
    value = exchange.response_header("content-length") or ""
    return int(value) if _LENGTH.fullmatch(value) else None


def could_be_verified(exchange: Exchange, stage: Stage) -> bool:
    """A 200 to a GET of content: what a digest can be computed of."""
    return (
        exchange.method == "GET"
        and exchange.status == 200
        and stage in {Stage.MANIFEST, Stage.BLOB, Stage.CDN}
    )
