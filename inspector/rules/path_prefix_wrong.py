"""path-prefix-wrong: the request's path has a part too many for the server that answers."""

import msgspec
from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import body_of, codes_of, is_html, saw, saw_header, saw_status
from inspector.rules.example import CONTAINERD
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import ACCEPT, HEALTHY, HTML, MIRROR, resolve
from inspector.rules.steps import is_refusal
from inspector.wire.mediatypes import base_type
from inspector.wire.routes import Route, RouteKind

_REFUSED = frozenset({400, 401, 403, 404, 405})
_ROUTES = frozenset({RouteKind.PING, RouteKind.MANIFEST, RouteKind.BLOB, RouteKind.TAGS})
_PODMANS = frozenset({"containers", "podman", "buildah", "skopeo", "cri-o"})
_NGINX = "nginx: a slash at the end of both `location /v2/` and `proxy_pass http://R/v2/`, or at neither."


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong, the right repository, and how sure that is without a sibling."""

    what: str
    right: str | None
    sure: Confidence | None = Confidence.IMPLIED


def check(case: Case) -> Verdict:
    """Every refusal or page whose path is not that of a registry at its host's root, and under which nothing came."""
    routed = [(step, at) for step in case.steps if (at := step.exchange.route) and at.kind in _ROUTES]
    if not routed:
        return NOT_APPLICABLE
    served = {
        (step.exchange.host, route.prefix, route.repository): step
        for step, route in routed
        if step.exchange.ok and not is_html(step)
    }
    # Who was challenged or served there has found the registry behind the prefix.
    spoken = {(step.exchange.host, at.prefix) for step, at in routed if step.stage is Stage.CHALLENGE}
    behind = {where for where in spoken | {(host, prefix) for host, prefix, _ in served} if where[1]}
    hosts_of: dict[str | None, set[str]] = {}
    for step, route in routed:
        hosts_of.setdefault(route.repository, set()).add(step.exchange.host)
    by_kind: dict[tuple[str, str], list[tuple[Step, Wrong, Step | None]]] = {}
    for step, route in routed:
        host = step.exchange.host
        wrong = _wrong(step, route) if _refused(step) else None
        if (
            wrong is None
            or (host, route.prefix, route.repository) in served
            or (host, route.prefix) in behind
        ):
            continue
        sibling = served.get((host, "", wrong.right))
        # Or another registry was asked for the very name: it may really have such a part.
        meant = wrong.sure is Confidence.TYPICAL and len(hosts_of[route.repository]) > 1
        if sibling is not None or not (wrong.sure is None or meant):
            by_kind.setdefault((host, wrong.what), []).append((step, wrong, sibling))
    return [_finding(case, host, what, group) for (host, what), group in by_kind.items()] or PASSED


def _refused(step: Step) -> bool:
    if step.stage in (Stage.SIGNATURE, Stage.REFERRERS):
        return False  # look-ups that may fail
    page = step.exchange.status == 200 and is_html(step) and bool(body_of(step))
    return page or (is_refusal(step) and step.exchange.status in _REFUSED)


def _wrong(step: Step, route: Route) -> Wrong | None:
    name = route.repository or ""
    if route.prefix:
        return Wrong(f"{route.prefix[:80]} stands before /v2/", route.repository, _behind(step))
    if "//" in step.exchange.path:
        return Wrong("// stands in it", "/".join(part for part in name.split("/") if part))
    if name.startswith("v2/"):
        return Wrong("/v2/ stands twice in it", name[3:])
    if "/v2/" in name:
        return Wrong("/v2/ stands twice in it", name.rpartition("/v2/")[2], Confidence.TYPICAL)
    first, _, rest = name.partition("/")
    if rest.startswith(first + "/") and ("." in first or ":" in first):
        return Wrong(f"a registry's host stands twice in it, {first[:80]}", rest)
    return None


