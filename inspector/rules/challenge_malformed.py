"""challenge-malformed: a registry's challenge is not of the grammar, and clients read it in different ways."""

import re

from msgspec.structs import replace

from inspector.core.events import header_all
from inspector.core.finding import Evidence, Finding, Severity
from inspector.core.pull import Stage, Step
from inspector.rules.case import Case
from inspector.rules.credentials_missing import has_login
from inspector.rules.evidence import saw, saw_header
from inspector.rules.rule import NOT_APPLICABLE, PASSED, Rule, Verdict
from inspector.rules.sample import AUTH, HEALTHY, ping
from inspector.wire.challenge import parse_challenges

# What may stand in a quoted string of nginx without meaning something there.
_URL, _PLAIN = re.compile(r"https?://[\w.:/-]+"), re.compile(r"[\w.:/-]+")
# Of what the parser notes, that on which clients differ. A token without quotes, such as a service, is of the grammar.
_PROOF = (" has no value", "URL is not in quotes", "the comma before ", " stands twice", "the quote of ")


def check(case: Case) -> Verdict:
    """Every challenge of a registry with 401. On a 200 it asks for nothing; a storage's is its own business."""
    challenged = [step for step in case.at(Stage.CHALLENGE) if step.exchange.route is not None]
    if not challenged:
        return NOT_APPLICABLE
    wrong: dict[str, list[tuple[Step, list[str]]]] = {}
    several: dict[str, Step] = {}
    for step in challenged:
        host = step.exchange.host
        if case.allowed.relaxed(host, RULE.code):
            continue
        problems = [
            problem for one in step.exchange.challenges for problem in one.problems if _counts(problem)
        ]
        if problems:
            wrong.setdefault(host, []).append((step, problems))
        elif host not in several and _several(step):
            several[host] = step
    answered = _answered(case) if wrong else {}
    cut = any(step.exchange.open for step in case.steps)
    found = [_finding(host, group, answered.get(host, 0), cut=cut) for host, group in wrong.items()]
    return found + [_note(host, step) for host, step in several.items() if host not in wrong] or PASSED


def _counts(problem: str) -> bool:
    return any(words in problem for words in _PROOF)


def _several(step: Step) -> bool:
    """More than one challenge in one line, the first of them no Bearer: that one is all that is read."""
    for line in header_all(step.exchange.response_headers, "www-authenticate"):
        schemes = [challenge.scheme for challenge in parse_challenges([line])]
        if len(schemes) > 1 and "bearer" in schemes[1:] and schemes[0] != "bearer":
            return True
    return False


def _answered(case: Case) -> dict[str, int]:
    """The last step in which each host was sent a bearer or a login, or a token was given at all."""
    token = max((step.n for step in case.at(Stage.TOKEN) if step.exchange.ok), default=0)
    last = dict.fromkeys((step.exchange.host for step in case.at(Stage.CHALLENGE)), token)
    for step in case.steps:
        if step.exchange.bearer or has_login(step):
            last[step.exchange.host] = max(step.n, token)
    return last


def _finding(host: str, group: list[tuple[Step, list[str]]], answered: int, *, cut: bool) -> Finding:
    unanswered = answered <= group[0][0].n
    evidence: list[Evidence] = []
    for step, problems in group:
        evidence += [
            saw_header(step, "www-authenticate"),
            *(saw(step, problem) for problem in dict.fromkeys(problems)),
        ]
    return RULE.finding(
        f"the challenge of {host} is malformed: {group[0][1][0]}"
        + ("; no token followed" if unanswered else ""),
        evidence,
        severity=Severity.ERROR if unanswered and not cut else Severity.WARNING,
        remedy=_rewritten(group[0][0]),
    )


def _rewritten(step: Step) -> str | None:
    """The same challenge as it should be written, where realm and service could be made out."""
    host = step.exchange.host
    for one in step.exchange.challenges:
        realm, service = one.realm or "", one.params.get("service") or host
        if one.scheme == "bearer" and _URL.fullmatch(realm) and _PLAIN.fullmatch(service):
            return RULE.remedy.replace("https://HOST/token", realm).replace(
                'service="HOST"', f'service="{service}"'
            )
    return None


def _note(host: str, step: Step) -> Finding:
    return RULE.finding(
        f"{host} puts several challenges into one line, of which docker, containerd and podman read the first only",
        [saw_header(step, "www-authenticate")],
        severity=Severity.NOTE,
        cause="That is legal; these clients do not read on.",
        remedy="Give each challenge a line of its own, with the Bearer first.",
    )


RULE = Rule(
    code="challenge-malformed",
    title="challenges are of the grammar",
    severity=Severity.WARNING,
    spec="RFC 9110 §11.2, §11.3 (auth-param, quoted-string; no parameter twice)",
    meaning="WWW-Authenticate has a strict grammar: a scheme, then parameters with commas between them, a URL in quotes, each name"
    " once. Here it is written otherwise. Some clients guess what was meant and go on; others read no realm and stop.",
    says=(
        ("docker", "no realm specified for token auth challenge"),
        ("containerd", "failed to authorize: no realm specified for token auth challenge"),
        ("podman", "missing realm in bearer auth challenge"),
    ),
    confused_with="realm-invalid (the grammar is right, the address is not), challenge-missing (there is none). The scheme in any"
    " case, and a service without quotes, are fine.",
    cause="The header was put together by hand: in a proxy's configuration, a Worker or a small server.",
    remedy="Put URLs in quotes, and commas between. nginx: `proxy_hide_header WWW-Authenticate;`, `add_header WWW-Authenticate"
    ' \'Bearer realm="https://HOST/token",service="HOST"\' always;`. A Worker: build the same line with `url.host`.',
    check=check,
    bad=(
        replace(ping(), give=(f"www-authenticate: Bearer realm={AUTH},service=registry.docker.io",)),
        *HEALTHY[1:],
    ),
    good=HEALTHY,
)
