"""repository-denied: the registry says that the repository is not there, or not for this client."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import challenge_error, codes_of, is_html, saw_header, saw_status
from inspector.rules.insufficient_scope import granted_instead
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, bearer_line, ping, resolve, token
from inspector.rules.steps import asks_manifest, repository_of
from inspector.wire.token import parse_scope


def check(case: Case) -> Verdict:
    """Every final refusal of a manifest or a tags list."""
    asked = [step for step in case.steps if _asks(step)]
    if not asked:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in case.refused:
        if _asks(step) and _denied(case, step):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(host, steps) for host, steps in by_host.items()] or PASSED


def _asks(step: Step) -> bool:
    return step.stage is not Stage.SIGNATURE and (asks_manifest(step) or step.stage is Stage.TAGS)


def _denied(case: Case, step: Step) -> bool:
    status = step.exchange.status
    if is_html(step):
        return False
    if status == 404:
        return "NAME_UNKNOWN" in codes_of(step)
    error = challenge_error(step)
    if error == "insufficient_scope":
        return scope_is_right(step) and granted_instead(case, step) is None
    if status == 403:
        return "DENIED" in codes_of(step) or step.exchange.method == "HEAD"  # whose reason nobody says
    return status == 401 and _bearer(step) and error != "invalid_token" and case.token_of(step) is not None


def _bearer(step: Step) -> bool:
    return step.exchange.bearer is not None


def scope_is_right(step: Step) -> bool:
    """The challenge's scope is about the repository in the path, or names none."""
    scopes = [parse_scope(text) for challenge in step.exchange.challenges for text in challenge.scopes]
    named = [scope.name for scope in scopes if scope is not None and scope.type == "repository"]
    return not named or repository_of(step) in named


def _finding(host: str, steps: list[Step]) -> Finding:
    evidence = [saw_status(step) for step in steps]
    told = next((step for step in steps if challenge_error(step)), None)
    if told is not None:
        evidence.append(saw_header(told, "www-authenticate"))
    plain = any(step.exchange.status in (404, 401) or codes_of(step) for step in steps)
    name = repository_of(steps[0])
    if not plain and not any(
        _bearer(step) for step in steps
    ):  # then it may be a block, of a firewall or of a list
        return RULE.finding(
            f"{host} refuses HEAD of {name} with 403, which has no body to say why: it does not exist, is private, or blocked",
            evidence,
            severity=Severity.WARNING,
            confidence=Confidence.IMPLIED,
            host=host,
        )
    return RULE.finding(
        f"{name} does not exist at {host}, or is private; registries do not tell which",
        evidence,
        confidence=Confidence.PROVED if plain else Confidence.IMPLIED,
        host=host,
    )


RULE = Rule(
    code="repository-denied",
    title="the repository is there and open to this client",
    severity=Severity.ERROR,
    starred=True,
    yields_to=(
        "library-missing",
        "scope-wrong-repository",
        "token-denied",
        "token-ignored",
        "token-expired",
        "token-field-missing",
        "rate-limited",
    ),
    spec="OCI distribution-spec 1.1, Pushing Manifests and Error Codes (unknown repository: 404; many send 401 or 403)",
    meaning="The registry refused the repository as a whole. To hide which private repositories exist, most registries give the"
    " same answer for one that is missing and one that this client may not read, often 401 or 403 after a valid token.",
    says=(
        ("docker", "repository X not found: name unknown"),
        (
            "docker",
            "pull access denied for X, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        ),
        ("containerd", "unexpected status from HEAD request to https://…: 403 Forbidden"),
        ("containerd 1.6", "pulling from host H failed with status code [manifests latest]: 403 Forbidden"),
        ("podman", "repository name not known to registry"),
    ),
    confused_with="library-missing (the name lacks library/), token-denied (the login itself is refused), tag-not-found (the"
    " repository is there, the tag is not).",
    cause="A misspelt name, or a private repository and no login, or a login without the right to it; a mirror may allow only"
    " listed repositories.",
    remedy="Check the name; log in for exactly this host (`docker login HOST`); mirrors that allow by list often want the original"
    " registry's host as the first part of the path.",
    check=check,
    bad=(
        ping(),
        token("someone/app"),
        replace(
            resolve(repository="someone/app"),
            status=401,
            give=(bearer_line(repository="someone/app", error="insufficient_scope"),),
            body=b"",
        ),
    ),
    good=HEALTHY,
)
