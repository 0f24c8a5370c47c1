"""Secrets inside running text: the values that were seen lately, and the shapes that only secrets have.

Knows: which strings are secret. Must not know: headers, bodies, URLs as such. Memory is bounded: the last values win.
"""

import base64
import re
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from inspector.sources.pseudonym import PSEUDONYM, Pseudonyms, is_pseudonym

_REMEMBERED = 64
_LONGEST_SECRET = 16 * 1024
_SHORTEST_ANYWHERE = 8  # a shorter value is replaced only as a word of its own, and only in prose
_SHORTEST_WORD = 3

# Shapes: a JWT (three parts of base64url, the first an object), and the prefixes that hubs give their tokens so that
# scanners find them: Docker Hub, GitHub, GitLab, AWS, Google, Slack-style and Quay robots are met in registry traffic.
_SHAPES = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}"
    r"|dckr_[a-z]+_[A-Za-z0-9_-]+"
    r"|gh[a-z]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}"
    r"|gl[a-z]{2,4}-[A-Za-z0-9_-]{16,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|ya29\.[A-Za-z0-9_-]{16,}"
    r"|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{16,}"
)
_HINTS = ("eyJ", "dckr_", "gh", "github_pat", "gl", "KIA", "SIA", "ya29.", "earer", "EARER", "asic", "ASIC")

# key=value, key: value and "key":"value" in prose, where the key names a secret.
_KEYED = re.compile(
    r"(?i)((?:token|secret|passw(?:or)?d|passwd|pwd|signature|credential|api[-_]?key|session|cookie|jwt)[\w.-]{0,64}"
    r"|\bsig|\bauth|\bauthorization|\baccount|\bkey)(\"?\s*[=:]\s*\"?(?:(?:bearer|basic)\s+)?)"
    r"(‹[a-z]+ [0-9a-f]{8}›|‹empty›|‹…›|(?!…)[^\s&\"'<>,;]+)"
)
_RUN_BEFORE = re.compile(r"[^\s\"'<>,;=:]*$")
_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]{0,20}://(?:‹[a-z]+ [0-9a-f]{8}›|[^\s\"'<>])+")
# A long run that mixes letters and digits, as random values do; digests are told apart by being hexadecimal.
_RUN = re.compile(r"[A-Za-z0-9_+/=-]{32,}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_.:-]{0,47}|[A-Za-z_][\w.:-]{0,15}")
_MIXED = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])(?![a-z]+/[a-z])(?!https?:)(?!sha\d+:)[!-~]+")
_HEX = re.compile(r"(?:sha\d+[:/_-])?[0-9a-fA-F-]{32,}")
_ALWAYS = re.compile(
    "(?i)passw|pwd|secret|credential|authorization"
)  # a key after which any word may be the secret


def looks_opaque(value: str) -> bool:
    """Whether a name looks like a random token: 32 characters of base64url or more, mixed, and no hex digest."""
    if len(value) < 32 or _RUN.fullmatch(value.replace(".", "_").replace("~", "_")) is None:
        return False
    if _HEX.fullmatch(value):
        return False
    uppers = sum(c.isupper() for c in value)
    if "/" in value:  # base64 has the slash of a path; a path has few capitals
        return any(c.isdigit() for c in value) and uppers * 6 > len(value) and uppers < len(value)
    return any(c.isdigit() for c in value) or 0 < uppers < sum(c.isalpha() for c in value)


def is_plain_name(name: str) -> bool:
    """Whether a key may be shown: a word or a short identifier, and no value that slipped in where a name belongs."""
    return _NAME.fullmatch(name) is not None and not looks_opaque(name)


def _secretish(value: str) -> bool:
    return len(value) >= 8 and _MIXED.fullmatch(value) is not None and _HEX.fullmatch(value) is None


