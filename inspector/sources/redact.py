"""The redactor: the one object through which everything passes that is told of the traffic.

Knows: the level that the user chose. Must not know: events, flows. ``default`` replaces secrets; ``strict`` also
addresses of clients and servers and the details of user agents; ``none`` replaces nothing. Text is cleaned at each level.
Deterministic within a process, and idempotent: what a recorder has redacted comes through a second time unchanged.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Literal, get_args

from inspector.core.events import Headers
from inspector.sources import redact_body, redact_headers
from inspector.sources.pseudonym import CLOSE, OPEN, Pseudonyms
from inspector.sources.redact_url import redact_url
from inspector.sources.scrub import Scrubber
from inspector.wire.clean import clean
from inspector.wire.jsontext import load
from inspector.wire.token import redact_token_answer

type Level = Literal["default", "strict", "none"]
LEVELS: tuple[str, ...] = get_args(Level.__value__)

_MOST_FIELDS = 1000
_MOST_BYTES = 1024 * 1024  # of all values together: more than any server takes
_LONGEST_NAME = 128
_LONGEST_VALUE = 16 * 1024
_LONGEST_URL = 16 * 1024
_MEMO = 2048
_MOST_ROUNDS = 6
_START = 40  # characters of an answer that is no object, as in wire.token
_HOSTS = frozenset({"host", "x-forwarded-host", "forwarded"})
_FIRST_PRODUCT = re.compile(r"[^\s(]{1,64}")
_BYTES = re.compile(r"""(?<!\w)b(?:'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?)""")
_AN_ADDRESS = re.compile(
    r"(?<![\w.])(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}\]?)(?![\w.])"
)


class Redactor:
    """Replaces secrets by pseudonyms and cleans text. One per source: it remembers the last secrets that it met.

    Text is cleaned before it is searched: what is found in it then is found in the result again, unchanged.
    Raises ValueError for a level that is none of ``LEVELS``. ``key`` (tests) fixes the keyed pseudonyms.
    """

    def __init__(self, level: Level = "default", *, key: bytes | None = None) -> None:
        if level not in LEVELS:
            raise ValueError(f"redaction is one of {', '.join(LEVELS)}, not {level!r}")
        self.level = level
        self.pseudonym = Pseudonyms(key)
        self._scrubber = Scrubber(self.pseudonym)
        self._memo: dict[tuple[bytes, bytes], tuple[str, str]] = {}

    # -- text ------------------------------------------------------------------------------------------------------

    def line(self, text: str, limit: int = 4096) -> str:
        """A short text of the protocol, such as a host or a version: telling shapes and known secrets replaced."""
        text = clean(text, limit)
        return text if self.level == "none" else clean(self._scrubber.line(text), limit)

    def prose(self, text: str, limit: int = 4096) -> str:
        """A sentence of an error: everything that looks like a secret replaced."""
        text = clean(text, limit)
        return text if self.level == "none" else clean(self._quoted_prose(text), limit)

    def complaint(self, text: str, limit: int = 4096) -> str:
        """mitmproxy's sentence about what went wrong; a peer's bytes, which it may quote, are left out."""
        return self.prose(text if self.level == "none" else _BYTES.sub("b'…'", text), limit)

    def file_name(self, name: str) -> str:
        """A file's name, as it is shown."""
        name = clean(name, 1024)
        return name if self.level == "none" else self._scrubber.name(name, self._inner_url)

    def url(self, url: str) -> str:
        """A URL, absolute or relative."""
        url = clean(url, _LONGEST_URL)
        if self.level == "none":
            return url
        return _cut(_settled(lambda text: self._scrubber.line(self._inner_url(text)), url), _LONGEST_URL)

    def _inner_url(self, url: str) -> str:
        return redact_url(url, self.pseudonym, self._scrubber.learn)

    def address(self, host: str) -> str:
        """An IP address or host of an end: a pseudonym at level strict."""
        return self.pseudonym("address", host) if self.level == "strict" and host else clean(host, 256)

    def _addresses(self, text: str) -> str:
        if self.level != "strict":
            return text
        return _AN_ADDRESS.sub(lambda match: self.pseudonym("address", match.group()), text)

    # -- header fields ---------------------------------------------------------------------------------------------

    def headers(self, fields: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Header fields as the events hold them: names in lower case, values cleaned and redacted."""
        shown: list[tuple[str, str]] = []
        memo = self._memo
        left = _MOST_BYTES
        for count, field in enumerate(fields):
            left -= min(len(field[1]), _LONGEST_VALUE)
            if count == _MOST_FIELDS or left < 0:
                break
            shown.append(memo.get(field) or self._field(field))
        if self.level == "none":
            return tuple(shown)
        return self._without_known(shown)

    def _without_known(self, shown: list[tuple[str, str]]) -> Headers:
        """The fields, with the secrets that were met before replaced wherever they stand."""
        found = self._scrubber.known_in("\n".join([value for _, value in shown]))
        if not found:
            return tuple(shown)
        kept = redact_headers.CREDENTIALS
        return tuple([(name, value if name in kept else self._again(name, value)) for name, value in shown])

    def _again(self, name: str, value: str) -> str:
        return _cut(
            _settled(lambda text: self._value(name, self._scrubber.line(text)), value), _LONGEST_VALUE
        )

    def _field(self, field: tuple[bytes, bytes]) -> tuple[str, str]:
        name = clean(field[0][:256].decode("utf-8", "surrogateescape").strip().lower(), _LONGEST_NAME)
        raw = clean(field[1][: 2 * _LONGEST_VALUE].decode("utf-8", "surrogateescape"), _LONGEST_VALUE)
        if self.level == "none":
            return name, raw
        shown = name, _cut(_settled(lambda text: self._value(name, text), raw), _LONGEST_VALUE)
        if name in redact_headers.PLAIN and len(raw) <= 1024:
            if len(self._memo) >= _MEMO:
                self._memo.clear()
            self._memo[field] = shown
        return shown

    def _value(self, name: str, raw: str) -> str:
        learn = self._scrubber.learn
        if name in redact_headers.PLAIN:
            return self._plain(name, raw)
        if name == "warning":  # a sentence
            return self._quoted(raw)
        if name in redact_headers.CREDENTIALS:
            return redact_headers.redact_credential(raw, self.pseudonym, learn)
        if name in redact_headers.URLS:
            return self._inner_url(raw)
        if name in redact_headers.CHALLENGES:
            return redact_headers.redact_challenge(raw, self.pseudonym, self._inner_url, self._quoted)
        if name == "link":
            return redact_headers.redact_link(raw, self._inner_url, self._quoted)
        if name in {"cookie", "set-cookie"}:
            return redact_headers.redact_cookie(name, raw, self.pseudonym, learn)
        if not raw:
            return ""
        pseudonym = self.pseudonym("value", raw)
        learn(raw, pseudonym)
        return pseudonym

    def _quoted(self, text: str) -> str:
        return self._scrubber.prose(text, self._inner_url)

    def _plain(self, name: str, raw: str) -> str:
        if self.level == "strict":
            if name in redact_headers.ADDRESSES:
                return self.pseudonym("address", raw)
            if name == "user-agent":
                match = _FIRST_PRODUCT.match(raw)
                raw = match.group() if match else ""
        if "@" in raw and name in _HOSTS:
            userinfo, _, host = raw.rpartition("@")
            self._swap("basic", userinfo)
            raw = host
        if "://" in raw:
            raw = self._scrubber.urls(raw, self._inner_url)
        return self._scrubber.shapes(raw)

    # -- bodies ----------------------------------------------------------------------------------------------------

    def token_answer(self, data: bytes) -> bytes:
        """A token service's answer, tokens replaced by the pseudonyms that the requests with them will show."""
        if self.level == "none":
            return data
        kept = redact_token_answer(data, self._token)
        if kept.startswith(b"{"):
            return self._scrubber.line(kept.decode(errors="replace")).encode(errors="replace")
        # No object: its first characters are told, of a text that is searched before it is cut.
        loaded = load(data, 64 * 1024)
        text = (
            loaded.value if loaded and isinstance(loaded.value, str) else data[:4096].decode(errors="replace")
        )
        return json.dumps(_settled(self._start, clean(text, 4096)), ensure_ascii=False).encode(
            errors="replace"
        )

    def _start(self, text: str) -> str:
        told = redact_token_answer(json.dumps(_cut(self._quoted_prose(text), _START)).encode(), self._token)
        return str(json.loads(told))

    def _token(self, value: str) -> str:
        pseudonym = self.pseudonym("token", value)
        self._scrubber.learn(value, pseudonym)
        return pseudonym

    def form(self, data: bytes) -> bytes:
        """A form that was sent to a token service."""
        return data if self.level == "none" else redact_body.redact_form(data, self._swap)

    def error(self, data: bytes) -> bytes | None:
        """The body of a refusal, 64 KiB at most; None when nothing of it can be told."""
        if self.level == "none":
            return data[: redact_body.ERROR_LIMIT]
        return redact_body.redact_error(data, self._quoted_prose, self._swap)

    def _quoted_prose(self, text: str) -> str:
        return _settled(lambda part: self._addresses(self._quoted(part)), text)

    def _swap(self, kind: str, value: str) -> str:
        pseudonym = self.pseudonym(kind, value)
        self._scrubber.learn(value, pseudonym)
        return pseudonym


def _settled(change: Callable[[str], str], text: str) -> str:
    """``text`` changed until nothing changes any more: what is replaced may make another pattern fit what is left."""
    for _ in range(_MOST_ROUNDS):
        told = change(text)
        if told == text or OPEN not in told:
            return told
        text = told
    return text


def _cut(text: str, limit: int) -> str:
    """``text`` cleaned and no longer than ``limit``; half a pseudonym at the end goes as a whole."""
    shown = clean(text, limit)
    if len(shown) < limit or not shown.endswith("…"):
        return shown
    at = shown.rfind(OPEN)
    return f"{shown[:at]}…" if at > shown.rfind(CLOSE) else shown