def _behind(step: Step) -> Confidence | None:
    """Who answers behind a prefix. JSON is a registry's own: then there is one, and it speaks of the name."""
    kind = base_type(step.exchange.response_header("content-type"))
    if codes_of(step) or kind.endswith("json"):
        return None
    return Confidence.IMPLIED if kind else Confidence.TYPICAL


def _finding(case: Case, host: str, what: str, group: list[tuple[Step, Wrong, Step | None]]) -> Finding:
    evidence: list[Evidence] = []
    for step, _, sibling in group:
        evidence += [saw(step, f"{step.exchange.method} {step.exchange.path}"), saw_status(step)]
        evidence += [saw_header(step, "content-type")] if step.exchange.status == 200 else []
        if sibling is not None:
            evidence.append(saw(sibling, f"{sibling.exchange.path} was served"))
    proved = any(sibling is not None for *_, sibling in group)
    return RULE.finding(
        f"{host} does not know the path that it is asked for: {what}",
        evidence,
        confidence=Confidence.PROVED if proved else group[0][1].sure or Confidence.IMPLIED,
        remedy=_remedy(case.client, *group[0][:2]),
    )


def _remedy(client: str, step: Step, wrong: Wrong) -> str | None:
    """The client's own lines, with the host and the path that are seen; nginx's where nginx answers."""
    host, route, right = step.exchange.host, step.exchange.route, wrong.right or ""
    path = route.prefix.strip("/") if route is not None else ""
    if not path and right.count("/") > 1:  # a repository's own name has two parts, or one
        path = right.partition("/")[0]
    twice = route is not None and (route.repository or "").startswith("v2/")
    said = [f"Leave `v2/` out of the image's name: `{host}/{right}`."] if twice and not path else []
    said += [hint] if not said and (hint := _hint(client, host, path or "p")) else []
    said += [_NGINX] if "nginx" in (step.exchange.response_header("server") or "").lower() else []
    return " ".join(said) or None


def _hint(client: str, host: str, path: str) -> str:
    if client == "containerd":
        return (
            f'containerd: `[host."https://{host}/v2/{path}"]` and `override_path = true` in hosts.toml: without them'
            f" https://{host}/{path} means /{path}/v2/NAME."
        )
    if client in _PODMANS:
        return f'podman: `location = "{host}/{path}"` in registries.conf, which means /v2/{path}/NAME.'
    if client == "docker":
        return "docker: it cannot leave a path out; give the mirror a host or a port of its own."
    return ""


RULE = Rule(
    code="path-prefix-wrong",
    title="paths are what the server expects",
    severity=Severity.ERROR,
    spec="OCI distribution-spec 1.1, Endpoints (every path begins with /v2/)",
    meaning="A mirror with a path in its address is read in two ways: https://M/p means /p/v2/NAME to docker and containerd, and"
    " /v2/p/NAME to BuildKit and podman. Harbor, Nexus and Artifactory, which tell their repositories by path, want the latter."
    " The server then finds nothing under what it is asked, or answers with its web page.",
    says=(
        ("docker", "error parsing HTTP 404 response body: invalid character '<' …"),
        ("containerd", 'failed to resolve reference "X:T": X:T: not found'),
        ("podman", "reading manifest T in M/p/X: name unknown"),
    ),
    confused_with="repository-denied and tag-not-found (the path is right, the name is not there), not-a-registry (nothing there"
    " is a registry), library-missing.",
    cause="The mirror's address is written in the form of another client, or a proxy's rewriting adds or strips a part.",
    remedy=f"{_hint('containerd', 'M', 'p')} {_hint('podman', 'M', 'p')} {_NGINX}",
    check=check,
    bad=(
        replace(
            resolve(MIRROR),
            method="GET",
            url=f"{MIRROR}/hub/v2/library/app/manifests/latest",
            ask=(ACCEPT,),
            give=("content-type: text/html",),
            body=HTML,
            agent=CONTAINERD,
        ),
    ),
    good=HEALTHY,
)
