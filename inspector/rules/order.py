"""Which finding is the root, and which its consequence: the catalogue's table 1.9 as data, and the walk over it.

Knows: codes and findings. Must not know: how a rule proves itself, exchanges beyond what evidence names.
A consequence stays in the list, right after its root, with the root's code in ``caused_by``.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto

import msgspec

from inspector.core.finding import Finding, Severity


class When(Enum):
    """What must hold beside the two codes."""

    ALWAYS = auto()
    SAME_CONTENT = auto()  # both findings' evidence is about one digest


class Explains(msgspec.Struct, frozen=True):
    """One row: any of ``roots`` explains each of ``consequences``, under ``when``.

    ``ordered``: the row says "A, then B", so the first comes first where both hold.
    """

    roots: tuple[str, ...]
    consequences: tuple[str, ...]
    when: When = When.ALWAYS
    ordered: bool = False


TABLE: tuple[Explains, ...] = (
    Explains(
        ("tls-ca-not-trusted", "tls-upstream-invalid", "plain-http-on-tls-port"),
        ("connect-failed", "server-error", "realm-unreachable", "cdn-unreachable", "mirror-bypassed"),
    ),
    Explains(("name-not-resolved", "connect-failed"), ("mirror-bypassed", "stalled", "retry-storm")),
    Explains(
        ("rate-limited",),
        (
            "retry-storm",
            "token-denied",
            "repository-denied",
            "mirror-bypassed",
            "mirror-stale-tag",
            "mirror-hides-error",
        ),
    ),
    Explains(("realm-bypasses-mirror",), ("realm-unreachable",)),
    Explains(
        ("realm-invalid", "challenge-malformed"),
        ("token-denied", "realm-unreachable", "challenge-missing", "token-not-json", "repository-denied"),
    ),
    Explains(
        ("token-not-json", "token-field-missing", "token-denied"), ("repository-denied", "mirror-bypassed")
    ),
    Explains(
        ("library-missing",),
        ("insufficient-scope", "repository-denied", "tag-not-found", "scope-wrong-repository"),
    ),
    # Ours: what has no name of the grammar cannot be there, and no token can be for it.
    Explains(("name-invalid",), ("insufficient-scope", "repository-denied", "tag-not-found")),
    Explains(("scope-wrong-repository",), ("insufficient-scope", "token-ignored", "repository-denied")),
    Explains(("token-expired",), ("token-ignored", "insufficient-scope", "repository-denied", "retry-storm")),
    Explains(("token-ignored",), ("repository-denied", "retry-storm")),
    Explains(("size-mismatch",), ("digest-mismatch",), When.SAME_CONTENT),
    Explains(("media-type-mismatch",), ("blob-unknown",)),
    Explains(("redirect-to-private", "redirect-to-http"), ("redirect-loop",), ordered=True),
    # Ours: inside, http is usual; that the clients are sent there is what is wrong.
    Explains(("redirect-to-private",), ("redirect-to-http",), When.SAME_CONTENT),
    Explains(("credentials-missing",), ("repository-denied", "mirror-bypassed")),
    Explains(("repository-denied",), ("insufficient-scope", "mirror-bypassed")),
    Explains(
        ("path-prefix-wrong", "ns-not-supported"),
        ("not-a-registry", "html-answer", "tag-not-found", "repository-denied", "mirror-bypassed"),
    ),
    Explains(
        ("not-a-registry",), ("html-answer", "challenge-missing", "media-type-mismatch", "mirror-bypassed")
    ),
    Explains(
        ("html-answer",),
        ("media-type-mismatch", "digest-mismatch", "size-mismatch", "digest-header-missing"),
        When.SAME_CONTENT,
    ),
    # Ours: that the storage refuses them is what comes of it.
    Explains(("credentials-forwarded",), ("cdn-rejects-authorization",), When.SAME_CONTENT),
    Explains(
        ("credentials-forwarded", "cdn-rejects-authorization"),
        ("cdn-denied", "html-answer", "server-error"),
        ordered=True,
    ),
    Explains(
        ("redirect-to-private", "redirect-to-http", "redirect-leaves-mirror"),
        ("cdn-unreachable", "connect-failed"),
    ),
    Explains(("signed-url-expired", "signed-url-method"), ("cdn-denied", "head-get-differ", "blob-unknown")),
    Explains(
        ("content-encoding",),
        ("digest-mismatch", "size-mismatch", "length-missing", "range-ignored"),
        When.SAME_CONTENT,
    ),
    Explains(
        ("body-truncated",),
        ("digest-mismatch", "size-mismatch", "range-ignored", "range-refused"),
        When.SAME_CONTENT,
    ),
    Explains(("stalled",), ("body-truncated",), When.SAME_CONTENT),
    Explains(
        ("schema1", "accept-too-narrow"),
        ("blob-unknown", "media-type-mismatch", "tag-not-found", "digest-header-mismatch"),
    ),
    # Ours is html-answer: nginx says it on a page.
    Explains(("header-too-large",), ("server-error", "html-answer")),
    Explains(
        ("digest-header-mismatch",), ("tag-moved", "head-get-differ", "tag-not-found", "platform-missing")
    ),
    # Ours: "and what M shows instead" of the row of rate-limited, for whatever the upstream said.
    Explains(("mirror-hides-error",), ("tag-not-found", "blob-unknown"), When.SAME_CONTENT),
    # Any error of a server is asked for again by some client; the storm is how it looks, not why.
    Explains(("server-error", "cdn-denied", "html-answer", "stalled", "body-truncated"), ("retry-storm",)),
)
"""Earlier rows win. Some rows are ours, the last two among them: the catalogue only says that a storm is never the root of a failure."""

REFUSALS_OF_A_MIRROR = frozenset(
    {
        "tag-not-found", "repository-denied", "library-missing", "token-denied", "token-ignored", "html-answer",
        "server-error", "blob-unknown", "insufficient-scope", "credentials-refused", "credentials-missing",
        "scope-wrong-repository", "not-a-registry", "realm-unreachable", "cdn-denied", "cdn-unreachable",
        "cdn-rejects-authorization", "stalled", "ns-not-supported", "path-prefix-wrong", "rate-limited",
        "digest-mismatch", "size-mismatch", "media-type-mismatch", "body-truncated", "connect-failed",
        "name-not-resolved", "tls-upstream-invalid", "plain-http-on-tls-port", "content-encoding",
        "challenge-missing", "challenge-malformed", "realm-invalid", "token-not-json", "token-field-missing", "token-expired",
        "accept-too-narrow", "header-too-large", "name-invalid", "schema1", "signed-url-expired", "signed-url-method",
        "redirect-loop", "redirect-to-private", "redirect-to-http", "range-refused", "tls-ca-not-trusted",
    }
)  # fmt: skip
"""Table 1.9's last row: any refusal of the mirror explains ``mirror-bypassed``."""

