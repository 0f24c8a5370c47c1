"""What a token allows and for how long, from the claims that the source kept or the answer's own fields.

Knows: a token step. Must not know: the token itself; it is a pseudonym here.
"""

from inspector.core.pull import Pull, Step
from inspector.wire.token import Access, Claims

_DEFAULT_LIFE = 60  # seconds; Docker token specification, "expires_in": at least this where it is absent


def claims_of(step: Step) -> Claims | None:
    """The JWT's claims, as far as the source kept them."""
    answer = step.exchange.token_answer
    return answer.claims if answer else None


def access(entry: Access) -> str:
    """``library/hello-world : pull``."""
    kind = "" if entry.type == "repository" else f"{entry.type} "
    return f"{kind}{entry.name} : {','.join(entry.actions) or 'nothing'}"


def granted(step: Step, pull: Pull) -> str | None:
    """What was granted, in a word: ``pull`` for the pull's own repository; None where the token does not say."""
    answer, claims = step.exchange.token_answer, claims_of(step)
    if claims is None or claims.access is None:
        return answer.scope if answer and answer.scope else None
    if not claims.access:
        return "nothing"
    own = [entry for entry in claims.access if entry.type == "repository" and entry.name == pull.repository]
    if len(own) == len(claims.access) == 1:
        return ",".join(own[0].actions) or "nothing"
    return ", ".join(access(entry) for entry in claims.access)


def valid_for(step: Step) -> float | None:
    """Seconds from its issue: the claims' own span, else ``expires_in``; None when neither is told."""
    answer, claims = step.exchange.token_answer, claims_of(step)
    if answer is not None and answer.expires_in is not None:
        return answer.expires_in
    if claims is not None and claims.expires is not None:
        begin = claims.issued if claims.issued is not None else claims.not_before
        return claims.expires - begin if begin is not None else None
    return None


def valid_until(step: Step) -> float | None:
    """The epoch second at which the token ends; None when it is not told."""
    answer, claims = step.exchange.token_answer, claims_of(step)
    if claims is not None and claims.expires is not None:
        return float(claims.expires)
    if answer is None or answer.issued_at is None:
        return None
    return answer.issued_at + (answer.expires_in if answer.expires_in is not None else _DEFAULT_LIFE)
