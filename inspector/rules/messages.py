"""From a client's own words to the codes that can be behind them.

A person pastes what ``docker pull`` printed. Each rule has the words that clients print; they are compared word by word,
rare words counting more. Knows: the rules' ``says``, and further lines that people paste. Must not know: pulls, or how an answer is shown.
"""

import math
import re
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from itertools import pairwise

import msgspec

from inspector.rules import catalogue
from inspector.rules.rule import Rule

MOST_WORDS = 400
"""Of a pasted text this much is read: a client's line is far shorter, a whole log is not what is asked for."""

_LOGGED = re.compile(r"^nothing\b.*?\blog says: ")
_COMMENT = re.compile(r" \([^()]*\b(it|they|a proxy|docker|older|newer)\b[^()]*\)| \(unknown\)")
# What differs from one machine to the next: digests, addresses, times, log prefixes. They are no words of the message.
_DIGEST = re.compile(r"sha(256|512):[0-9a-f…]*")
_ADDRESS = re.compile(r"\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b|\[[0-9a-f:]+\](:\d+)?")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d:\d\d(\.\d+)?\b")
_LOOKED_UP = re.compile(r"(?<=\blookup )\S+")
_URL = re.compile(r"https?://[^\s\"'<>]*[^\s\"'<>:.,]")
_PLACEHOLDER = re.compile(r"\b[A-Z](/[a-z]+|/…)?(:[A-Z])?\b(?!')|…")
_URL_KINDS = {"urlns": "?ns=", "urltoken": "/token", "urlblob": "/blobs/", "urlmanifest": "/manifests/"}
# The number says it; its reason phrase would only count it twice.
_REASON = re.compile(r"(?<=\b\d{3}) (?:" + "|".join(status.phrase.lower() for status in HTTPStatus) + r")\b")
_STATUS = re.compile(r"[45]\d\d$|serverfault$")
_SERVER_FAULT = re.compile(r"5\d\d$")
_WORD = re.compile(r"[a-z]+(?:_[a-z]+)*|\d{3}(?!\d)|<html>|'<'|\\x15")
_ENOUGH = 0.62
"""Share of a phrase's weight that must be in the message."""
_PART = 0.95
"""Or a message that is nearly all in a phrase: people paste the beginning of a line."""
_OTHER_STATUS = 0.7
_NEAR_BEST = 0.6
_LEAST_WEIGHT = 5.0
"""Phrases that are lighter than this (``denied: …``) are in half of all messages: they only count for a short message."""


_NOT_ALLOWED = (
    "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope:"
    " authorization failed"
)
# What other versions print, or the same client at another step. A rule's own list is told with a finding, so it is short.
_FURTHER: dict[str, tuple[tuple[str, str], ...]] = {
    "cdn-denied": (("podman", "Error fetching blob: invalid status code from registry 403 (Forbidden)"),),
    "cdn-unreachable": (
        ("podman", 'parsing image configuration: Get "https://S/…/blobs/…": dial tcp A:443: i/o timeout'),
    ),
    "connect-failed": (
        ("podman", 'pinging container registry H: Get "https://H/v2/": dial tcp A:443: connect: connection refused'),
        ("docker", 'Get "https://H/v2/": context deadline exceeded'),
        ("docker", "proxyconnect tcp: dial tcp A:8080: connect: connection refused"),
    ),
    "digest-mismatch": (("podman", "Download config.json digest sha256:… does not match expected sha256:…"),),
    "range-refused": (("any", "Requested range is not satisfiable"),),
    "rate-limited": (
        ("containerd", "unexpected status from HEAD request to https://H/v2/X/manifests/T: 429 Too Many Requests"),
        ("containerd 1.6", "pulling from host H failed with status code [manifests latest]: 429 Too Many Requests"),
    ),
    "realm-unreachable": (("docker", 'Get "https://auth.docker.io/token?…": EOF'),),
    "repository-denied": (
        ("containerd", _NOT_ALLOWED),
        ("podman", "reading manifest T in X: unauthorized: access to the requested resource is not authorized"),
    ),
    "server-error": (
        ("podman", "Requesting bearer token: invalid status code from registry 502 (Bad Gateway)"),
        ("podman", "Error fetching blob: invalid status code from registry 503 (Service Unavailable)"),
        ("containerd", "unexpected status from HEAD request to https://H/v2/X/manifests/T: 500 Internal Server Error"),
    ),
    "token-denied": (
        ("containerd", "failed to fetch anonymous token: unexpected status from GET request to https://T/token?…: 403 Forbidden"),
        ("podman", "Requesting bearer token: invalid status code from registry 403 (Forbidden)"),
    ),
}  # fmt: skip
# Their words are mostly printed for a plainer reason: a tag that is not there is rarely a mirror that hides an error.
_SELDOM = frozenset({
    "accept-too-narrow", "content-encoding", "credentials-forwarded", "digest-header-mismatch",
    "head-get-differ", "library-missing", "mirror-hides-error", "path-prefix-wrong", "redirect-to-http",
    "redirect-to-private", "scope-wrong-repository", "signed-url-expired", "signed-url-method",
    "size-mismatch", "tls-upstream-invalid",
})  # fmt: skip
_SELDOM_WEIGHT = 0.9