NEVER_ROOT = frozenset(
    {
        "retry-storm", "mirror-bypassed", "blob-fetched-twice", "rate-limit-near", "http1-only", "token-per-request",
        "range-not-offered",
    }
)  # fmt: skip

NEVER_FAILS_A_PULL = NEVER_ROOT | {
    "realm-bypasses-mirror", "digest-header-missing", "length-missing", "credentials-forwarded", "unexplained",
    "basic-over-http", "challenge-malformed", "head-get-differ", "mirror-stale-tag",
}  # fmt: skip
"""Codes that, as a warning or a note, leave it open why a pull failed."""

_SEVERITY = {severity: place for place, severity in enumerate(Severity)}
# A root's place: its first row, and where the row says "A, then B", its place there.
_ROW: Mapping[str, tuple[int, int]] = {
    code: (place, inner if row.ordered else 0)
    for place, row in reversed(list(enumerate(TABLE)))
    for inner, code in enumerate(row.roots)
}

type Subject = Callable[[Finding], frozenset[str]]
"""What a finding's evidence is about: its digests, or its hosts."""
type Cause = Callable[[Finding, Finding], bool]


def arrange(
    findings: list[Finding],
    *,
    contents: Subject,
    hosts: Subject,
    caused: Cause = lambda _root, _consequence: False,
) -> list[Finding]:
    """The findings in the order in which they are told, with ``caused_by`` set.

    ``caused``: whether one finding is proved to be the cause of another, beside what the table says.
    Errors, then warnings, then notes; among errors those on which the pull failed first; then the table; then the earlier
    first evidence. A consequence stands right after its root.
    """
    parents = _parents(findings, contents, hosts, caused)
    ranked = sorted(range(len(findings)), key=lambda i: _rank(findings[i]))
    children: dict[int, list[int]] = {}
    for i in ranked:
        root = parents.get(i)
        findings[i].caused_by = None if root is None else findings[root].code
        if root is not None:
            children.setdefault(root, []).append(i)
    roots = [i for i in ranked if i not in parents]
    # A root that explains an error stands where that error would have stood.
    roots.sort(
        key=lambda i: (min(_rank(findings[j])[:2] for j in (i, *children.get(i, ()))), _rank(findings[i]))
    )
    return [findings[j] for i in roots for j in (i, *children.get(i, ()))]


