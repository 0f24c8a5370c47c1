"""token-denied: the token service refused."""

from msgspec.structs import replace

from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header, saw_status, words_of
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, ping, token


def check(case: Case) -> Verdict:
    """Every token request that was refused for good. A refused POST and a GET that works is how containerd asks."""
    asked = case.at(Stage.TOKEN)
    if not asked:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in asked:
        status = step.exchange.status or 0
        if 400 <= status < 500 and status != 429 and case.final(step):
            by_host.setdefault(step.exchange.host, []).append(step)
    return [_finding(case, host, steps) for host, steps in by_host.items()] or PASSED


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    first = steps[0]
    login = with_login(first)
    evidence: list[Evidence] = []
    challenge = case.before(first)
    registry = None
    if challenge is not None and challenge.stage is Stage.CHALLENGE:
        registry = challenge.exchange.host
        evidence.append(saw_header(challenge, "www-authenticate"))
    evidence += [saw_status(step) for step in steps]
    if login:
        evidence.append(saw(first, "the request carries a login"))
    said = words_of(first)
    return RULE.finding(
        f"the token service {host} refused{' the login' if login else ''}" + (f": {said}" if said else ""),
        evidence,
        cause=None
        if login
        else "The token service itself refuses what is private or missing, or wants a login.",
        remedy=None
        if login
        else "Check the name of the image; if it is private, log in for exactly this registry: `docker login HOST`.",
        host=registry,
    )


def with_login(step: Step) -> bool:
    """The request to the token service carries somebody's credentials."""
    grant = step.exchange.token_request.grant_type
    return step.exchange.credential is not None or grant in ("password", "refresh_token")


RULE = Rule(
    code="token-denied",
    title="the token service grants a token",
    severity=Severity.ERROR,
    spec="Docker token specification; its OAuth2 document",
    meaning="The client asked the token service for a token and was refused. A stored login that is wrong or expired breaks public"
    " images too, because clients send it anyway. Some services (GHCR) refuse private and missing repositories here already.",
    says=(
        ("docker", "unauthorized: incorrect username or password"),
        ("docker", 'Head "https://ghcr.io/v2/…": denied: denied'),
        (
            "containerd",
            "failed to fetch oauth token: unexpected status from POST request to https://T: 401 Unauthorized",
        ),
        ("podman", "unable to retrieve auth token: invalid username/password: …"),
    ),
    confused_with="repository-denied (a token was granted, and the registry refused), credentials-refused (a registry with Basic),"
    " realm-unreachable (no answer).",
    cause="A wrong, expired or revoked login is stored for this registry, and is sent with every request for a token.",
    remedy="docker: `docker logout HOST`; podman and its like: `podman logout HOST`. Then try again without a login; if the image is"
    " private, log in with a new token or password.",
    check=check,
    bad=(
        ping(),
        replace(
            token(),
            status=401,
            ask=("authorization: Basic ‹basic 5d1e77aa›",),
            body=b'{"details":"incorrect username or password"}',
        ),
    ),
    good=HEALTHY,
)
