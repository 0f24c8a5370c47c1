"""The notes under a step's row: what a challenge asks for, what a token grants, where a transfer resumes, why it failed.

Knows: one step. Must not know: columns. Each note is a label, a line, and a style (empty: faint).
"""

from collections.abc import Collection, Iterator

from inspector.core.pull import Pull, Stage, Step
from inspector.report.behind import MOST_RESUMES, resumed
from inspector.report.grants import granted, valid_for
from inspector.report.names import Names
from inspector.report.style import BAD, WARN
from inspector.report.units import size
from inspector.report.wording import complaint, margin, scopes, without_scheme
from inspector.wire.ranges import parse_range
from inspector.wire.routes import parse_route
from inspector.wire.url import split


def notes(step: Step, pull: Pull, names: Names, followed: Collection[int]) -> Iterator[tuple[str, str, str]]:
    """Label, line and style of each note. ``followed`` are the numbers of the steps that another one follows."""
    if step.stage is Stage.CHALLENGE:
        yield from _challenge(step, pull)
    if step.stage is Stage.TOKEN and step.exchange.token_answer is not None and not margin(step)[0]:
        yield "granted", _grant(step, pull, names), ""
    moved = _elsewhere(step, pull)
    if moved:
        yield "to", moved, ""
    if step.exchange.is_redirect and step.n not in followed:
        target = without_scheme(step.exchange.location) if step.exchange.location else "nowhere: no Location"
        yield "to", f"{target} (not followed)", WARN
    wanted = step.exchange.request_header("range")
    if wanted and not step.exchange.is_redirect:
        span = parse_range(wanted)
        yield "resumes", f"at {size(span[0])}" if span else wanted, ""
    for label, line in [resumed(one) for one in step.exchange.resumes[:MOST_RESUMES]]:
        yield label, line, WARN
    said = complaint(step)
    if said:
        symbol, style = margin(step)
        yield symbol or "why", said, style or BAD


def _challenge(step: Step, pull: Pull) -> Iterator[tuple[str, str, str]]:
    for challenge in step.exchange.challenges:
        said = [f"realm {without_scheme(challenge.realm)}" if challenge.realm else "no realm"]
        if challenge.service:
            said.append(f"service {challenge.service}")
        if challenge.scopes:
            said.append(f"scope {scopes(challenge.scopes, pull.repository)}")
        yield challenge.scheme.capitalize() or "no scheme", " · ".join(said), ""


def _grant(step: Step, pull: Pull, names: Names) -> str:
    answer = step.exchange.token_answer
    said = [granted(step, pull) or "opaque token: what it grants is not to be seen"]
    life = valid_for(step)
    if life is not None:
        said.append(f"valid {life:g} s")
    letter = names.token(answer.access_token or answer.token) if answer else None
    if letter:
        said.append(f"token {letter}")
    return " · ".join(said)


def _elsewhere(step: Step, pull: Pull) -> str | None:
    """Where the first redirect to another repository leads, as when a mirror adds ``library/``."""
    exchange = step.exchange
    if exchange.route is None or exchange.location is None:
        return None
    parts = split(exchange.location)
    target = parse_route(parts.path) if parts else None
    if target is None or target.repository in {None, exchange.route.repository}:
        return None
    earlier = (one for one in pull.steps[: step.n - 1] if one.stage is Stage.REDIRECT and one.exchange.route)
    if any(
        one.exchange.route.repository == exchange.route.repository for one in earlier if one.exchange.route
    ):
        return None
    return f"repository {target.repository}"