def _rank(finding: Finding) -> tuple[int, bool, bool, tuple[int, int], int]:
    first = min((piece.exchange for piece in finding.evidence if piece.exchange is not None), default=0)
    return (
        _SEVERITY[finding.severity],
        not finding.final,
        finding.code in NEVER_ROOT,
        _ROW.get(finding.code, (len(TABLE), 0)),
        first,
    )


def _parents(findings: list[Finding], contents: Subject, hosts: Subject, caused: Cause) -> dict[int, int]:
    """For each consequence the place of its root: the last one up, when causes are chained."""
    direct: dict[int, int] = {}
    for i, finding in enumerate(findings):
        candidates = [
            (row, j)
            for j, other in enumerate(findings)
            if j != i and (row := _explained(other, finding, contents, hosts)) is not None
        ]
        if finding.code == "mirror-bypassed":
            candidates = _of_the_mirror(candidates, findings, finding, hosts)
        if candidates:
            direct[i] = min(
                candidates, key=lambda c: (_rank(findings[c[1]])[:2], c[0], _rank(findings[c[1]]), c[1])
            )[1]
    for i, finding in enumerate(findings):
        proved = [j for j, other in enumerate(findings) if j != i and caused(other, finding)]
        proved = [j for j in proved if _top(j, direct) != i]
        if proved and i not in direct:  # the table knows better, and nothing may explain itself in the end
            direct[i] = min(proved, key=lambda j: (_rank(findings[j]), j))
    return {i: _top(i, direct) for i in direct}


def _of_the_mirror(
    candidates: list[tuple[int, int]], findings: list[Finding], detour: Finding, hosts: Subject
) -> list[tuple[int, int]]:
    """Of two mirrors each has its own reason, and what the registry then answers stands on its own.

    The first evidence of a detour is the mirror's refusal. A root that was seen elsewhere, as at the mirror's token
    service, counts where none was seen at the mirror.
    """
    mirror = hosts(msgspec.structs.replace(detour, evidence=detour.evidence[:1]))
    registry = hosts(detour) - mirror
    seen = [(candidate, hosts(findings[candidate[1]])) for candidate in candidates]
    own = [candidate for candidate, at in seen if at & mirror]
    return own or [candidate for candidate, at in seen if not at & registry or not mirror]


def _top(i: int, direct: dict[int, int]) -> int:
    seen = {i}
    while i in direct and direct[i] not in seen:
        i = direct[i]
        seen.add(i)
    return i


def _explained(root: Finding, consequence: Finding, contents: Subject, hosts: Subject) -> int | None:
    """The row by which ``root`` explains ``consequence``, or None. A note explains no error or warning."""
    if root.code in NEVER_ROOT or (
        root.severity is Severity.NOTE and consequence.severity is not Severity.NOTE
    ):
        return None
    if (
        consequence.code == "mirror-bypassed"
        and root.code in REFUSALS_OF_A_MIRROR
        and hosts(root) & hosts(consequence)
    ):
        return len(TABLE)
    for place, row in enumerate(TABLE):
        if root.code in row.roots and consequence.code in row.consequences:
            if row.when is When.SAME_CONTENT and not contents(root) & contents(consequence):
                continue
            return place
    return None
