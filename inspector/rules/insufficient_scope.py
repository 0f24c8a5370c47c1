"""insufficient-scope: the token does not carry the right that the request needs."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Step
from inspector.rules.case import Case
from inspector.rules.evidence import challenge_error, saw, saw_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, CannotTell, Rule, Verdict
from inspector.rules.sample import HEALTHY, bearer_line, ping, resolve, token
from inspector.rules.steps import repository_of
from inspector.wire.token import Claims, parse_scope

HAND_ON = (
    "Hand the client's scope on as it came, and change it only where the path is changed in the same way. nginx: remove"
    " `set $args` from the token service's location."
)


def check(case: Case) -> Verdict:
    """Every final refusal of a request that carries a bearer."""
    carried = [step for step in case.steps if step.exchange.bearer is not None]
    if not carried:
        return NOT_APPLICABLE
    refused = [s for s in case.refused if s.exchange.bearer is not None and s.exchange.status in (401, 403)]
    by_host: dict[str, list[Step]] = {}
    for step in refused:
        if challenge_error(step) == "insufficient_scope" or lacks(case, step) or _harbor(step):
            by_host.setdefault(step.exchange.host, []).append(step)
    if by_host:
        return [_finding(case, host, steps) for host, steps in by_host.items()]
    opaque = refused and all(_claims(case, step) is None for step in refused)
    return CannotTell("the token's claims cannot be read") if opaque else PASSED


def _claims(case: Case, step: Step) -> Claims | None:
    given = case.token_of(step)
    answer = given.exchange.token_answer if given is not None else None
    return answer.claims if answer is not None else None


def lacks(case: Case, step: Step) -> bool:
    """The bearer is a JWT of this pull, and its access does not cover pulling this repository."""
    claims = _claims(case, step)
    repository = repository_of(step)
    if claims is None or claims.access is None or repository is None:
        return False
    return not any(
        entry.type.startswith("repository")
        and entry.name == repository
        and {"pull", "*"} & set(entry.actions)
        for entry in claims.access
    )


def granted_instead(case: Case, step: Step) -> str | None:
    """Another repository than was asked for, that the token service put into the token of a refused request."""
    given, claims, repository = case.token_of(step), _claims(case, step), repository_of(step)
    if given is None or claims is None or not claims.access or not lacks(case, step):
        return None
    asked = {scope.name for text in given.exchange.token_request.scopes if (scope := parse_scope(text))}
    others = [
        one.name for one in claims.access if one.type.startswith("repository") and one.name not in asked
    ]
    return others[0] if others and repository in asked else None


def _harbor(step: Step) -> bool:
    """Harbor answers a bearer that is not enough with Basic."""
    return any(one.scheme == "basic" and one.realm == "harbor" for one in step.exchange.challenges)


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    first = steps[0]
    evidence: list[Evidence] = []
    given = case.token_of(first)
    claims = _claims(case, first)
    if given is not None and claims is not None and claims.access is not None:
        granted = ", ".join(f"{a.name}:{'+'.join(a.actions)}" for a in claims.access[:4]) or "nothing"
        evidence.append(saw(given, f"the token grants {granted}"))
    evidence += [
        saw_header(step, "www-authenticate") if step.exchange.challenges else saw_status(step)
        for step in steps
    ]
    other = granted_instead(case, first)
    if other is not None:
        return RULE.finding(
            f"the client asked for a token for {repository_of(first)}, and was given one for {other}",
            evidence,
            cause="The token service, or the mirror's own way to it, asks for another scope than the client did.",
            remedy=HAND_ON,
        )
    return RULE.finding(
        f"the token is not enough for {repository_of(first) or host}: {host} wants a wider one", evidence
    )


RULE = Rule(
    code="insufficient-scope",
    title="the token covers what is asked with it",
    severity=Severity.ERROR,
    spec="RFC 6750 §3.1 (403; registries send 401); Docker token specification, JWT",
    meaning="The token service granted a token, and the registry finds that it does not cover this repository. A service grants what"
    ' the account may have of what was asked, so nobody is told "no" there: one gets a token with an empty grant, and the refusal'
    " comes one step later. Mostly this is a consequence: of a wrong name, or a missing login.",
    says=(
        (
            "docker",
            "pull access denied for X, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
        ),
        (
            "containerd",
            "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        ),
        ("podman", "requested access to the resource is denied"),
    ),
    confused_with="token-ignored (the token covers it, and is refused), token-expired (it did cover it).",
    cause="The account, or nobody being logged in, has no right to this repository, or the repository does not exist.",
    remedy="Check the name of the image first, then log in with an account that may pull it.",
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
