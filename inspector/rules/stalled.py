"""stalled: a server took a request and then fell silent."""

from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn
from inspector.rules.steps import client_left

HEAD = 60.0
CLIENT_GAVE_UP = 10.0
BODY_GAVE_UP = 25.0


def check(case: Case) -> Verdict:
    """Every exchange whose head came late or never, or that the client closed with the body unfinished."""
    if not case.steps:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in case.steps:
        if _silent(step) is not None:
            by_host.setdefault(step.exchange.host, []).append(step)
    found = [_finding(case, host, steps) for host, steps in by_host.items()]
    return found + _unfinished(case, set(by_host)) or PASSED


def _unfinished(case: Case, told: set[str]) -> list[Finding]:
    """The recording ends in a body: whether it stalled, was slow or only not over, its times do not tell."""
    last: dict[str, Step] = {}
    for step in case.steps:
        if step.exchange.open and step.exchange.response is not None and step.exchange.method == "GET":
            last[step.exchange.host] = step
    return [
        RULE.finding(
            f"the recording ended while {host} was sending: stalled, slow, or only not over yet",
            [saw(step, f"{step.size or 0} bytes had come when the recording ended")],
            severity=Severity.NOTE,
            confidence=Confidence.IMPLIED,
            cause="Nothing shows whether bytes still came. Where the client hung, the server had fallen silent.",
            remedy="Where the client hung, record again and let it run into its own limit, or for half a minute at least.",
        )
        for host, step in last.items()
        if host not in told
    ]


def _silent(step: Step) -> float | None:
    """The seconds without a byte, as far as the capture has times; None when it was not long enough."""
    exchange = step.exchange
    if exchange.open:
        return None
    begin = exchange.request.time
    end = (
        exchange.end.time
        if exchange.end is not None and exchange.end.time is not None
        else exchange.last_time
    )
    answered = exchange.response.time if exchange.response is not None else None
    if exchange.response is None:
        waited = end - begin
        return waited if waited >= HEAD or (client_left(step) and waited >= CLIENT_GAVE_UP) else None
    if answered is not None and answered - begin >= HEAD:
        return answered - begin
    # A broken body has no times of its bytes: that the client closed long after the head is all that is known.
    unfinished = not exchange.whole and client_left(step)
    if unfinished and answered is not None and end - answered >= BODY_GAVE_UP:
        return end - answered
    return None


def _finding(case: Case, host: str, steps: list[Step]) -> Finding:
    first = steps[0]
    waited = _silent(first) or 0.0
    head = first.exchange.response is None
    went_on = all(case.overcome(step) or step.exchange.ok for step in steps)
    implied = not head and not first.exchange.ok
    severity = Severity.WARNING if went_on or implied else Severity.ERROR
    what = "did not answer" if head else "answered late" if first.exchange.ok else "stopped sending"
    limit = _limit(case, first, waited)
    return RULE.finding(
        f"{host} {what}: nothing came for {waited:.0f} s" + (f", {limit}" if limit else ""),
        [_evidence(step) for step in steps],
        severity=severity,
        confidence=Confidence.IMPLIED if implied else Confidence.PROVED,
    )


def _evidence(step: Step) -> Evidence:
    waited = _silent(step) or 0.0
    who = (
        "then the client closed"
        if client_left(step)
        else "then the answer came"
        if step.exchange.ok
        else "then it ended"
    )
    return saw(step, f"no byte for {waited:.1f} s, {who}")


def _limit(case: Case, step: Step, waited: float) -> str | None:
    """The client's own limit, where the time fits it."""
    if (
        case.client == "docker"
        and step.stage in (Stage.PING, Stage.CHALLENGE, Stage.TOKEN)
        and 14.5 <= waited <= 16
    ):
        return "docker's limit of 15 s for the ping and the token"
    if case.client == "containerd" and step.exchange.response is None and 29 <= waited <= 31.5:
        return "containerd's limit of 30 s for an answer"
    if case.client in ("containerd", "cri-o") and 299 <= waited <= 305:
        return "the CRI's limit of 5 min without progress"
    return None


RULE = Rule(
    code="stalled",
    title="servers do not fall silent",
    severity=Severity.ERROR,
    spec="none: RFC 9110 sets no time; the limits are the clients'",
    meaning="The connection stands, the request was taken, and no byte comes any more. Clients wait for their own limit and close,"
    " so what they print is a timeout. Slow and moving is no stall.",
    says=(
        ("docker", "(Client.Timeout exceeded while reading body)"),
        ("containerd", "context deadline exceeded"),
        ("CRI's log", "cancel pulling image … because of no progress in 5m0s"),
        ("podman", "context deadline exceeded"),
    ),
    confused_with="body-truncated (the server closed), connect-failed (there is no connection), realm-unreachable.",
    cause="The server or what stands behind it hangs: a mirror that waits for its upstream, a full queue, a middlebox that has"
    " forgotten the connection.",
    remedy="Look at the mirror's upstream side at that time; give it limits of its own (nginx `proxy_connect_timeout 5s;"
    " proxy_read_timeout 60s;`), so that it fails clearly and clients can go elsewhere.",
    check=check,
    bad=(
        *HEALTHY[:-1],
        replace(cdn(LAYER), status=None, took=30.0, error="client disconnected", side=Side.CLIENT),
    ),
    good=HEALTHY,
)
