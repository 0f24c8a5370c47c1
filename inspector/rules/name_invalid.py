"""name-invalid: the repository's or the tag's name is not of the grammar."""

import re

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import codes_of, saw, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, error_body, ping, resolve, token
from inspector.wire.routes import RouteKind

# distribution-spec 1.1, Pulling manifests: <name> and <reference> as a tag
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_ROUTES = frozenset({RouteKind.MANIFEST, RouteKind.BLOB, RouteKind.TAGS, RouteKind.REFERRERS})
_CODE = "NAME_INVALID"


def check(case: Case) -> Verdict:
    """Every name that is asked for, once; and every refusal that says so."""
    seen = False
    wrong: dict[tuple[str, str], list[Evidence]] = {}
    judged: dict[tuple[str, str | None], str | None] = {}
    for step in case.steps:
        route = step.exchange.route
        if route is None or route.kind not in _ROUTES or not route.repository:
            continue
        seen = True
        key = (route.repository, route.reference if route.is_tag else None)
        if key not in judged:
            judged[key] = _why(*key)
        why = judged[key]
        if why is not None:
            wrong.setdefault((step.exchange.host, why), []).extend([saw(step, why), *_refusal(step)])
        elif _CODE in codes_of(step) and case.final(step):
            wrong.setdefault((step.exchange.host, f"the registry refuses {route.repository}"), []).append(
                saw_status(step)
            )
    found = [_finding(host, why, pieces) for (host, why), pieces in wrong.items()]
    return found or (PASSED if seen else NOT_APPLICABLE)


def _why(repository: str, tag: str | None) -> str | None:
    """What breaks the grammar. Empty parts are a matter of the path: `path-prefix-wrong`."""
    name = repository.strip("/")
    if "//" not in name and _NAME.fullmatch(name) is None:
        if name != name.lower():
            return f"the repository {name[:80]} has upper-case letters"
        return f"the repository {name[:80]} has {'a colon' if ':' in name else 'characters that no name may have'}"
    if tag is not None and _TAG.fullmatch(tag) is None:
        return (
            "the tag is longer than 128 characters"
            if len(tag) > 128
            else f"the tag {tag[:80]} is not of the grammar"
        )
    return None


def _refusal(step: Step) -> list[Evidence]:
    return [saw_status(step)] if (step.exchange.status or 0) >= 400 else []


def _finding(host: str, why: str, evidence: list[Evidence]) -> Finding:
    return RULE.finding(f"{host} is asked for a name that is none: {why}", evidence)


RULE = Rule(
    code="name-invalid",
    title="names of repositories and tags are of the grammar",
    severity=Severity.ERROR,
    spec="OCI distribution-spec 1.1, Pulling manifests (grammar of names and tags)",
    meaning="Names of repositories are lower-case letters, digits, and single separators, in parts with slashes between; a tag has at"
    " most 128 characters. What is written otherwise is mostly refused by the client before it asks; what comes to the wire was"
    " put together by a tool or a mirror's rewriting.",
    says=(
        ("docker", "invalid reference format: repository name must be lowercase"),
        ("containerd", "invalid reference format; from the registry: NAME_INVALID: invalid repository name"),
        ("podman", "invalid reference format: repository name must be lowercase"),
    ),
    confused_with="repository-denied (the name is well formed, and not there), path-prefix-wrong (a part too many in the path).",
    cause="Upper case, a port or a scheme in the repository's name; often a variable of a CI, such as the project's own name.",
    remedy="Write the name in lower case, without port or scheme: in a CI use the lower-case form of the variable (GitLab:"
    " CI_PROJECT_PATH_SLUG); in a mirror look at what its rewriting makes of the path.",
    check=check,
    bad=(
        ping(),
        token("Library/App"),
        replace(
            resolve(repository="Library/App"),
            method="GET",
            status=400,
            give=("content-type: application/json",),
            body=error_body(_CODE, "invalid repository name"),
        ),
    ),
    good=HEALTHY,
)
