"""WWW-Authenticate: what a registry asks for before it answers.

Knows: the grammar of RFC 9110 section 11, and the ways in which registries miss it. Must not know: who answers the
challenge, or whether its realm is wise. Reading is lenient and linear; each deviation is told in ``problems``.
"""

import re
from collections.abc import Iterable

import msgspec

from inspector.wire.clean import clean

LIMIT = 64 * 1024
"""Characters of all header values together that are read."""

MOST_CHALLENGES = 32
MOST_PROBLEMS = 16
MOST_PARAMS = 64

# RFC 9110 section 5.6.2: token = 1*tchar
_TCHAR = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_TOKEN = re.compile(_TCHAR + "+")

# RFC 9110 section 5.6.3, 5.6.1: OWS = *( SP / HTAB ); a list may have empty elements
_GAP = re.compile(r"[ \t\r\n,]*")
_OWS = re.compile(r"[ \t\r\n]*")

# RFC 9110 section 11.2
#   token68    = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
#   auth-param = token BWS "=" BWS ( token / quoted-string )
# A token68 ends the challenge: after it comes a comma or nothing.
_TOKEN68 = re.compile(r"([A-Za-z0-9._~+/-]+=*)[ \t]*(?=,|$)")
_EQUALS = re.compile(r"[ \t\r\n]*=[ \t\r\n]*")

# RFC 9110 section 5.6.4
#   quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
#   quoted-pair   = "\" ( HTAB / SP / VCHAR / obs-text )
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)

# Beyond the grammar: a value that needed quotes and has none, such as Zot's realm.
_BARE = re.compile(r'[^\s,"]+')
_BARE_SCOPE = re.compile(r'[^\s,"]+(?:,(?:pull|push|delete|\*)(?![^\s,]))*')
_UP_TO_COMMA = re.compile(r"[^,]*")

# Names that no scheme has: a bare one is a parameter without its value, not the next challenge.
_NAMES = frozenset({"realm", "service", "scope", "error", "error_description", "charset"})


class Challenge(msgspec.Struct, frozen=True):
    """One challenge.

    ``scheme`` and the names of ``params`` are in lower case; ``scheme`` is empty when the header names none. The first
    value of a repeated parameter wins; ``scopes`` has every scope of every scope parameter. ``problems`` are short
    sentences, ``raw`` is the challenge's own text, cleaned.
    """

    scheme: str
    params: dict[str, str]
    scopes: tuple[str, ...]
    token68: str | None
    problems: tuple[str, ...]
    raw: str

    @property
    def realm(self) -> str | None:
        return self.params.get("realm")

    @property
    def service(self) -> str | None:
        return self.params.get("service")


def parse_challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge of every WWW-Authenticate value, in order (RFC 9110 section 11.6.1)."""
    found: list[Challenge] = []
    left = LIMIT
    for value in values:
        if left <= 0 or len(found) >= MOST_CHALLENGES:
            break
        reader = _Reader(value[:left], MOST_CHALLENGES - len(found))
        reader.read()
        drafts = reader.drafts
        if len(value) > left and drafts:
            drafts[-1].problems.insert(0, f"only the first {LIMIT // 1024} KiB were read")
        left -= len(value)
        found += [draft.finish() for draft in drafts]
    return tuple(found)


class _Draft:
    """A challenge while it is read."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.params: dict[str, str] = {}
        self.scopes: list[str] = []
        self.token68: str | None = None
        self.problems: list[str] = []
        self.raw = ""

    def say(self, problem: str) -> None:
        if problem not in self.problems and len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def add(self, name: str, value: str) -> None:
        if name == "scope":
            self.scopes += value.split()
        if name in self.params:
            self.say(f"parameter {name} stands twice")
        elif len(self.params) < MOST_PARAMS:
            self.params[name] = value
        else:
            self.say(f"more than {MOST_PARAMS} parameters")

    def finish(self) -> Challenge:
        return Challenge(
            scheme=self.scheme,
            params=self.params,
            scopes=tuple(self.scopes),
            token68=self.token68,
            problems=tuple(self.problems),
            raw=clean(self.raw),
        )