class Scrubber:
    """Replaces secrets in text. ``learn`` is told every secret that is met; the last 64 are remembered."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonym = pseudonyms
        self._known: OrderedDict[str, str] = OrderedDict()
        self._spelled: dict[str, tuple[str, ...]] = {}  # their other forms, as errors repeat them

    def learn(self, value: str, pseudonym: str) -> None:
        """Remember that ``value`` is secret and what stands for it.

        A value of which nothing is known but that its place is not on a list is remembered only when it looks like a
        secret: an unknown query value may as well be a media type, which every header would then lose.
        """
        if not _SHORTEST_WORD <= len(value) <= _LONGEST_SECRET or is_pseudonym(value):
            return
        if pseudonym.startswith("‹value") and not _secretish(value):
            return
        if value in self._known:
            self._known.move_to_end(value)
            return
        self._known[value] = pseudonym
        self._spelled[value] = _spellings(value)
        if len(self._known) > _REMEMBERED:
            oldest, _ = self._known.popitem(last=False)
            self._spelled.pop(oldest, None)

    def line(self, text: str) -> str:
        """A header value or a URL: known secrets of eight characters and more, and telling shapes."""
        return outside(text, self._line) if text else text

    def prose(self, text: str, url: Callable[[str], str] | None = None) -> str:
        """An error's sentence: also short secrets as words, ``key=value``, URLs (by ``url``), and random runs."""
        if url is not None:
            text = _URL.sub(lambda match: url(match.group()), text)
        text = _KEYED.sub(self._keyed, text)
        return outside(text, self._prose)

    def name(self, text: str, url: Callable[[str], str]) -> str:
        """A file's name: shapes, ``key=value`` and URLs; a long path is no random run."""
        return self.shapes(_KEYED.sub(self._keyed, _URL.sub(lambda match: url(match.group()), text)))

    def urls(self, text: str, url: Callable[[str], str]) -> str:
        """``text`` with the URLs in it replaced by ``url``'s answers."""
        return _URL.sub(lambda match: url(match.group()), text)

    def shapes(self, text: str) -> str:
        """``text`` with nothing but the telling shapes replaced: the same for the same text, whatever was learnt."""
        for hint in _HINTS:
            if hint in text:
                return outside(text, lambda part: _SHAPES.sub(self._shape, part))
        return text

    def known_in(self, text: str) -> bool:
        """Whether a known secret of eight characters and more stands in ``text``."""
        return any(secret in text for secret in self._known if len(secret) >= _SHORTEST_ANYWHERE)

    def _line(self, text: str) -> str:
        forms = [s for s in self._known if len(s) >= _SHORTEST_ANYWHERE and s in text]
        for secret in sorted(forms, key=len, reverse=True):
            text = outside(text, partial(_replaced, secret=secret, pseudonym=self._known[secret]))
        return self.shapes(text)

    def _prose(self, text: str) -> str:
        forms = [
            (form, self._known[secret])
            for secret, spelled in self._spelled.items()
            for form in spelled
            if form in text
        ]
        forms += [(secret, pseudonym) for secret, pseudonym in self._known.items() if secret in text]
        for form, pseudonym in sorted(forms, key=lambda pair: -len(pair[0])):
            text = outside(text, partial(_replaced, secret=form, pseudonym=pseudonym))
        text = self.shapes(text)
        return outside(text, lambda part: _RUN.sub(self._run, part))

    def _shape(self, match: re.Match[str]) -> str:
        scheme, space, value = match.group().rpartition(" ")
        return f"{scheme}{space}{self._pseudonym('token', value)}"

    def _run(self, match: re.Match[str]) -> str:
        value = match.group()
        return self._pseudonym("opaque", value) if looks_opaque(value.strip("=/+")) else value

    def _keyed(self, match: re.Match[str]) -> str:
        key, separator, value = match.groups()
        if is_pseudonym(value) or value.lower() in {"bearer", "basic"}:  # a scheme's name, its secret cut off
            return match.group()
        # "repository private/secret:pull" names an image, not a key.
        before = _RUN_BEFORE.search(match.string[max(0, match.start() - 256) : match.start()])
        if "=" not in separator and '"' not in separator and before and "/" in before.group():
            return match.group()
        # "invalid token: signature is expired" is prose; "token: 8f2k…" is not.
        prose = ":" in separator and '"' not in separator and value.isalpha() and len(value) < 16
        if prose and not _ALWAYS.search(key):
            return match.group()
        return f"{key}{separator}{self._pseudonym('value', value)}"


def _spellings(secret: str) -> tuple[str, ...]:
    """The secret percent-encoded, and in both alphabets of base64 with and without padding; the longer forms first."""
    data = secret.encode("utf-8", "surrogateescape")
    packed = [base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()]
    forms = {quote(data, safe=""), *packed, *(form.rstrip("=") for form in packed)} - {secret}
    return tuple(sorted((form for form in forms if len(form) >= _SHORTEST_ANYWHERE), key=len, reverse=True))


def _replaced(text: str, secret: str, pseudonym: str) -> str:
    """``secret`` replaced: a short one only where it is a word of its own."""
    if len(secret) >= _SHORTEST_ANYWHERE:
        return text.replace(secret, pseudonym)
    return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", lambda _: pseudonym, text)


def outside(text: str, change: Callable[[str], str]) -> str:
    """``change`` applied to what lies between pseudonyms: what is replaced once is not looked at again."""
    if "‹" not in text:
        return change(text)
    parts: list[str] = []
    end = 0
    for match in PSEUDONYM.finditer(text):
        parts += [change(text[end : match.start()]), match.group()]
        end = match.end()
    return "".join([*parts, change(text[end:])])
