"""credentials-missing: the registry wants a login by Basic, and the client has none for it."""

from inspector.core.finding import Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header
from inspector.rules.example import Turn
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import ACCEPT, HEALTHY, manifest_url
from inspector.rules.steps import asks_for_content

EMPTY = frozenset({"og==", "‹empty›"})
"""A Basic without name and password (``:`` in base64), as podman sends it; a source keeps that it was empty."""
_ECR = "ecr.amazonaws.com"


def check(case: Case) -> Verdict:
    """Every host that challenges with Basic first: docker, containerd and podman read only the first of a line."""
    wanting: dict[str, list[Step]] = {}
    for step in case.at(Stage.CHALLENGE):
        schemes = [challenge.scheme for challenge in step.exchange.challenges]
        if schemes and schemes[0] == "basic":
            wanting.setdefault(step.exchange.host, []).append(step)
    if not wanting:
        return NOT_APPLICABLE
    found = []
    for host, steps in wanting.items():
        asked = case.registries.get(host, steps)
        if any(has_login(step) or _served(step) for step in asked):
            continue
        ecr = any(c.service == _ECR for step in steps for c in step.exchange.challenges)
        found.append(
            RULE.finding(
                f"{host} wants a login, and the client has none for it",
                [
                    piece
                    for s in steps
                    for piece in (saw_header(s, "www-authenticate"), saw(s, "no authorization"))
                ],
                remedy="`aws ecr get-login-password | docker login -u AWS --password-stdin HOST`; it holds for 12 hours."
                if ecr
                else None,
                host=host,
            )
        )
    return found or PASSED


def has_login(step: Step) -> bool:
    """The request carries an Authorization that is more than an empty Basic."""
    scheme, _, value = (step.exchange.credential or "").partition(" ")
    return bool(value.strip()) and not (scheme.lower() == "basic" and value.strip().lower() in EMPTY)


def _served(step: Step) -> bool:
    return asks_for_content(step) and (step.exchange.ok or step.stage is Stage.REDIRECT)


RULE = Rule(
    code="credentials-missing",
    title="the client has a login where one is wanted",
    severity=Severity.ERROR,
    spec="RFC 7617 §2 (Basic); OCI distribution-spec 1.1, Determining Support",
    meaning="This registry knows no tokens: it wants a name and a password with each request (Basic), as ECR, Nexus and registries"
    " with htpasswd do. The client has no login stored for exactly this host and port, so it stops.",
    says=(
        ("docker", "no basic auth credentials"),
        ("containerd", "no basic auth credentials"),
        ("podman", "authentication required (it sends an empty Basic first)"),
    ),
    confused_with="credentials-refused (there is a login, and it is wrong), repository-denied (tokens).",
    cause="No login is stored for exactly this host and port; ECR's logins end after 12 hours.",
    remedy="docker: `docker login HOST[:PORT]`; podman and its like: `podman login HOST[:PORT]`; with the very host and port that"
    " stand in the image's name. containerd keeps no logins: `ctr images pull -u NAME:PASSWORD`.",
    check=check,
    bad=(
        Turn(
            method="HEAD",
            url=manifest_url("latest", "https://registry.example.com"),
            ask=(ACCEPT,),
            status=401,
            give=('www-authenticate: Basic realm="Registry"',),
        ),
    ),
    good=HEALTHY,
)
