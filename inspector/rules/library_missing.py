"""library-missing: one of Docker Hub's official images was asked for without ``library/``."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.quirks.docker_hub import REGISTRY as DOCKER_HUB
from inspector.quirks.known import by_host
from inspector.rules.case import Case
from inspector.rules.evidence import challenge_error, codes_of, saw, saw_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, MIRROR, bearer_line, ping, resolve, token
from inspector.rules.scope_wrong_repository import LIBRARY
from inspector.rules.steps import asks_for_content, namespace_of, repository_of

_NAMES_OF_HUB = frozenset({"docker.io", "registry-1.docker.io", "index.docker.io"})


def check(case: Case) -> Verdict:
    """Every final refusal of a repository with one part, at Docker Hub or its mirror."""
    asked = [step for step in case.steps if _one_part(step)]
    if not asked:
        return NOT_APPLICABLE
    refused = [step for step in case.refused if _one_part(step) and _says_no(step)]
    by_host: dict[str, list[Step]] = {}
    for step in refused:
        by_host.setdefault(step.exchange.host, []).append(step)
    found = [finding for host, steps in by_host.items() if (finding := _judge(case, host, steps)) is not None]
    return found or PASSED


def _one_part(step: Step) -> bool:
    repository = repository_of(step)
    if step.exchange.noted is not None:  # a mirror of ours, whose notes show that it adds library/ itself
        return False
    if any(repository_of(inner) not in (None, repository) for inner in step.upstream):
        return False  # the mirror was seen to have its own names for what it is asked for
    return bool(repository) and "/" not in (repository or "") and asks_for_content(step)


def _says_no(step: Step) -> bool:
    if step.exchange.status == 404:
        return True
    denied = challenge_error(step) == "insufficient_scope" or bool(
        codes_of(step) & {"DENIED", "INSUFFICIENT_SCOPE"}
    )
    return step.exchange.status in (401, 403) and denied


def _judge(case: Case, host: str, steps: list[Step]) -> Finding | None:
    """A 404 where nothing shows Docker Hub behind the host proves nothing: one part may be right there."""
    why = _hub_behind(case, host)
    name = repository_of(steps[0])
    if why is None:
        return _probably(case, host, steps)
    return RULE.finding(
        f"{host} was asked for {name}, which Docker Hub knows as library/{name}",
        [*(piece for step in steps for piece in _evidence(step)), why],
    )


def _probably(case: Case, host: str, steps: list[Step]) -> Finding | None:
    """Somebody else was served ``library/…`` there: then this is how that host names such images."""
    served = case.elsewhere.library(host, case.pull)
    missed = [step for step in steps if step.exchange.status == 404]
    if served is None or not missed:
        return None
    name = repository_of(missed[0])
    return RULE.finding(
        f"{host} was asked for {name}, and probably knows it as library/{name}",
        [
            *(piece for step in missed for piece in _evidence(step)),
            Evidence(exchange=None, what=served.place),
        ],
        severity=Severity.WARNING,
        confidence=Confidence.IMPLIED,
    )


def _evidence(step: Step) -> list[Evidence]:
    named = saw(step, f"{step.exchange.method} {step.exchange.path}")
    if step.exchange.challenges:
        return [named, saw_header(step, "www-authenticate")]
    return [named, saw_status(step)]


def _hub_behind(case: Case, host: str) -> Evidence | None:
    """What shows that the host is Docker Hub or stands for it."""
    for step in case.registries.get(host, ()):
        if namespace_of(step) in _NAMES_OF_HUB:
            return saw(step, f"ns={namespace_of(step)}")
        for challenge in step.exchange.challenges:
            if challenge.service == DOCKER_HUB.service:
                return saw(step, f'service="{challenge.service}" in the challenge: Docker Hub\'s')
        for inner in step.upstream:
            if by_host(inner.exchange.host) is DOCKER_HUB and repository_of(inner) == repository_of(step):
                return saw(inner, f"{inner.exchange.method} {inner.exchange.path}")
    steps = case.registries.get(host)
    return saw(steps[0], f"{host} is Docker Hub") if steps and by_host(host) is DOCKER_HUB else None


RULE = Rule(
    code="library-missing",
    title="official images are asked for with library/",
    severity=Severity.ERROR,
    starred=True,
    spec="none: a convention of Docker Hub and of clients' reference grammar",
    meaning="Docker Hub keeps its official images under `library/`. Clients add that by themselves for docker.io only; when the"
    " mirror is named in the image, as in `mirror.example.com/nginx`, nobody adds it, and the Hub refuses `nginx` as if it were"
    " private: it answers 401, not 404. So it looks like a login problem and is a name.",
    says=(
        ("docker", "pull access denied for M/nginx, repository does not exist or may require 'docker login'"),
        ("docker, behind a distribution cache", "manifest for M/nginx:latest not found: manifest unknown"),
        (
            "containerd",
            "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        ),
        ("podman", "requested access to the resource is denied"),
        ("Harbor", "unknown: repository hub/nginx not found"),
    ),
    confused_with="repository-denied and insufficient-scope (which is how it looks), token-denied. Registries where one part is"
    " right, as registry.k8s.io/pause, are not meant.",
    cause="Clients add `library/` for docker.io only, not for a mirror that is named in the image.",
    remedy="Pull `M/library/NAME`, or set the mirror as `registry-mirrors` so that the image keeps its name; nginx: `rewrite"
    f" ^/v2/([^/]+)/(manifests|blobs|tags)/(.*)$ /v2/library/$1/$2/$3 break;`, and the scope likewise. {LIBRARY}",
    check=check,
    bad=(
        ping(MIRROR),
        token("app"),
        replace(
            resolve(MIRROR, "app"),
            status=401,
            give=(bearer_line(MIRROR, "app", error="insufficient_scope"),),
            body=b"",
        ),
    ),
    good=HEALTHY,
)
