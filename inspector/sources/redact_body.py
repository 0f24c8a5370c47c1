"""Bodies without their secrets: what of a token answer, a form and an error may be kept as a document.

Knows: which fields of an error say what is wrong (distribution-spec v1.1, Error Codes; RFC 6749 section 5.2; the XML of
object stores), which of a form say what is asked. Must not know: exchanges. Keeping is by allow-list; what is kept is
searched for secrets. Applying a function to its own result changes nothing more.
"""

import html
import json
import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from inspector.sources.pseudonym import as_pseudonym
from inspector.sources.scrub import is_plain_name, looks_opaque
from inspector.wire.clean import clean
from inspector.wire.jsontext import load

type Replace = Callable[[str, str], str]
type Prose = Callable[[str], str]

ERROR_LIMIT = 64 * 1024
"""Bytes of an error body that are looked at."""

_LONGEST_TEXT = 4096
_MOST_ENTRIES = 100
_DEEPEST = 4

_FORM_NAMES = frozenset({"grant_type", "service", "client_id", "scope", "access_type"})
_ERROR_NAMES = frozenset({
    "errors", "error", "code", "message", "detail", "details", "error_description", "error_message", "msg", "title",
    "status", "statuscode", "reason", "type",
})  # fmt: skip
_DETAIL_NAMES = _ERROR_NAMES | frozenset({
    "class", "name", "action", "actions", "tag", "digest", "reference", "repository", "revision", "manifest",
    "mediatype", "limit", "remaining", "unit", "size", "index", "kind", "resource", "permission", "provided",
})  # fmt: skip

_HTML = re.compile(
    r"\s*(?:<!--[^>]{0,1000}-->\s*)?(?:<!doctype\s+html|<html|<head|<body|<title|<center|<h1)", re.IGNORECASE
)
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
_XML_ERROR = re.compile(r"<(?:\w{1,20}:)?Error\b")
_XML_CODE = re.compile(r"<Code>\s*([A-Za-z][A-Za-z0-9_.-]{0,99})\s*</Code>")
_XML_MESSAGE = re.compile(r"<Message>([^<]{1,2000})")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def form_pairs(data: bytes) -> list[tuple[str, str]]:
    """The decoded names and values of a form, 64 KiB and 100 pairs at most."""
    pairs = data[:ERROR_LIMIT].decode(errors="replace").split("&", _MOST_ENTRIES)[:_MOST_ENTRIES]
    return [
        (unquote_plus(name), unquote_plus(value))
        for name, _, value in (pair.partition("=") for pair in pairs)
    ]


def redact_form(data: bytes, replace: Replace) -> bytes:
    """A POST form to a token service: what is asked for stays, who asks is replaced (token spec, oauth2)."""
    out = []
    text = clean(data[:ERROR_LIMIT].decode(errors="replace"), ERROR_LIMIT)
    for pair in text.split("&", _MOST_ENTRIES)[:_MOST_ENTRIES]:
        name, _, raw = pair.partition("=")
        plain = unquote_plus(raw)
        if name in _FORM_NAMES and not looks_opaque(plain):
            out.append(pair)
            continue
        shown = as_pseudonym(name) or (name if is_plain_name(name) else replace("value", unquote_plus(name)))
        if not plain:
            out.append(shown if "=" not in pair else f"{shown}=")
        else:
            kind = "token" if "token" in name.lower() else "basic"  # a form's user and password are Basic's
            out.append(f"{shown}={as_pseudonym(raw) or replace(kind, plain)}")
    return "&".join(out).encode(errors="replace")


def redact_error(data: bytes, prose: Prose, replace: Replace) -> bytes | None:
    """An error body (JSON, XML, HTML or text) cut down to what says what is wrong; None when it is none of these."""
    head = data[:ERROR_LIMIT]
    text = head.decode(errors="replace").removeprefix("\ufeff")

    def say(value: str, limit: int = _LONGEST_TEXT) -> str:
        return clean(prose(clean(value, limit)), limit)

    loaded = load(head, ERROR_LIMIT)
    if loaded is not None:
        kept = _kept(loaded.value, _ERROR_NAMES, say, replace, 0)
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    if _HTML.match(text):
        title = _TITLE.search(text)
        inner = f"<head><title>{_marked(title[1], say)}</title></head>" if title else ""
        return f"<html>{inner}</html>".encode(errors="replace")
    if text.lstrip()[:1] == "<" and _XML_ERROR.search(text):
        code, message = _XML_CODE.search(text), _XML_MESSAGE.search(text)
        parts = f"<Code>{say(code[1])}</Code>" if code else ""
        parts += f"<Message>{_marked(message[1], say)}</Message>" if message else ""
        return f"<Error>{parts}</Error>".encode(errors="replace")
    if text.count("\ufffd") > 8 or _CONTROL.search(text[:1024].replace("\x1b", "")):
        return None
    return say(text).encode(errors="replace") or None


def _marked(value: str, say: Callable[[str], str]) -> str:
    return html.escape(say(html.unescape(value)), quote=False)


def _kept(value: Any, names: frozenset[str], say: Callable[[str], str], replace: Replace, depth: int) -> Any:
    """The parts of a JSON value that the allow-list names; text searched, everything unknown replaced."""
    if isinstance(value, str):
        return say(value)
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, float) or math.isfinite(value) else None
    if depth > _DEEPEST:
        return None
    if isinstance(value, list):
        return [_kept(item, names, say, replace, depth + 1) for item in value[:_MOST_ENTRIES]]
    kept: dict[str, Any] = {}
    for key, item in list(value.items())[:_MOST_ENTRIES]:
        if key.lower() in names:
            inner = names if key.lower() in {"errors", "error"} else _DETAIL_NAMES
            kept[key] = _kept(item, inner, say, replace, depth + 1)
        elif depth > 0 and is_plain_name(key):
            secret = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)
            kept[key] = item if item is None else replace("value", secret)
    return kept
