"""mirror-stale-tag: a mirror gives an older content for a tag than the original registry does."""

from msgspec.structs import replace

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.quirks import known
from inspector.rules import sides
from inspector.rules.case import Case
from inspector.rules.elsewhere import Fact
from inspector.rules.evidence import saw, saw_header, short
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import HEALTHY, MIRROR, SELF_SERVED, resolve
from inspector.rules.steps import asks_tag, repository_of
from inspector.wire.mediatypes import DOCKER_LIST, base_type, kind_of

DIGEST = "docker-content-digest"
_NGINX = (
    'nginx, in the location that caches: `if ($uri ~ "/manifests/(?!sha256:)") { set $by_tag 1; }`'
    " `proxy_cache_bypass $by_tag;` `proxy_no_cache $by_tag;`."
)

type Answer = tuple[str, str]
"""Digest and media type."""
type Answers = dict[Answer, Step]
"""What a host gave, each with the step that shows it first."""


def check(case: Case) -> Verdict:
    """Tags that two registries were asked for, in this pull or, of a mirror, in another one at about the same time."""
    by_tag: dict[str, dict[str, Answers]] = {}
    for step in case.at(Stage.RESOLVE, Stage.MANIFEST):
        answer = _answer(step) if asks_tag(step) and step.exchange.host in case.registries else None
        route = step.exchange.route
        if answer is not None and route is not None:
            by_tag.setdefault(route.reference or "", {}).setdefault(step.exchange.host, {}).setdefault(
                answer, step
            )
    shared = [(tag, hosts) for tag, hosts in by_tag.items() if len(hosts) > 1]
    passing_on = {case.steps[n - 1].exchange.host for n in sides.upstream(case)}
    found = [
        finding
        for tag, hosts in shared
        if (finding := _stale(tag, hosts, passing_on)) is not None
    ]  # fmt: skip
    told, compared = _of_other_pulls(case, by_tag, passing_on) if not found else ([], False)
    return (found or told) or (PASSED if shared or compared else NOT_APPLICABLE)


def _of_other_pulls(
    case: Case, by_tag: dict[str, dict[str, Answers]], passing_on: set[str]
) -> tuple[list[Finding], bool]:
    """What the original registry gave to other pulls; and whether there was anything to compare."""
    compared = False
    for tag, hosts in by_tag.items():
        for host, given in hosts.items():
            for (digest, kind), step in given.items() if host not in passing_on else ():
                for fact in case.elsewhere.tags(repository_of(step) or "", tag, case.pull):
                    if fact.kind != kind or not _is_original(case, step, fact):
                        continue
                    compared = True
                    if fact.digest != digest:
                        return [_elsewhere(tag, step, digest, fact)], True
    return [], compared


def _is_original(case: Case, step: Step, fact: Fact) -> bool:
    """A known registry under its own name, for which the host of ``step``, which is none, stands under the same path."""
    host, own = step.exchange.host, repository_of(step) or ""
    registry, mirror = known.by_host(fact.host), case.mirrors.get(host)
    if registry is None or known.by_host(host) is not None:
        return False
    if mirror is not None and mirror.upstream is not None:
        of_another = mirror.upstream != registry.name and known.by_host(mirror.upstream) is not registry
        if of_another:
            return False
    return own == fact.repository or own.endswith("/" + fact.repository)


def _elsewhere(tag: str, step: Step, old: str, fact: Fact) -> Finding:
    evidence = [saw(step, f"{short(old)} for {tag}"), Evidence(exchange=None, what=fact.place)]
    if step.exchange.response_header("age"):
        evidence.append(saw_header(step, "age"))
    return RULE.finding(
        f"the mirror {step.exchange.host} gives {short(old)} for {tag}, and {fact.host} gives {short(fact.digest)}",
        evidence,
        confidence=Confidence.IMPLIED,
        remedy=_remedy(step),
    )


def _answer(step: Step) -> Answer | None:
    """The digest that was given, if it is known, and the type of the document."""
    digest = step.exchange.response_header(DIGEST) or (step.digest if step.verified else None)
    kind = base_type(step.exchange.response_header("content-type"))
    if step.exchange.status != 200 or not digest or kind_of(kind) is None:
        return None
    return digest, kind


def _stale(tag: str, hosts: dict[str, Answers], passing_on: set[str]) -> Finding | None:
    """The mirror is asked first, and under the registry's path or a longer one; both name one kind of document."""
    (mirror, theirs), *others = hosts.items()
    if mirror in passing_on:
        return None  # it asked the registry in this pull: what it then gave is no old copy
    for registry, given in others:
        if not _stands_for(next(iter(theirs.values())), next(iter(given.values()))):
            continue
        for (digest, kind), step in theirs.items():
            for (other, same), there in given.items():
                if kind == same and digest != other:
                    return _finding(tag, (mirror, step, digest), (registry, there, other))
    return None


def _stands_for(mine: Step, other: Step) -> bool:
    path, own = repository_of(other) or "", repository_of(mine) or ""
    return bool(path) and (own == path or own.endswith("/" + path))


def _finding(tag: str, mirror: tuple[str, Step, str], registry: tuple[str, Step, str]) -> Finding:
    (host, step, old), (upstream, there, new) = mirror, registry
    evidence = [saw_header(one, DIGEST) for one in (step, there) if one.exchange.response_header(DIGEST)]
    evidence += [saw(one, f"{short(digest)} for {tag}") for _, one, digest in (mirror, registry)]
    if step.exchange.response_header("age"):
        evidence.append(saw_header(step, "age"))
    return RULE.finding(
        f"the mirror {host} gives {short(old)} for {tag}, and {upstream} gives {short(new)}",
        evidence,
        remedy=_remedy(step),
    )


def _remedy(step: Step) -> str | None:
    nginx = "nginx" in (step.exchange.response_header("server") or "").lower()
    return f"{_NGINX} {RULE.remedy}" if nginx else None


RULE = Rule(
    code="mirror-stale-tag",
    title="mirror and registry give one content for a tag",
    severity=Severity.WARNING,
    spec="OCI distribution-spec 1.1, Pulling manifests (a tag may be moved at any time)",
    meaning="The client got one digest for the tag from the mirror and another from the original registry. A tag may be moved at any"
    " time, so a mirror that keeps manifests by tag gives an old image until its copy runs out; distribution's cache gives its"
    " last one whenever the registry cannot be reached.",
    says=(
        ("docker", "nothing; an old image is run"),
        ("containerd", "nothing; an old image is run"),
        ("podman", "nothing; an old image is run"),
    ),
    confused_with="tag-moved (one host, two answers), and an index on one side with one of its manifests on the other.",
    cause="The mirror keeps manifests by tag.",
    remedy="Let the mirror keep manifests by digest only, and ask the registry for each tag; or purge the tag in the mirror, and"
    " pull by digest.",
    check=check,
    bad=(
        replace(
            resolve(MIRROR),
            ask=(),
            give=(f"content-type: {DOCKER_LIST}", f"{DIGEST}: sha256:{'ab' * 32}"),
        ),
        replace(
            resolve(MIRROR, reference=f"sha256:{'ab' * 32}"),
            method="GET",
            ask=(),
            status=404,
            give=(),
            body=b"",
        ),
        *SELF_SERVED,
    ),
    good=HEALTHY,
)
