"""tag-moved: within one pull, one host gave two digests for one tag."""

from msgspec.structs import replace

from inspector.core.events import header_all
from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.elsewhere import Fact
from inspector.rules.evidence import saw_header, saw_request_header, short
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, resolve
from inspector.rules.steps import repository_of
from inspector.wire.mediatypes import DOCKER_LIST, base_type, kind_of

HEADER = "docker-content-digest"


def check(case: Case) -> Verdict:
    """Every 200 on a tag: the digests that one host gives for one tag, one kind of document and one Accept."""
    answers: dict[tuple[str, str, str | None, tuple[str, ...]], list[Step]] = {}
    for step in case.at(Stage.RESOLVE, Stage.MANIFEST):
        route = step.exchange.route
        if route is None or not route.is_tag or step.exchange.status != 200:
            continue
        if step.exchange.response_header(HEADER) is None or kind_of(_type(step)) is None:
            continue
        accept = tuple(
            sorted(",".join(header_all(step.exchange.request.headers, "accept")).replace(" ", "").split(","))
        )
        answers.setdefault(
            (step.exchange.host, route.reference or "", base_type(_type(step)), accept), []
        ).append(step)
    if not answers:
        return NOT_APPLICABLE
    moved = [
        steps for steps in answers.values() if len({s.exchange.response_header(HEADER) for s in steps}) > 1
    ]
    return [_finding(steps) for steps in moved] or _across(case, answers) or PASSED


def _across(
    case: Case, answers: dict[tuple[str, str, str | None, tuple[str, ...]], list[Step]]
) -> list[Finding]:
    """What the same host gave to an earlier pull: tags do move, so it is a note."""
    for (host, tag, kind, _), (step, *_rest) in answers.items():
        own, repository = step.exchange.response_header(HEADER), repository_of(step) or ""
        for fact in case.elsewhere.tags(repository, tag, case.pull):
            earlier = fact.pull < case.pull.n and fact.host == host and fact.repository == repository
            if earlier and fact.kind == kind and fact.digest != own:
                return [_since(step, tag, fact)]
    return []


def _since(step: Step, tag: str, fact: Fact) -> Finding:
    return RULE.finding(
        f"{fact.host} gave {short(fact.digest)} for {tag} to an earlier pull, and another content to this one",
        [Evidence(exchange=None, what=fact.place), saw_header(step, HEADER)],
        severity=Severity.NOTE,
        cause="The tag was moved between the two pulls, as tags may be.",
    )


def _type(step: Step) -> str | None:
    return step.exchange.response_header("content-type")


def _finding(steps: list[Step]) -> Finding:
    first = steps[0]
    changed = next(
        s for s in steps if s.exchange.response_header(HEADER) != first.exchange.response_header(HEADER)
    )
    route = first.exchange.route
    before, after = (short(s.exchange.response_header(HEADER)) for s in (first, changed))
    evidence = [saw_header(first, HEADER), saw_header(changed, HEADER), saw_request_header(changed, "accept")]
    name = route.reference if route is not None else "the tag"
    return RULE.finding(
        f"{first.exchange.host} gave {before} for {name}, and {after} a moment later", evidence
    )


RULE = Rule(
    code="tag-moved",
    title="a tag means one digest during the pull",
    severity=Severity.ERROR,
    spec="OCI distribution-spec 1.1, Pulling manifests (a tag may be moved at any time)",
    meaning="The same host, asked twice within one pull for the same tag, named two contents. Clients that resolve the tag and then"
    " fetch by digest do not mind; those that ask for the tag twice, or a cache that does, mix two images.",
    says=(
        ("docker", "manifest verification failed for digest sha256:…"),
        ("containerd", "nothing: it fetches by digest"),
        ("podman", "nothing: it asks for the tag once"),
    ),
    confused_with="An index and one of its manifests, or two answers to two Accept headers: those differ by right."
    " digest-header-mismatch (the header is wrong).",
    cause="Somebody pushed the tag in between, or the registry's replicas, or a cache's head and body, are out of step.",
    remedy="Pull by digest; let a cache fetch by the digest that it has resolved.",
    check=check,
    bad=(
        *HEALTHY[:3],
        replace(
            resolve(), method="GET", give=(f"content-type: {DOCKER_LIST}", f"{HEADER}: sha256:{'ab' * 32}")
        ),
    ),
    good=HEALTHY,
)
