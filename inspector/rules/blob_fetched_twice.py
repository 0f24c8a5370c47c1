"""blob-fetched-twice: one blob is downloaded whole twice within a pull."""

from msgspec.structs import replace

from inspector.core.finding import Finding, Severity
from inspector.core.pull import Content, Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw, short
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY
from inspector.rules.steps import is_broken, is_refusal

_AGENT = "Go-http-client/2.0"


def check(case: Case) -> Verdict:
    """Every whole download of a config or layer, on one side: by the registry that was asked for it."""
    whole: dict[tuple[str, str], list[Step]] = {}
    troubles = 0  # a client that begins anew after a failure fetches again by right
    before: dict[int, int] = {}
    for step in case.steps:
        if is_refusal(step) or is_broken(step) or step.verified is False:
            troubles += 1
        elif step.digest and _downloaded(step):
            before[step.n] = troubles
            whole.setdefault((case.hosts_of(step)[-1], step.digest), []).append(step)
    if not whole:
        return NOT_APPLICABLE
    twice = [steps for steps in whole.values() if len({before[step.n] for step in steps}) < len(steps)]
    return [_finding(twice)] if twice else PASSED


def _downloaded(step: Step) -> bool:
    exchange = step.exchange
    return (
        step.stage in (Stage.BLOB, Stage.CDN)
        and step.content in (Content.CONFIG, Content.LAYER)
        and exchange.method == "GET"
        and exchange.status == 200
        and exchange.ok
        and step.retry_of is None
    )


def _finding(twice: list[list[Step]]) -> Finding:
    again = sum(step.size or 0 for steps in twice for step in steps[1:])
    first = twice[0]
    return RULE.finding(
        f"{len(twice)} of the blobs came whole more than once, {short(first[0].digest)} first;"
        f" {again} bytes could have been saved",
        [saw(step, f"GET {short(step.digest)}, {step.size or 0} bytes") for steps in twice for step in steps],
    )


RULE = Rule(
    code="blob-fetched-twice",
    title="each blob is downloaded once",
    severity=Severity.NOTE,
    spec="none: how caches and clients fetch",
    meaning="The same blob was downloaded whole more than once in this pull, without a failure in between. It does no harm but"
    " costs traffic. The cache of distribution 2.8 does so for each blob that it does not have yet: once for itself, once for"
    " its client.",
    says=(
        ("docker", "nothing"),
        ("containerd", "nothing"),
        ("podman", "nothing"),
    ),
    confused_with="A retry after a body that broke off (body-truncated), and a blob in parts by Range.",
    cause="A cache that fetches for itself and for its client separately; or a client that does not know what it has.",
    remedy="Take distribution 3 for the cache, which fetches once; or warm the cache before many clients come.",
    check=check,
    bad=tuple(replace(turn, agent=_AGENT) for turn in (*HEALTHY, *HEALTHY[-2:])),
    good=HEALTHY,
)
