"""Whether one more request for a reference continues a pull or begins the next one.

Traffic alone cannot always tell a client's retry from a user's second attempt: what each client is known to do decides
(catalogue.md, part 2). Knows: a draft and the new request. Must not know: other drafts, the engine.
"""

from inspector.core.draft import Draft
from inspector.core.exchange import Exchange

# Seconds after its last byte within which a client that failed is taken to be retrying on the same host.
# docker never repeats a manifest request by itself; containers/image backs off up to 60 s (Retry-After);
# containerd repeats a 429 at once; the others pause 0.2 to 5 s.
_SAME_HOST = {
    "docker": 0.0,
    "containerd": 2.0,
    "containers": 65.0,
    "buildah": 65.0,
    "skopeo": 65.0,
}
_SAME_HOST_OTHERS = 15.0
# podman and its like begin a pull anew after such a failure: rounds of their own, 1 s apart.
_IN_ROUNDS = frozenset({"containers", "podman", "cri-o", "buildah", "skopeo"})
_ROUND = 15.0
# Seconds within which another host that is asked for the same tag is a fallback from a mirror.
_OTHER_HOST = 60.0


def continues(draft: Draft, exchange: Exchange, reference: str) -> bool:
    """Whether ``exchange``, which asks for the tag ``reference`` that ``draft`` is about, belongs to ``draft``."""
    gap = exchange.request.time - draft.last_time
    attempt = draft.attempt(exchange.host, reference)
    if attempt is None:
        return _fallback(draft, reference, gap)
    if exchange.method not in attempt.methods:
        return exchange.method == "GET" and not _satisfied(draft)
    if attempt.ok & {exchange.method}:
        return _next_round(draft, gap)
    if not attempt.refused:
        return True  # only challenged so far, or its answer never came
    habits = _habits(draft)
    if habits != "docker" and attempt.unwanted and exchange.credential not in (None, attempt.unwanted):
        return gap <= _OTHER_HOST  # it has fetched another token
    return gap <= _SAME_HOST.get(habits, _SAME_HOST_OTHERS)


def _habits(draft: Draft) -> str:
    """Which client's: docker with the containerd store asks as containerd does."""
    product = draft.product
    return "containerd" if "containerd-client/" in (product.raw or "") else product.name or ""


def begins_again(draft: Draft, exchange: Exchange, digest: str) -> bool:
    """Whether a client that has had the manifest at the root of ``draft`` asks for it once more: the next pull.

    A cache fetches what it has just fetched; a client does not.
    """
    attempt = draft.attempt(exchange.host, digest)
    if attempt is None or exchange.method not in attempt.ok or _habits(draft) == "go-http-client":
        return False
    at_root = digest == draft.asked_digest or digest in draft.roots
    return at_root and not _next_round(draft, exchange.request.time - draft.last_time)


def _next_round(draft: Draft, gap: float) -> bool:
    """Whether containers/image begins from the manifest again, because a blob failed in a way that may pass."""
    return _habits(draft) in _IN_ROUNDS and draft.failed_so_far and draft.passing and gap <= _ROUND


def _fallback(draft: Draft, reference: str, gap: float) -> bool:
    """Another host for the same tag: a mirror's failure, unless that pull had all it wanted."""
    if not draft.hosts_tried(reference):
        return gap <= _OTHER_HOST
    return draft.failed_so_far and gap <= _OTHER_HOST


def _satisfied(draft: Draft) -> bool:
    """The tag was resolved and everything that was asked for since has come."""
    return bool(draft.got) and not draft.failed_so_far
