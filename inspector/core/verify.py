"""Whether a body is what was asked for.

Knows: one placed exchange. Must not know: the pull. Unknown is never wrong: see report-json.md, "verified".
Source: distribution-spec, "Pulling manifests"; image-spec, descriptor, "Verification".
"""

from inspector.core.draft import Placed
from inspector.core.events import Body
from inspector.core.pull import Stage
from inspector.core.roles import announced_digest, digest_of
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
    matches = _matches(body, wanted.hex)
    if matches is False and exchange.document is not None and exchange.document.kind == "schema1":
        return None  # a signed schema 1 document is named by what its signatures cover, not by its bytes
    return matches


def expected_digest(placed: Placed) -> str | None:
    """The digest that was asked for or, by tag, announced by the answer itself."""
    route = (placed.asked or placed.exchange).route
    if route is not None and route.is_digest:
        return digest_of(placed)
    return announced_digest(placed)


def _matches(body: Body, wanted: str) -> bool | None:
    """Against the decoded content; the bytes on the wire count too, as a client that undoes no coding hashes those."""
    hashes = [known for known in (body.decoded_sha256, body.sha256) if known is not None]
    if wanted in hashes:
        return True
    return False if body.decoded_sha256 is not None else None
