"""The request that goes to the upstream in place of the client's: which fields, to which address, with whose credentials.

Knows: what a registry needs to see. Must not know: how it is sent. Fields are taken from a list: a client's cookies, custom
fields and the credentials for this mirror are not the upstream's business.
"""

from inspector.mirror.answers import HOP_BY_HOP
from inspector.mirror.challenge import NO_TOKEN, Known
from inspector.mirror.model import Auth, Headers, Kind, Request, Settings, Target
from inspector.mirror.policy import MARK

PROBE = "bytes=0-0"
"""Asks a registry where a blob is, and costs one byte where the registry itself has it."""

_SENT = frozenset(
    [
        "accept",
        "user-agent",
        "if-none-match",
        "if-modified-since",
        "traceparent",
        "tracestate",
        "range",
        "if-range",
    ]
)
_BODILESS = frozenset({"content-length", "content-type"})


def headers_for(
    request: Request, target: Target, settings: Settings, known: Known | None, identity: str
) -> Headers:
    """The fields for the upstream, without Host."""
    via = (("via", f"{_via(request)}1.1 {MARK}-{identity}"),)
    if settings.auth is Auth.PASS:
        left = HOP_BY_HOP | _BODILESS | {"host", "via", "accept-encoding"}
        return (*((n, v) for n, v in request.headers if n not in left), *_identity(), *via)
    sent = tuple((n, v) for n, v in request.headers if n in _SENT)
    several = any(
        "," in value for name, value in sent if name == "range"
    )  # the whole is a good answer to that too
    if target.kind is not Kind.BLOB or several:
        sent = tuple((n, v) for n, v in sent if n not in {"range", "if-range"})
    return (*sent, *_identity(), *_authorization(request, settings, known), *via)


def _via(request: Request) -> str:
    before = [value for name, value in request.headers if name == "via"]
    return "".join(f"{value[:500]}, " for value in before[:10])


def _identity() -> Headers:
    """A blob's digest is over its own bytes: no coding of them is wanted (quay#1310)."""
    return (("accept-encoding", "identity"),)


def _authorization(request: Request, settings: Settings, known: Known | None) -> Headers:
    """In *relay*, the client's bearer token; its password only to a registry that asks for passwords itself (ECR)."""
    given = next((value for name, value in request.headers if name == "authorization"), None)
    if settings.auth is not Auth.RELAY or not given:
        return ()
    scheme, _, token = given.partition(" ")
    scheme = scheme.lower()
    if token.strip() == NO_TOKEN:
        return ()
    if scheme == "bearer" or (scheme == "basic" and known is not None and known.basic):
        return (("authorization", given),)
    return ()


def probing(headers: Headers) -> Headers:
    """The fields of the request that only asks where a blob is."""
    left = {"range", "if-range", "if-none-match", "if-modified-since"}
    return (*((name, value) for name, value in headers if name not in left), ("range", PROBE))


def without(headers: Headers, *names: str) -> Headers:
    """The fields but for those named."""
    return tuple((name, value) for name, value in headers if name not in names)
