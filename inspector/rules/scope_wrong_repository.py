"""scope-wrong-repository: the token is asked for another repository than the one in the path."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, MIRROR, bearer_line, ping, resolve, token
from inspector.rules.steps import asks_for_content, is_refusal, repository_of
from inspector.wire.token import parse_scope

PLACEHOLDERS = frozenset({"user/image"})
"""What GHCR's ping names, whoever asks."""

LIBRARY = (
    "For `library/` nginx can do it on the way to the token service, in its location: `if ($arg_scope ~"
    ' "^repository(:|%3A)([^/%:]+)(:|%3A)pull$") { set $args "service=$arg_service&scope=repository:library/$2:pull"; }`.'
)


def check(case: Case) -> Verdict:
    """Every final refusal of a repository route whose challenge, or whose token's request, names repositories."""
    asked = [step for step in case.steps if _on_route(step) and _told(case, step)]
    if not asked:
        return NOT_APPLICABLE
    refused = {step.n for step in case.refused}
    by_host: dict[str, list[Step]] = {}
    for step in asked:
        if (
            step.n in refused
            and _wrong(case, step)
            and not case.allowed.relaxed(step.exchange.host, RULE.code)
        ):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()] or PASSED


def _on_route(step: Step) -> bool:
    if step.exchange.noted is not None:  # a mirror of ours rewrites the path and the scope alike, inside
        return False
    return asks_for_content(step) or step.stage is Stage.TAGS


def _told(case: Case, step: Step) -> list[list[str]]:
    """The repositories that the challenge names, and those that the bearer was asked for; each a list of its own."""
    in_challenge = [text for one in step.exchange.challenges for text in one.scopes]
    given = case.token_of(step)
    in_request = list(given.exchange.token_request.scopes) if given is not None else []
    return [names for texts in (in_challenge, in_request) if (names := _names(texts))]


def _names(texts: list[str]) -> list[str]:
    scopes = [parse_scope(text) for text in texts]
    return [
        scope.name
        for scope in scopes
        if scope is not None
        and scope.type == "repository"
        and scope.resource_class is None
        and scope.name not in PLACEHOLDERS
    ]


def _wrong(case: Case, step: Step) -> bool:
    return any(repository_of(step) not in names for names in _told(case, step)) or bool(
        _rewritten(case, step)
    )


def _rewritten(case: Case, step: Step) -> tuple[Step, list[str]] | None:
    """What the mirror asked upstream with the client's own token, which is for other names: it rewrites but the path."""
    given = case.token_of(step)
    if given is None or given.upstream:
        return None  # where the mirror fetched the token it may have asked for another scope: that is seen upstream
    for inner in step.upstream:
        if is_refusal(inner) and repository_of(inner) and inner.exchange.bearer == step.exchange.bearer:
            for names in _told(case, step):
                if repository_of(inner) not in names:
                    return inner, names
    return None


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    first = steps[0]
    rewritten = _rewritten(case, first)
    if rewritten is not None:
        return _of_the_path(case, host, first, rewritten)
    repository = repository_of(first)
    others = next(names for names in _told(case, first) if repository not in names)
    evidence: list[Evidence] = []
    given = case.token_of(first)
    if given is not None:
        evidence.append(saw(given, f"scope={' '.join(given.exchange.token_request.scopes)}"))
    for step in steps:
        evidence.append(saw(step, f"{step.exchange.method} {step.exchange.path}"))
        evidence.append(
            saw_header(step, "www-authenticate") if step.exchange.challenges else saw_status(step)
        )
    return RULE.finding(
        f"{host} is asked for {repository}, and the token is for {others[0]}",
        evidence,
        remedy=f"{RULE.remedy} {LIBRARY}" if others[0] == f"library/{repository}" else None,
    )


def _of_the_path(case: Case, host: str, step: Step, rewritten: tuple[Step, list[str]]) -> Finding:
    inner, names = rewritten
    given = case.token_of(step)
    evidence = (
        [saw(given, f"scope={' '.join(given.exchange.token_request.scopes)}")] if given is not None else []
    )
    evidence += [saw(one, f"{one.exchange.method} {one.exchange.path}") for one in (step, inner)]
    evidence.append(saw_header(inner, "www-authenticate") if inner.exchange.challenges else saw_status(inner))
    return RULE.finding(
        f"{host} asks {inner.exchange.host} for {repository_of(inner)}, and the token is for {names[0]}",
        evidence,
        cause="The mirror rewrites the repository in the path and not in the scope.",
    )


RULE = Rule(
    code="scope-wrong-repository",
    title="the scope names the repository that is asked for",
    severity=Severity.ERROR,
    spec="Docker token specification, scope document",
    meaning="A token holds for the repositories in its scope. Here the path asks for one repository and the scope names another: the"
    " mirror adds or strips a part of the path and leaves the scope as it is, or the other way round.",
    says=(
        ("docker", "pull access denied for X, repository does not exist or may require 'docker login'"),
        ("containerd", "pull access denied, …: server message: insufficient_scope: authorization failed"),
        ("podman", "requested access to the resource is denied"),
    ),
    confused_with="library-missing (path and scope agree, and both lack library/). Other scopes beside the right one are harmless:"
    " containerd sends its own and the challenge's.",
    cause="The mirror rewrites the repository in the path and not in the scope, or redirects to `library/` after the token.",
    remedy="Rewrite the scope wherever the path is rewritten: in the challenge, or in the mirror's own token route.",
    check=check,
    bad=(
        ping(MIRROR),
        token("library/app"),
        replace(
            resolve(MIRROR, "hub/library/app"),
            status=401,
            give=(bearer_line(MIRROR, "library/app", error="insufficient_scope"),),
            body=b"",
        ),
    ),
    good=HEALTHY,
)