class _Reader:
    """Walks one header value once, from left to right. Every step goes forward, so the time is linear."""

    def __init__(self, text: str, most: int) -> None:
        self.text = text
        self.most = most
        self.at = 0
        self.start = 0
        self.drafts: list[_Draft] = []

    def read(self) -> None:
        while True:
            gap = self._take(_GAP)
            comma = "," in gap or not self.drafts
            if self.at >= len(self.text):
                break
            word = self._take(_TOKEN)
            if not word:
                self._draft().say("text stands where a scheme or a parameter is expected")
                self._take_some_of(_UP_TO_COMMA)
            elif self._peek(_EQUALS):
                self._parameter(word, comma=comma)
            elif self.drafts and word.lower() in _NAMES:
                self._valueless(word.lower())
            elif not self._scheme(word, comma=comma):
                break
        self._close(len(self.text))

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match.group()

    def _take_some_of(self, pattern: re.Pattern[str]) -> None:
        before = self.at
        self._take(pattern)
        self.at = max(self.at, before + 1)

    def _peek(self, pattern: re.Pattern[str]) -> bool:
        return pattern.match(self.text, self.at) is not None

    def _draft(self) -> _Draft:
        """The challenge being read; one without a scheme where the header starts with something else."""
        if not self.drafts:
            draft = _Draft("")
            draft.say("the scheme is missing")
            self.drafts.append(draft)
        return self.drafts[-1]

    def _close(self, end: int) -> None:
        if self.drafts:
            self.drafts[-1].raw = self.text[self.start : end].strip(" \t\r\n,")
        self.start = end

    def _scheme(self, word: str, *, comma: bool) -> bool:
        begin = self.at - len(word)
        if len(self.drafts) >= self.most:
            self.drafts[-1].say(f"only the first {MOST_CHALLENGES} challenges were read")
            return False
        if not comma:
            self.drafts[-1].say(f"the comma before {clean(word, 64)} is missing")
        self._close(begin)
        draft = _Draft(clean(word.lower(), 64))
        self.drafts.append(draft)
        self._take(_OWS)
        match = _TOKEN68.match(self.text, self.at)
        if match and match[1].rstrip("=").lower() not in _NAMES:
            draft.token68 = clean(match[1])
            self.at = match.end()
        elif match:
            self.at = match.end()
            self._valueless(match[1].rstrip("=").lower())
        return True

    def _valueless(self, name: str) -> None:
        draft = self._draft()
        draft.say(f"{name} has no value")
        draft.add(name, "")

    def _parameter(self, word: str, *, comma: bool) -> None:
        draft = self._draft()
        name = clean(word.lower(), 64)
        if not comma and (draft.params or draft.token68):
            draft.say(f"the comma before {name} is missing")
        self._take(_EQUALS)
        value = self._value(draft, name)
        if value is None:
            self._valueless(name)
        else:
            draft.add(name, clean(value))

    def _value(self, draft: _Draft, name: str) -> str | None:
        if self.text.startswith('"', self.at):
            match = _QUOTED.match(self.text, self.at)
            if match:
                self.at = match.end()
                return _PAIR.sub(r"\1", match[1])
            # The search went to the end in vain, but only once: a later value's quote would have closed this one.
            draft.say(f"the quote of {name} is not closed")
            return self._take(_UP_TO_COMMA).lstrip('"').rstrip()
        bare = self._take(_BARE_SCOPE if name == "scope" else _BARE)
        if not bare:
            return None
        if _TOKEN.fullmatch(bare) is None:
            url = "://" in bare
            draft.say(f"{name}'s URL is not in quotes" if url else f"the value of {name} is not in quotes")
        return bare
