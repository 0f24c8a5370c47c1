"""What of a part is compared: how it ended, what came, and the headers that matter.

Knows: a part's steps. Must not know: the other side. A fact is a name and a value as text; None where there is none.
"""

from inspector.compare.parts import Part
from inspector.core.events import header_all
from inspector.core.pull import Stage, Step
from inspector.wire.url import host_of

# Fields of answers by which clients decide, and that mirrors change. Rate limits, dates and ids differ in healthy pulls.
_ANSWER = (
    "content-type", "content-encoding", "docker-content-digest", "content-length", "oci-namespace", "accept-ranges", "retry-after",
)  # fmt: skip
ENDS = ("answers", "error", "broken", "verified")
"""Facts that tell how it ended. Where both sides arrived, the ways there are only two set-ups' ways."""

CLIENTS = (
    "request accept",
    "request accept-encoding",
    "request range",
    "request authorization",
    "scope",
    "asked scope",
    "asked with",
)
"""Facts that the kind of client makes: between two kinds they always differ."""

SETUPS = (
    "answers",
    "host",
    "location",
    "content-length",
    "accept-ranges",
    "realm",
    "service",
    "asked service",
    "valid",
)
"""Facts that tell two set-ups apart and, where both sides arrived, harm nobody."""

BLOBS = ("content-type", "docker-content-digest")
"""Facts that count for manifests alone: a storage calls a blob what it likes, and says no digest."""

ACCEPT = "request accept"

Facts = dict[str, str | None]


def facts_of(part: Part) -> Facts:
    """The facts of a part, those that decide first. What was asked is of its first step, what came of the one that decided."""
    step = part.last
    facts: Facts = {"answers": part.answers, "error": _error(part), "broken": step.exchange.error}
    if step.verified is not None:
        facts["verified"] = "fits its digest" if step.verified else "does not fit its digest"
    if step.stage is Stage.CHALLENGE:
        facts |= _challenge(step)
    elif step.stage is Stage.TOKEN:
        facts |= _token(step)
    else:
        facts["digest"] = step.digest
        facts |= {name: step.exchange.response_header(name) for name in _ANSWER}
    facts |= _asked(part.steps[0])
    facts["location"] = next(
        (host_of(one.exchange.location) for one in part.steps if one.stage is Stage.REDIRECT), None
    )
    facts["host"] = part.steps[0].exchange.host
    return facts


def _asked(first: Step) -> Facts:
    """The request's fields. Go sends Accept as several lines in an order of chance: it is a set."""
    exchange = first.exchange
    accepted = {
        one.strip() for line in header_all(exchange.request.headers, "accept") for one in line.split(",")
    }
    return {
        "request accept": ", ".join(sorted(accepted)) or None,
        "request accept-encoding": exchange.request_header("accept-encoding"),
        "request range": exchange.request_header("range"),
        "request authorization": _login(first),
    }


def _error(part: Part) -> str | None:
    """What the refusal says, of the step that decided."""
    error = part.last.exchange.registry_error
    if error is None:
        return None
    said = ", ".join(error.codes) or error.xml_code or error.title or ("HTML" if error.html else "")
    return ": ".join(filter(None, (said, error.message))) or None


def _challenge(step: Step) -> Facts:
    first = next(iter(step.exchange.challenges), None)
    if first is None:
        return {"challenge": None}
    return {
        "challenge": first.scheme,
        "realm": first.realm,
        "service": first.service,
        "scope": " ".join(first.scopes) or None,
    }


def _token(step: Step) -> Facts:
    asked, answer = step.exchange.token_request, step.exchange.token_answer
    claims = answer.claims if answer is not None else None
    granted = None
    if claims is not None and claims.access is not None:
        granted = " ".join(f"{one.name}:{','.join(one.actions)}" for one in claims.access) or "nothing"
    return {
        "asked scope": " ".join(asked.scopes) or None,
        "asked service": asked.service,
        "asked with": _login(step) or ("a form" if step.exchange.method == "POST" else "nothing"),
        "granted": granted,
        "valid": f"{answer.expires_in} s" if answer is not None and answer.expires_in is not None else None,
    }


def _login(step: Step) -> str | None:
    """The scheme alone: two pulls never have the same token."""
    scheme = (step.exchange.credential or "").partition(" ")[0]
    return scheme or None
