"""realm-unreachable: the token service that the challenge names could not be reached."""

from inspector.core.events import Trouble
from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, saw_header
from inspector.rules.example import Broken
from inspector.rules.failures import SILENT, Failure, dead_realms
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, ping
from inspector.rules.steps import client_left, is_registry_url, seconds_of
from inspector.wire.routes import RouteKind
from inspector.wire.url import host_of

_NEVER_ASK = frozenset({"curl", "wget"})
"""Tools that show a challenge to their user and take none up."""


def check(case: Case) -> Verdict:
    """Every realm that a Bearer challenge of this pull names."""
    dead = dead_realms(case)
    found = [_finding(case, host, failures) for host, failures in dead.items()]
    found += [_abandoned(case, step) for step in _left(case)]
    if found:
        return found
    implied = _implied(case)
    if implied is not None:
        return [implied]
    return PASSED if case.realms or case.at(Stage.TOKEN) else NOT_APPLICABLE


def _finding(case: Case, host: str, failures: list[Failure]) -> Finding:
    evidence = _challenges(case, host) + [failure.evidence for failure in failures]
    why = {
        Trouble.NAME: "its name did not resolve",
        Trouble.SERVER_TLS: "its certificate was refused",
        Trouble.PLAIN_HTTP: "one side spoke plain HTTP where TLS was due",
    }.get(failures[0].trouble, "the connection failed")
    return RULE.finding(f"the token service {host} could not be reached: {why}", evidence)


def _challenges(case: Case, host: str) -> list[Evidence]:
    return [saw_header(case.steps[n - 1], "www-authenticate") for n in case.realms.get(host, [])[:1]]


def _left(case: Case) -> list[Step]:
    """Token requests without an answer that the client left after a second: sooner it had another reason, later it
    is `stalled`."""
    given = {step.exchange.host for step in case.tokens.values()}
    return [
        step
        for step in case.at(Stage.TOKEN)
        if step.exchange.status is None and client_left(step) and step.exchange.host not in given
        and 1.0 <= seconds_of(step) < SILENT
    ]  # fmt: skip


def _abandoned(case: Case, step: Step) -> Finding:
    waited = saw(step, f"no answer within {seconds_of(step):.1f} s, then the client left")
    return RULE.finding(
        f"the token service {step.exchange.host} did not answer before the client left",
        [*_challenges(case, step.exchange.host), waited],
        confidence=Confidence.IMPLIED,
    )


def _implied(case: Case) -> Finding | None:
    """The pull ends with a challenge that nobody takes up. A plain flow file keeps nothing of a failed CONNECT."""
    last = case.steps[-1] if case.steps else None
    if (
        last is None
        or last.stage is not Stage.CHALLENGE
        or last.exchange.credential is not None
        or case.arrived
    ):
        return None
    bearers = [
        challenge
        for challenge in last.exchange.challenges
        if challenge.scheme == "bearer" and challenge.realm
    ]
    host = host_of(bearers[0].realm) if bearers else None
    if (
        host is None
        or host == last.exchange.host
        or case.at(Stage.TOKEN)
        or case.pull.client.name in _NEVER_ASK
        or _only_looks(case)
        or not is_registry_url(last.exchange.request.url)
    ):
        return None
    return RULE.finding(
        f"the client never asked {host} for a token: it could not reach it, or gave up",
        [
            saw_header(last, "www-authenticate"),
            saw(last, "the last that the capture shows of this client's pull"),
        ],
        severity=Severity.WARNING,
        confidence=Confidence.IMPLIED,
    )


def _only_looks(case: Case) -> bool:
    """A cache, when it starts, looks whether its upstream is there (distribution); a client of registries says its name."""
    pings = all(
        step.exchange.route is not None and step.exchange.route.kind is RouteKind.PING for step in case.steps
    )
    return pings and case.pull.client.name == "go-http-client"


RULE = Rule(
    code="realm-unreachable",
    title="the token service that the challenge names answers",
    severity=Severity.ERROR,
    starred=True,
    spec="Docker token specification, How to authenticate",
    meaning="A registry answers 401 and names in `realm` the service where the client must fetch a token. That is another"
    " request, mostly to another host, made by the client itself. Here that host could not be reached, so the pull ends before"
    " it has begun, although the registry or the mirror works.",
    says=(
        (
            "docker",
            'Get "https://auth.docker.io/token?…": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
        ),
        (
            "containerd",
            'failed to authorize: failed to fetch anonymous token: Get "https://auth.docker.io/token?scope=…": dial tcp …: i/o timeout',
        ),
        ("containerd, logged in", "failed to authorize: failed to fetch oauth token: Post …"),
        ("podman", 'pinging container registry …: Get "https://auth.docker.io/token?…": dial tcp: …'),
    ),
    confused_with="server-error and rate-limited (the token service answered), stalled (it took the request and was silent),"
    " connect-failed (the registry itself cannot be reached).",
    cause="The network lets the client reach the mirror only, and the mirror passes the original registry's realm on.",
    remedy="Open the token service's host for the client; or let the mirror name its own realm in the challenge and fetch the"
    " token from upstream with the same scope (see realm-bypasses-mirror).",
    check=check,
    bad=(
        ping(),
        Broken(trouble=Trouble.CONNECT, host="auth.docker.io", message="Connect call failed: timed out"),
    ),
    good=HEALTHY,
)
