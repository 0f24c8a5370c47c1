"""range-ignored: asked for the rest of a blob, the server sends it all from the beginning."""

from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import Evidence, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_request_header, saw_status
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, LAYER, cdn, redirect
from inspector.wire.ranges import parse_range


def check(case: Case) -> Verdict:
    """Every Range that begins behind the first byte, on a blob."""
    ranged = [step for step in case.at(Stage.BLOB, Stage.CDN) if begins_at(step)]
    if not ranged:
        return NOT_APPLICABLE
    by_host: dict[str, list[Step]] = {}
    for step in ranged:
        if step.exchange.status == 200:
            by_host.setdefault(step.exchange.host, []).append(step)
    found = []
    for host, steps in by_host.items():
        evidence: list[Evidence] = [
            piece for step in steps for piece in (saw_request_header(step, "range"), saw_status(step))
        ]
        ended = any(not step.exchange.whole and not case.overcome(step) for step in steps)
        severity = Severity.ERROR if ended else Severity.WARNING
        found.append(
            RULE.finding(
                f"{host} was asked for the rest and sends all of it again", evidence, severity=severity
            )
        )
    return found or PASSED


def begins_at(step: Step) -> int:
    """The first byte of the Range that was asked for; 0 where there is none or it begins at the beginning."""
    asked = parse_range(step.exchange.request_header("range") or "")
    return asked[0] if asked is not None else 0


RULE = Rule(
    code="range-ignored",
    title="a server that is asked for the rest sends the rest",
    severity=Severity.WARNING,
    spec="RFC 9110 §14.2 (a server may ignore Range); OCI distribution-spec 1.1, Pulling blobs (should support it)",
    meaning="A download broke off, and the client asked for the rest with Range. The server answers 200 with the whole blob. That is"
    " allowed, but costs the bytes once more; some clients skip what they have, some begin anew, some give up.",
    says=(
        ("docker", "nothing: it starts over"),
        ("containerd", "failed size validation: 12432 != 12341 (older ones; newer ones skip the beginning)"),
        ("podman", "(after reconnecting, server did not process a Range: header, status 200)"),
    ),
    confused_with="range-refused (416).",
    cause="A cache that streams what it does not have yet, or a Worker or proxy that drops the Range header.",
    remedy="Pass Range on (nginx: `proxy_set_header Range $http_range;`, or its slice module), and let the cache answer it from its copy.",
    check=check,
    bad=(
        *HEALTHY[:-1],
        replace(cdn(LAYER), arrived=700, error="peer closed connection", side=Side.SERVER),
        redirect(LAYER),
        replace(cdn(LAYER), ask=("range: bytes=700-",)),
    ),
    good=HEALTHY,
)
