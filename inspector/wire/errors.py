"""Error bodies: what a refusal says for itself.

Knows: distribution-spec v1.1 (Error Codes), RFC 6749 section 5.2, the XML of object stores, and HTML pages of those in
between. Must not know: the status, or whose fault it is.
"""

import html
import re
from typing import Any

import msgspec

from inspector.wire.clean import clean
from inspector.wire.jsontext import load

LIMIT = 64 * 1024
"""Bytes of a body that are read."""

_START = 80
_MOST_CODES = 20

# Codes are words: UNAUTHORIZED (distribution-spec), invalid_token (RFC 6750), NoSuchKey (S3).
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
_HTML = re.compile(
    r"\s*(?:<!--[^>]{0,1000}-->\s*)?(?:<!doctype\s+html|<html|<head|<body|<title|<center|<h1)", re.IGNORECASE
)
_XML_ERROR = re.compile(r"<(?:\w{1,20}:)?Error\b")
_XML_CODE = re.compile(r"<Code>\s*([A-Za-z][A-Za-z0-9_.-]{0,99})\s*</Code>")
_XML_MESSAGE = re.compile(r"<Message>([^<]{1,2000})")

# Where token services and gateways put their sentence, in the order of trust.
_MESSAGE_KEYS = ("message", "details", "error_description", "detail", "error_message", "msg")


class RegistryError(msgspec.Struct, frozen=True):
    """``codes`` as the body writes them; ``message`` the first sentence for people; ``start`` the first characters."""

    codes: tuple[str, ...] = ()
    message: str | None = None
    html: bool = False
    title: str | None = None
    xml_code: str | None = None
    start: str = ""


def parse_error_body(document: bytes) -> RegistryError:
    """What the body of a 4xx or 5xx answer says; every field empty when it says nothing that is known."""
    head = document[:LIMIT]
    text = head.decode(errors="replace").removeprefix("\ufeff")
    start = clean(text[: _START * 4].strip(), _START)
    loaded = load(head, LIMIT)
    if loaded is not None:
        codes, message = _from_json(loaded.value)
        return RegistryError(codes=codes, message=message, start=start)
    if _HTML.match(text):
        found = _TITLE.search(text)
        title = _sentence(html.unescape(found[1]), 200) if found else None
        return RegistryError(html=True, title=title, start=start)
    if text.lstrip()[:1] == "<" and _XML_ERROR.search(text):
        code, said = _XML_CODE.search(text), _XML_MESSAGE.search(text)
        return RegistryError(
            xml_code=code[1] if code else None,
            message=_sentence(html.unescape(said[1]), 1000) if said else None,
            start=start,
        )
    return RegistryError(start=start)


def _from_json(value: Any) -> tuple[tuple[str, ...], str | None]:
    if not isinstance(value, dict):
        return (), None
    fields = {key.lower(): item for key, item in value.items()}
    errors = fields.get("errors")
    entries: list[Any] = errors if isinstance(errors, list) else [errors]
    codes: dict[str, None] = {}
    message: str | None = None
    for entry in entries[:_MOST_CODES]:
        code, said = _entry(entry)
        if code:
            codes[code] = None
        message = message or said
    own_code, own_message = _entry(fields)
    if own_code:
        codes[own_code] = None
    return tuple(codes), message or own_message


def _entry(entry: Any) -> tuple[str | None, str | None]:
    """Code and message of one error object, of the spec's form or of OAuth's."""
    if isinstance(entry, str):
        return None, _sentence(entry, 1000)
    if not isinstance(entry, dict):
        return None, None
    fields = {str(key).lower(): item for key, item in entry.items()}
    code = next(
        (v for k in ("code", "error") if isinstance(v := fields.get(k), str) and _CODE.fullmatch(v)), None
    )
    said = next(
        (m for k in _MESSAGE_KEYS if isinstance(v := fields.get(k), str) and (m := _sentence(v, 1000))), None
    )
    if said is None and code is None and isinstance(fields.get("error"), str):
        said = _sentence(fields["error"], 1000)
    return code, said


def _sentence(text: str, limit: int) -> str | None:
    """One line of clean text, or None when nothing is left."""
    return clean(" ".join(text[: limit * 4].split()), limit) or None
