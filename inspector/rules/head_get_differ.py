"""head-get-differ: HEAD and GET of one URL are answered as if they were two things."""

from msgspec.structs import replace

from inspector.core.events import header_all
from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, resolve
from inspector.rules.steps import asks_for_content
from inspector.wire.mediatypes import base_type

DIGEST = "docker-content-digest"
# 401 is about the credentials, 406 about Accept, 416 about Range; the others pass by themselves.
_OTHER_REASONS = frozenset({401, 406, 408, 416, 425, 429, 502, 503, 504})
_NEED_HEAD = frozenset({"containerd", "buildkit", "oras", "nerdctl", "crane", "helm"})
_STAGES = (Stage.RESOLVE, Stage.MANIFEST, Stage.BLOB, Stage.REDIRECT)

type Pair = tuple[Step, Step]


def check(case: Case) -> Verdict:
    """The last HEAD and the last GET of each URL, where both were asked for the same."""
    heads: dict[tuple[str, str], Step] = {}
    gets: dict[tuple[str, str], Step] = {}
    for step in case.at(*_STAGES):
        if not asks_for_content(step) or step.exchange.request_header("range"):
            continue
        asked = {"HEAD": heads, "GET": gets}.get(step.exchange.method)
        key = (step.exchange.request.url, _accept(step))
        if asked is not None and (key not in asked or not _good(asked[key])):
            asked[key] = step
    pairs = [(head, gets[key]) for key, head in heads.items() if key in gets]
    if not pairs:
        return NOT_APPLICABLE
    by_host: dict[str, list[tuple[Pair, list[Evidence]]]] = {}
    for pair in pairs:
        host = pair[0].exchange.host
        differ = _differ(*pair)
        if differ and not case.allowed.relaxed(host, RULE.code):
            by_host.setdefault(host, []).append((pair, differ))
    return [_finding(case, host, group) for host, group in by_host.items()] or PASSED


def _accept(step: Step) -> str:
    """What may come, in whatever order it is written. A digest is one thing for every Accept."""
    route = step.exchange.route
    if route is not None and not route.is_tag:
        return ""
    return ",".join(
        sorted(",".join(header_all(step.exchange.request.headers, "accept")).replace(" ", "").split(","))
    )


def _good(step: Step) -> bool:
    status = step.exchange.status or 0
    return 200 <= status < 400


def _differ(head: Step, get: Step) -> list[Evidence]:
    statuses = (head.exchange.status, get.exchange.status)
    if None in statuses or _OTHER_REASONS & set(statuses):
        return []
    if _good(head) != _good(get):
        if {403, 404} & set(statuses) and head.exchange.credential != get.exchange.credential:
            return []  # the one had the right token, the other had not
        return [saw_status(head), saw_status(get)]
    if statuses != (200, 200):
        return []
    types = [base_type(step.exchange.response_header("content-type")) for step in (head, get)]
    digests = [step.exchange.response_header(DIGEST) for step in (head, get)]
    route = head.exchange.route
    by_tag = route is not None and route.is_tag
    if by_tag and types[0] == types[1] and (None in digests or digests[0] != digests[1]):
        return []  # tag-moved, or it cannot be told from it
    names = [
        name
        for name, pair in (("content-type", types), (DIGEST, digests))
        if all(pair) and pair[0] != pair[1]
    ]
    if _lengths_differ(head, get):
        names.append("content-length")
    return [saw_header(step, name) for name in names for step in (head, get)]


def _lengths_differ(head: Step, get: Step) -> bool:
    """Told on both, and neither of them that of an encoded body: HEAD is mostly asked without a coding."""
    if any(step.exchange.response_header("content-encoding") for step in (head, get)):
        return False
    told = [step.exchange.response_header("content-length") for step in (head, get)]
    return all(told) and told[0] != told[1]


def _finding(case: Case, host: str, group: list[tuple[Pair, list[Evidence]]]) -> Finding:
    (head, get), _ = group[0]
    refused = _good(head) != _good(get)
    needed = refused and not _good(head) and not case.arrived and case.client in _NEED_HEAD
    how = (
        f"HEAD with {head.exchange.status}, GET with {get.exchange.status}"
        if refused
        else "HEAD and GET differently"
    )
    evidence = [piece for _, pieces in group for piece in pieces]
    if head.exchange.response_header("server"):
        evidence.append(saw(head, f"server: {head.exchange.response_header('server')}"))
    return RULE.finding(
        f"{host} answers {how}, for one URL",
        evidence,
        severity=Severity.ERROR if needed else Severity.WARNING,
    )


RULE = Rule(
    code="head-get-differ",
    title="the answers to HEAD and GET of one URL agree",
    severity=Severity.WARNING,
    spec="RFC 9110 §9.3.2 (HEAD sends the fields of GET); OCI distribution-spec 1.1, Pulling manifests",
    meaning="HEAD is to say what GET would bring: its status, type, length and digest. Here the two differ. Clients that resolve a"
    " tag with HEAD (containerd, docker, oras) then fail, or expect another document than the one that comes.",
    says=(
        ("containerd", "unexpected status from HEAD request to …: 403 Forbidden"),
        ("docker", "nothing: it asks again with GET"),
        ("podman", "nothing: it asks with GET only"),
    ),
    confused_with="tag-moved (another digest of the same type: the tag was moved in between), signed-url-method (the storage"
    " refuses HEAD), and a HEAD that met the challenge where the GET had a token.",
    cause="A proxy or firewall lets GET pass and no HEAD, or answers HEAD itself; or a cache keeps one of the two.",
    remedy="Pass HEAD on as it is: nginx `limit_except GET HEAD { deny all; }`, `proxy_cache_convert_head off;` with"
    " `$request_method` in `proxy_cache_key`; a Worker must fetch with the client's own method.",
    check=check,
    bad=(
        *HEALTHY[:2],
        replace(resolve(), status=403, give=("server: nginx",), body=b""),
        replace(resolve(), method="GET"),
        *HEALTHY[3:],
    ),
    good=HEALTHY,
)
