"""Short names within one pull: letters for tokens (A, B, …) and for hosts (R, T, C, …), and what each host was there for.

Knows: a pull's steps. Must not know: how they are drawn. A host's part in the story is told by what it was asked, never
by its name.
"""

import re
from enum import StrEnum

import msgspec

from inspector.core.events import ConnectionFailed
from inspector.core.exchange import Exchange
from inspector.core.pull import Pull, Stage, Step
from inspector.report.sizes import Received, received

# The pseudonyms that the sources put in place of secrets: ‹token 3fa9c1d2›. The scheme before it stays.
_TOKEN = re.compile(r"‹(?:token|access token) ([0-9a-f]{4,64})›")


class Role(StrEnum):
    """What a host was there for, in the order in which a pull meets them."""

    MIRROR = "mirror"
    REGISTRY = "registry"
    TOKEN = "token service"  # noqa: S105 - the role's name
    CDN = "CDN"
    SIGNATURES = "signatures"
    OTHER = "other"


_LETTER = {
    Role.MIRROR: "M", Role.REGISTRY: "R", Role.TOKEN: "T", Role.CDN: "C", Role.SIGNATURES: "S", Role.OTHER: "O",
}  # fmt: skip


class Host(msgspec.Struct, kw_only=True, eq=False):
    """A host that the pull touched. ``letter`` is unique in the pull; ``roles`` are all that it was there for."""

    name: str
    roles: list[Role]
    letter: str = ""
    steps: list[Step] = msgspec.field(default_factory=list)
    broken: list[ConnectionFailed] = msgspec.field(default_factory=list)

    @property
    def role(self) -> Role:
        """The first of its roles."""
        return self.roles[0]

    @property
    def received(self) -> Received:
        """The bodies that came from it."""
        return received(self.steps)


class Names:
    """The letters of one pull. Made once for each pull that is shown, and handed to all its renderables."""

    def __init__(self, pull: Pull) -> None:
        self.hosts: dict[str, Host] = _hosts(pull)
        self._tokens: dict[str, str] = {}
        self._connections: dict[str, int] = {}
        for step in pull.steps:
            self._learn(step.exchange, granted=step.stage is Stage.TOKEN)
            connection = step.exchange.request.client.connection
            if connection is not None:
                self._connections.setdefault(connection, len(self._connections) + 1)
        for step in pull.upstream if pull.behind else ():
            self._learn(step.exchange, granted=step.stage is Stage.TOKEN)

    def _learn(self, exchange: Exchange, *, granted: bool) -> None:
        # A token is named where it is granted; one that is only used came from before the recording.
        # A refresh token gets no letter: no request to a registry carries one.
        if granted and (answer := exchange.token_answer) is not None:
            self._find(answer.token or "")
            self._find(answer.access_token or "")
        if exchange.bearer:
            self._find(exchange.bearer)

    def _find(self, text: str) -> None:
        for match in _TOKEN.finditer(text):
            self._tokens.setdefault(match[1], letters(len(self._tokens)))

    @property
    def connections(self) -> int:
        """How many connections the client opened, as far as the source tells them apart."""
        return len(self._connections)

    def connection(self, step: Step) -> int | None:
        """The number of the client's connection that carried the step, from 1 in order of first use."""
        return self._connections.get(step.exchange.request.client.connection or "")

    def letter(self, host: str) -> str:
        """The letter of a host that the pull touched; ``?`` for any other."""
        known = self.hosts.get(host)
        return known.letter if known else "?"

    def token(self, pseudonym: str | None) -> str | None:
        """The letter of the first token that a text names; None when it names none of this pull."""
        match = _TOKEN.search(pseudonym or "")
        return self._tokens.get(match[1]) if match else None

    def tokens(self) -> list[str]:
        """The letters in use, in order."""
        return list(self._tokens.values())

    def put(self, text: str) -> str:
        """The text with each token's pseudonym replaced by its letter: ``Bearer ‹token A›``."""
        return _TOKEN.sub(lambda match: f"‹token {self._tokens.get(match[1], match[1])}›", text)


def letters(number: int) -> str:
    """A, B, … Z, AA, AB, …: the ``number``-th from 0."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def _hosts(pull: Pull) -> dict[str, Host]:
    hosts: dict[str, Host] = {}
    mirrors = _mirrors(pull)
    for step in pull.steps:
        name, role = step.exchange.host, _role(step, mirrors)
        host = hosts.setdefault(name, Host(name=name, roles=[]))
        host.steps.append(step)
        if role not in host.roles:
            host.roles.append(role)
    for failure in pull.broken:
        name = failure.host or "unknown host"
        if failure.port not in {None, 443} and failure.host and f"{failure.host}:{failure.port}" in hosts:
            name = f"{failure.host}:{failure.port}"
        host = hosts.setdefault(name, Host(name=name, roles=[]))
        host.broken.append(failure)
        host.roles = host.roles or [_named_by(pull, failure.host)]
    order = list(Role)
    ordered = sorted(hosts.values(), key=lambda host: min(order.index(role) for role in host.roles))
    counts: dict[str, int] = {}
    for host in ordered:
        host.roles.sort(key=order.index)
        letter = _LETTER[host.role]
        counts[letter] = counts.get(letter, 0) + 1
        host.letter = letter if counts[letter] == 1 else f"{letter}{counts[letter]}"
    return {host.name: host for host in ordered}


def _role(step: Step, mirrors: set[str]) -> Role:
    if step.exchange.calls is not None:
        return Role.MIRROR
    if step.stage is Stage.TOKEN:
        return Role.TOKEN
    if step.stage is Stage.CDN:
        return Role.CDN
    if step.exchange.host in mirrors:
        return Role.MIRROR
    if step.exchange.route is None:
        return Role.SIGNATURES if step.stage is Stage.SIGNATURE else Role.OTHER
    return Role.REGISTRY


def _mirrors(pull: Pull) -> set[str]:
    """Hosts that stand before the registry: our own; asked with ``ns=``; asked first, and then another was asked instead."""
    asked: list[str] = []
    mirrors = {step.exchange.host for step in pull.steps if step.exchange.calls is not None}
    reached_by_redirect: set[str] = set()
    for step in pull.steps:
        exchange = step.exchange
        if exchange.route is None or step.stage in {Stage.TOKEN, Stage.CDN, Stage.SIGNATURE}:
            continue
        if exchange.host not in asked:
            asked.append(exchange.host)
            before = pull.steps[step.follows - 1] if step.follows else None
            if (
                before is not None
                and before.stage is Stage.REDIRECT
                and before.exchange.host != exchange.host
            ):
                reached_by_redirect.add(exchange.host)
        if exchange.query.startswith("ns=") or "&ns=" in exchange.query:
            mirrors.add(exchange.host)
    direct = [host for host in asked if host not in reached_by_redirect]
    last = pull.registry if pull.registry in direct else (direct[-1] if direct else None)
    if last in direct:
        mirrors.update(direct[: direct.index(last)])
    return mirrors


def _named_by(pull: Pull, host: str | None) -> Role:
    """What a host that was never reached would have been there for: a realm, a redirect's target, or a registry."""
    for step in pull.steps:
        location = step.exchange.location or ""
        if host and f"//{host}" in location:
            return Role.CDN
        if host and any(f"//{host}" in (challenge.realm or "") for challenge in step.exchange.challenges):
            return Role.TOKEN
    return Role.REGISTRY
