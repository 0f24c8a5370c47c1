"""View of a token service's answer: what the token allows and until when; never the token, never its signature.

Knows: the Docker token spec, RFC 7519's claims, as ``inspector.wire.token`` reads them. Must not know: pulls.
"""

from typing import override

from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from inspector.sources.redact import Redactor
from inspector.views.layout import field, item, title, when
from inspector.wire.token import Claims, TokenAnswer, parse_token_answer, redact_token_answer

_LIMIT = 1024 * 1024


class TokenView(Contentview):
    """A token answer: its claims and times."""

    name = "Registry token"
    syntax_highlight: SyntaxHighlight = "yaml"

    def __init__(self) -> None:
        self._redactor = (
            Redactor()
        )  # one for all: the same token has the same pseudonym wherever it is looked at

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """Raises ValueError when there is no token in it: mitmproxy then shows the raw text."""
        answer = self._answer(data)
        if answer is None:
            raise ValueError("this is no token answer")
        lines = [title("Token answer: what the client may do, and until when")]
        for name, value in (("token", answer.token), ("access_token", answer.access_token)):
            if value:
                lines.append(field(name, value, "opaque" if answer.opaque else ""))
        lines += [
            field(name, value, remark)
            for name, value, remark in (
                ("expires_in", answer.expires_in, "seconds"),
                ("issued_at", when(answer.issued_at), ""),
                ("scope", answer.scope, ""),
                ("refresh_token", "given" if answer.refresh else None, ""),
            )
            if value is not None
        ]
        return "\n".join([*lines, *_claims(answer.claims)])

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        if b"token" not in data[:_LIMIT].lower():
            return -1
        return 3 if self._answer(data) is not None else -1

    def _answer(self, data: bytes) -> TokenAnswer | None:
        if len(data) > _LIMIT:
            return None
        answer = parse_token_answer(
            redact_token_answer(data, lambda value: self._redactor.pseudonym("token", value))
        )
        return answer if answer.token or answer.access_token else None


def _claims(claims: Claims | None) -> list[str]:
    if claims is None:
        return []
    lines = ["claims:"]
    lines += [
        field(name, value, deep=1)
        for name, value in (
            ("issuer", claims.issuer),
            ("audience", ", ".join(claims.audience) or None),
            ("issued", when(claims.issued)),
            ("not before", when(claims.not_before)),
            ("expires", when(claims.expires)),
        )
        if value is not None
    ]
    if claims.access is None:
        return [*lines, "  # no access claim"]
    lines.append("access:" + ("  # nothing" if not claims.access else ""))
    return lines + [
        item(f"{one.type} {one.name}", ", ".join(one.actions) or "no action") for one in claims.access
    ]