class Match(msgspec.Struct, frozen=True):
    """A code whose words are in the message: ``client`` prints ``words``. ``score`` orders, and means nothing else."""

    rule: Rule
    client: str
    words: str
    score: float


class _Phrase(msgspec.Struct, frozen=True):
    rule: Rule
    client: str
    says: str
    grams: frozenset[str]


def find(message: str, most: int = 6) -> list[Match]:
    """The codes that can be behind ``message``, likeliest first, each once; empty when no client's words are in it."""
    asked = _grams(_words(message))
    weights = _weights()
    best: dict[str, Match] = {}
    for phrase in _phrases():
        score = _score(phrase, asked, weights)
        if score > 0 and (phrase.rule.code not in best or best[phrase.rule.code].score < score):
            best[phrase.rule.code] = Match(phrase.rule, phrase.client, phrase.says, score)
    found = sorted(best.values(), key=lambda m: (-round(m.score, 2), not m.rule.starred, m.rule.code))
    return [match for match in found if match.score >= found[0].score * _NEAR_BEST][:most]


def _score(phrase: _Phrase, asked: frozenset[str], weights: dict[str, float]) -> float:
    """0: not this phrase. Both ways count: how much of the phrase is in the message, and how much of the message it is."""
    shared = sum(weights[gram] for gram in phrase.grams & asked)
    known = sum(weights.get(gram, 0.0) for gram in asked)
    if not shared:
        return 0.0
    of_phrase, of_message = shared / sum(weights[gram] for gram in phrase.grams), shared / known
    if of_phrase < _ENOUGH and of_message < _PART:
        return 0.0
    if shared < _LEAST_WEIGHT and len(phrase.grams & asked) < len(asked) / 2:
        return 0.0
    doubt = _OTHER_STATUS if _other_status(phrase.grams, asked) else 1.0
    doubt *= _SELDOM_WEIGHT if phrase.rule.code in _SELDOM else 1.0
    return max(of_phrase, of_message / 2) * (0.4 + 0.6 * of_message) * doubt


def _other_status(phrase: frozenset[str], asked: frozenset[str]) -> bool:
    """Each names a status, and not the same."""
    one, other = ({gram for gram in grams if _STATUS.match(gram)} for grams in (phrase, asked))
    return bool(one and other) and one.isdisjoint(other)


@cache
def _phrases() -> tuple[_Phrase, ...]:
    found: list[_Phrase] = []
    for rule in catalogue.rules():
        for client, says in (*rule.says, *_FURTHER.get(rule.code, ())):
            words = _COMMENT.sub("", _LOGGED.sub("", says))
            grams = _grams(_words(_PLACEHOLDER.sub(" ", _URL.sub(_kind_of_url, words))))
            if grams and not words.startswith("nothing"):
                found.append(_Phrase(rule, client, says, grams))
    return tuple(found)


@cache
def _weights() -> dict[str, float]:
    """How much a word, or a pair of neighbours, tells: the fewer codes have it in their words, the more."""
    having: dict[str, set[str]] = {}
    for phrase in _phrases():
        for gram in phrase.grams:
            having.setdefault(gram, set()).add(phrase.rule.code)
    return {gram: math.log((1 + len(catalogue.rules())) / len(codes)) for gram, codes in having.items()}


def _words(text: str) -> list[str]:
    text = text[: MOST_WORDS * 32]
    for noise in (_DIGEST, _TIME, _ADDRESS, _LOOKED_UP):
        text = noise.sub(" ", text)
    words = _WORD.findall(_REASON.sub("", _URL.sub(_kind_of_url, text).lower()))[:MOST_WORDS]
    # 502 is not 503, and both are a server's fault.
    return [
        each for word in words for each in ((word, "serverfault") if _SERVER_FAULT.match(word) else (word,))
    ]


def _kind_of_url(url: re.Match[str]) -> str:
    """What a URL in a message is about: its host is different everywhere; its path, and whether it is encrypted, are not."""
    kind = next((kind for kind, sign in _URL_KINDS.items() if sign in url[0]), "")
    return f" {'urlplain' if url[0].startswith('http:') else ''} {kind} "


def _grams(words: Sequence[str]) -> frozenset[str]:
    """The words, and each two that are neighbours."""
    pairs = (f"{one} {two}" for one, two in pairwise(words))
    return frozenset(words) | frozenset(pairs)
