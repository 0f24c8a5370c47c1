"""Whether a body is what was asked for.

Knows: one placed exchange. Must not know: the pull. Unknown is never wrong: see report-json.md, "verified".
Source: distribution-spec, "Pulling manifests"; image-spec, descriptor, "Verification".
"""

from inspector.core.draft import Placed
from inspector.core.exchange import Exchange
from inspector.core.pull import Stage
from inspector.core.roles import announced_digest, digest_of
from inspector.wire.coding import offered
from inspector.wire.digest import parse_digest

_VERIFIABLE = frozenset({Stage.MANIFEST, Stage.BLOB, Stage.CDN, Stage.SIGNATURE, Stage.REFERRERS})


def verified(placed: Placed) -> bool | None:
    """True, False, or None when there is nothing to compare (not a whole 200 to a GET, other algorithm, no digest)."""
    exchange = placed.exchange
    body = exchange.response_body
    if placed.stage not in _VERIFIABLE or exchange.method != "GET" or exchange.status != 200:
        return None
    if (
        exchange.wrong_content is not None
    ):  # all of it was hashed on the way; the client was not given its end
        return False
    if not exchange.whole or body is None or body.complete is False:
        return None
    route = (placed.asked or exchange).route
    if (
        route is not None and route.kind == "referrers"
    ):  # the digest in its path is the subject's, not the answer's
        return None
    wanted = parse_digest(expected_digest(placed) or "")
    if wanted is None or wanted.algorithm != "sha256":
        return None
    matches = _matches(exchange, wanted.hex)
    if matches is False and exchange.document is not None and exchange.document.kind == "schema1":
        return None  # a signed schema 1 document is named by what its signatures cover, not by its bytes
    return matches


def expected_digest(placed: Placed) -> str | None:
    """The digest that was asked for or, by tag, announced by the answer itself."""
    route = (placed.asked or placed.exchange).route
    if route is not None and route.is_digest:
        return digest_of(placed)
    return announced_digest(placed)


def _matches(exchange: Exchange, wanted: str) -> bool | None:
    """Against the content without its coding. The bytes on the wire count where the client undoes no coding: it offered none.

    A client that offered it undoes it, and gets something else from what is only called coded.
    """
    body = exchange.response_body
    decoded, wire = (body.decoded_sha256, body.sha256) if body is not None else (None, None)
    if wanted == decoded:
        return True
    if wanted == wire:
        coding = (exchange.response_header("content-encoding") or "").strip()
        return not (coding and offered(exchange.request_header("accept-encoding"), coding))
    return False if decoded is not None else None
