"""Views of a refusal: the challenge, and the registry's error.

Knows: RFC 9110 §11.6.1 and the token spec's challenge, distribution-spec v1.1's error codes. Must not know: pulls.
"""

from typing import override

from mitmproxy import http
from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from inspector.views.layout import WRONG, field, problems, title
from inspector.wire.challenge import Challenge, parse_challenges
from inspector.wire.errors import RegistryError, parse_error_body


class ChallengeView(Contentview):
    """A 401: where the client is to get a token, and for what."""

    name = "Registry challenge"
    syntax_highlight: SyntaxHighlight = "yaml"

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """Never fails: without a challenge it says so."""
        found = _challenges(metadata)
        if not found:
            return title(f"{WRONG} no WWW-Authenticate: the client cannot know how to log in")
        lines = [title("Challenge: the client is to come again with a token, or with a login")]
        for challenge in found:
            lines += _lines(challenge)
        return "\n".join([*lines, *_error(parse_error_body(data))])

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        return 4 if _status(metadata) == 401 and _challenges(metadata) else -1


class ErrorView(Contentview):
    """A registry's error: its codes, and its sentence."""

    name = "Registry error"
    syntax_highlight: SyntaxHighlight = "yaml"

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """Never fails: of what is no error body it shows the beginning."""
        error = parse_error_body(data)
        return "\n".join(
            [title(f"Refused with {_status(metadata) or '?'}"), *(_error(error) or [error.start])]
        )

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        error = parse_error_body(data) if data and (_status(metadata) or 0) >= 400 else RegistryError()
        return 3 if error.codes or error.xml_code else -1


def _challenges(metadata: Metadata) -> tuple[Challenge, ...]:
    message = metadata.http_message
    return parse_challenges(message.headers.get_all("www-authenticate")) if message is not None else ()


def _status(metadata: Metadata) -> int | None:
    message = metadata.http_message
    return message.status_code if isinstance(message, http.Response) else None


def _lines(challenge: Challenge) -> list[str]:
    lines = [f"{challenge.scheme.title() or '?'}:"]
    lines += [field(name, value, deep=1) for name, value in challenge.params.items()]
    return lines + problems(challenge.problems)


def _error(error: RegistryError) -> list[str]:
    found = (
        ("code", ", ".join(error.codes) or error.xml_code),
        ("message", error.message),
        ("page", (error.title or "HTML without a title") if error.html else None),
    )
    return [field(name, value) for name, value in found if value]
