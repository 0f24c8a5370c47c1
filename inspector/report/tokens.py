"""Challenges and tokens: what was asked for, what was granted, until when, and who got which token.

Knows: challenges, token answers, the steps that carry a token. Must not know: any token; only its letter is shown.
"""

from collections.abc import Iterator

from rich.text import Text

from inspector.core.pull import Pull, Stage, Step
from inspector.report.grants import access, claims_of, valid_for, valid_until
from inspector.report.lines import Lines, fold, pad
from inspector.report.names import Names
from inspector.report.style import BAD, FAINT, NOTE, STRONG, WARN
from inspector.report.units import clock, duration, ranges
from inspector.report.wording import complaint, margin, scopes, without_scheme

_LABEL = 10


class Tokens(Lines):
    """Each challenge with its realm, each token with what it may do and the hosts that it was sent to."""

    def __init__(self, pull: Pull, names: Names | None = None) -> None:
        self.pull = pull
        self.names = names or Names(pull)

    def lines(self, width: int) -> Iterator[Text]:
        """Challenges first, then tokens, then those that came from before the recording."""
        yield Text.assemble(("Challenges and tokens", STRONG))
        asked = [step for step in self.pull.steps if step.stage is Stage.CHALLENGE]
        given = [step for step in self.pull.steps if step.stage is Stage.TOKEN]
        for step in asked:
            yield from self._challenge(step, width)
        for step in given:
            yield from self._token(step, width)
        yield from self._unseen(given, width)
        if not asked and not given and not self.names.tokens():
            yield Text("  Nobody asked for credentials.", style=FAINT)

    def _challenge(self, step: Step, width: int) -> Iterator[Text]:
        exchange = step.exchange
        yield Text.assemble(
            "  ",
            (f"{step.n} challenge", NOTE),
            f"  {exchange.host}",
            (f"  {exchange.method} {exchange.path}", FAINT),
        )
        for challenge in exchange.challenges:
            yield from _row("scheme", challenge.scheme.capitalize() or "none named", width)
            yield from _row("realm", challenge.realm or "none", width)
            if challenge.service:
                yield from _row("service", challenge.service, width)
            if challenge.scopes:
                yield from _row("scope", scopes(challenge.scopes, self.pull.repository), width)
            if challenge.params.get("error"):
                yield from _row("error", challenge.params["error"], width, BAD)
            for problem in challenge.problems:
                yield from _row("malformed", problem, width, WARN)

    def _token(self, step: Step, width: int) -> Iterator[Text]:
        exchange, answer = step.exchange, step.exchange.token_answer
        letter = self.names.token(answer.access_token or answer.token) if answer else None
        head = f"token {letter}" if letter else "no token"
        yield Text.assemble(
            "  ",
            (f"{step.n} {head}", NOTE),
            f"  from {without_scheme(exchange.request.url)}",
            (f"  {exchange.method}", FAINT),
        )
        request = exchange.token_request
        yield from _row("asked", scopes(request.scopes, self.pull.repository) or "no scope", width)
        yield from _row("by", _by(step), width)
        symbol, style = margin(step)
        if symbol:
            yield from _row("refused", complaint(step) or "", width, style)
        elif answer is not None:
            yield from self._granted(step, width)
        if letter:
            yield from _row("sent to", self._sent_to(letter), width)

    def _granted(self, step: Step, width: int) -> Iterator[Text]:
        answer, claims = step.exchange.token_answer, claims_of(step)
        if claims is not None and claims.access is not None:
            told = [access(entry) for entry in claims.access]
            missing = not told and bool(step.exchange.token_request.scopes)
            yield from _row("granted", ", ".join(told) or "nothing", width, WARN if missing else "")
        elif answer is not None and answer.scope:
            yield from _row("granted", answer.scope, width)
        elif answer is not None and answer.opaque:
            yield from _row("granted", "cannot be told: the token is opaque", width, FAINT)
        life, end = valid_for(step), valid_until(step)
        if life is not None or end is not None:
            until = f" (until {clock(end)[:8]})" if end is not None else ""
            yield from _row("valid", f"{f'{life:g} s' if life is not None else ''}{until}".strip(), width)
        if claims is not None and (claims.issuer or claims.audience):
            said = " · ".join(filter(None, [f"issuer {claims.issuer}" if claims.issuer else "",
                                            f"audience {', '.join(claims.audience)}" if claims.audience else ""]))  # fmt: skip
            yield from _row("claims", said, width)
        if answer is not None and answer.refresh:
            yield from _row("refresh", "a refresh token came with it", width)

    def _sent_to(self, letter: str) -> str:
        """The hosts that got the token, and in which steps."""
        hosts: dict[str, list[int]] = {}
        for step in self.pull.steps:
            if self.names.token(step.exchange.bearer) == letter:
                hosts.setdefault(step.exchange.host, []).append(step.n)
        return ", ".join(f"{host} ({ranges(steps)})" for host, steps in hosts.items()) or "nobody"

    def _unseen(self, given: list[Step], width: int) -> Iterator[Text]:
        answers = [step.exchange.token_answer for step in given]
        seen = {self.names.token(answer.access_token or answer.token) for answer in answers if answer}
        for letter in self.names.tokens():
            if letter not in seen and (sent := self._sent_to(letter)) != "nobody":
                yield Text.assemble(
                    "  ", (f"  token {letter}", NOTE), "  got before the recording, or elsewhere"
                )
                yield from _row("sent to", sent, width)


def _by(step: Step) -> str:
    request, exchange = step.exchange.token_request, step.exchange
    who = "anonymous"
    if (exchange.credential or "").lower().startswith("basic") or request.account:
        who = "an account"
    if request.grant_type:
        who = f"grant type {request.grant_type}"
    took = f" · answered in {duration(step.wait)}" if step.wait is not None else ""
    return f"{who}{f' · client {request.client_id}' if request.client_id else ''}{took}"


def _row(name: str, value: str, width: int, style: str = "") -> Iterator[Text]:
    for at, piece in enumerate(fold(value, width - 6 - _LABEL)):
        yield Text.assemble("      ", (pad(name if at == 0 else "", _LABEL), FAINT), (piece, style))
