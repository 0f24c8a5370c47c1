"""Which server's advice is given: nginx's where the traffic says nginx, a Worker's where it says so.

A remedy names several products in clauses of their own (``nginx: …; a Worker must …``). Where the hosts on which a fault
was seen tell what they are, the clauses about others are left out; where they do not, all of them stay.
Knows: a remedy's words, a case. Must not know: rules.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

from inspector.core.pull import Stage, Step
from inspector.quirks import known
from inspector.rules.case import Case

_CODE = re.compile(r"`[^`]*`")
# A clause begins after the end of another one, or of the words that lead to it.
_CLAUSE = re.compile(
    r"(?<=[.;:]) +(?=(?:an? )?(nginx|Worker|distribution|Harbor)\b)|(?<=[.;]) +", re.IGNORECASE
)
_ABOUT = re.compile(r"(?:an? )?(nginx|worker|distribution|harbor)\b", re.IGNORECASE)
_NGINX = ("nginx", "openresty", "tengine")


def products_of(case: Case, steps: Iterable[Step]) -> frozenset[str]:
    """What the hosts of these steps say that they are; nobody can configure a public registry or its storage."""
    found: set[str] = set()
    for step in steps:
        if step.stage is not Stage.CDN and known.by_host(step.exchange.host) is None:
            found |= _shown_by(case, step)
    return frozenset(found)


def _shown_by(case: Case, step: Step) -> set[str]:
    exchange = step.exchange
    server = (exchange.response_header("server") or "").lower()
    if "cloudflare" in server:
        return {"worker"}
    found = {"nginx"} if any(name in server for name in _NGINX) else set()
    if any(registry.name == "Harbor" for registry in case.allowed.registries(exchange.host)):
        return found | {"harbor"}
    api = exchange.response_header("docker-distribution-api-version")
    return found | {"distribution"} if api is not None else found


def fitting(remedy: str, products: frozenset[str]) -> str:
    """The remedy without the clauses about other products, if one is about these."""
    clauses = _clauses(remedy)
    if not any(about in products for about, _ in clauses):
        return remedy
    kept = [(about, text) for about, text in clauses if about is None or about in products]
    text = re.sub(r"; (?=[A-Z])", ". ", " ".join(clause for _, clause in kept)).rstrip(" ;:")
    text = text[:1].upper() + text[1:] if text.startswith(("a ", "an ")) else text
    return text if text.endswith(".") else f"{text}."


def _clauses(remedy: str) -> list[tuple[str | None, str]]:
    """Each clause with the product that it begins with, in lower case. What stands in backquotes is no punctuation."""
    masked = _CODE.sub(lambda code: "_" * len(code[0]), remedy)
    bounds = [0, *(match.end() for match in _CLAUSE.finditer(masked)), len(remedy)]
    texts = [remedy[a:b].strip() for a, b in pairwise(bounds)]
    heads = (_ABOUT.match(text) for text in texts)
    return [
        (head[1].lower() if head else None, text) for head, text in zip(heads, texts, strict=True) if text
    ]
