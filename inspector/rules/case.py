"""A pull as the rules see it: what every rule asks is worked out here, once, in one walk over the steps.

The words are those of catalogue part 1: *refused* is finally refused (1.0 rule 1), R is a registry that the client asks,
M one that the traffic shows to be a mirror (rule 5), T a realm's host, S a redirect's storage host.
Knows: one pull. Must not know: rules, findings' order, other pulls.
"""

from functools import cached_property

from inspector.core.events import ConnectionFailed
from inspector.core.pull import Outcome, Pull, Stage, Step
from inspector.rules.allowed import Allowed
from inspector.rules.elsewhere import Elsewhere
from inspector.rules.evidence import is_html
from inspector.rules.mirrors import Mirror, recorded, shown_by
from inspector.rules.steps import (
    Key,
    asks_for_content,
    asks_manifest,
    asks_tag,
    is_broken,
    is_failed_lookup,
    is_refusal,
    is_registry_url,
    own_keys,
    repository_of,
)
from inspector.wire.url import host_of

_HOPS = 20  # no client follows more redirects than this
_PATHS = 16  # a pull is about one repository, under two or three paths when mirrors rewrite it

ARRIVED = frozenset({Outcome.COMPLETE, Outcome.UP_TO_DATE, Outcome.INSPECTED})
"""Outcomes of a pull that got what it wanted."""


class Case:
    """One pull and the lookups on it. Cheap to make: each lookup is worked out when it is first asked for."""

    def __init__(self, pull: Pull, elsewhere: Elsewhere | None = None) -> None:
        self.pull = pull
        self.elsewhere = elsewhere or Elsewhere()
        self.steps = pull.steps
        self.allowed = Allowed(pull.steps)

    @property
    def arrived(self) -> bool:
        """The client got what it wanted."""
        return self.pull.outcome in ARRIVED

    @property
    def client(self) -> str:
        return self.pull.client.name or ""

    def before(self, step: Step) -> Step | None:
        """The step that led to this one."""
        return self.steps[step.follows - 1] if step.follows and step.follows <= len(self.steps) else None

    def at(self, *stages: Stage) -> list[Step]:
        """The steps of these stages, in order."""
        return [step for step in self.steps if step.stage in stages]

    # -- what was wanted, and whether it came ------------------------------------------------------------------------

    @cached_property
    def wanted(self) -> list[frozenset[Key]]:
        """For each step, what it asks for. A fetch from the storage asks for what its redirect asked."""
        keys: list[frozenset[Key]] = []
        for step in self.steps:
            inherited: frozenset[Key] = frozenset()
            cause = self.before(step)
            if cause is not None and cause.stage is Stage.REDIRECT and cause.n < step.n:
                inherited = keys[cause.n - 1]
            keys.append(own_keys(step) | inherited)
        return keys

    @cached_property
    def _gotten(self) -> tuple[dict[tuple[str, Key], tuple[int, int]], dict[Key, tuple[int, int]]]:
        """Where each thing last came, by host and from any host: the numbers of the last step and of the last GET."""
        here: dict[tuple[str, Key], tuple[int, int]] = {}
        anywhere: dict[Key, tuple[int, int]] = {}
        for step in self.steps:
            if not step.exchange.ok or step.verified is False:
                continue
            # Of a tag the HEAD is all that most clients ask; of content it brings nothing.
            got = 0 if step.exchange.method == "HEAD" and not asks_tag(step) else step.n
            for key in self.wanted[step.n - 1]:
                anywhere[key] = (step.n, got or anywhere.get(key, (0, 0))[1])
                for host in self.hosts_of(step):
                    here[host, key] = (step.n, got or here.get((host, key), (0, 0))[1])
        return here, anywhere

    def hosts_of(self, step: Step) -> list[str]:
        """The step's host, and those whose redirects led to it: content that S delivers came from R as well."""
        hosts = [step.exchange.host]
        for _ in range(_HOPS):
            cause = self.before(step)
            if cause is None or cause.stage is not Stage.REDIRECT or cause.n >= step.n:
                break
            hosts.append(cause.exchange.host)
            step = cause
        return hosts

    def final(self, step: Step) -> bool:
        """No later exchange got the same from the same host (rule 1)."""
        here = self._gotten[0]
        host = step.exchange.host
        return not any(_later(here.get((host, key)), step) for key in self.wanted[step.n - 1])

    def overcome(self, step: Step) -> bool:
        """The same came later, from whatever host: from S after a detour, or from U after M refused."""
        anywhere = self._gotten[1]
        return any(_later(anywhere.get(key), step) for key in self.wanted[step.n - 1])

    @cached_property
    def refused(self) -> list[Step]:
        """The final refusals: 4xx and 5xx, without the challenges and look-ups that are only the way things go."""
        return [
            step
            for step in self.steps
            if is_refusal(step) and self.final(step) and not is_failed_lookup(step)
        ]

    @cached_property
    def fatal(self) -> frozenset[int]:
        """Numbers of the steps on which the pull can have failed: refused, broken or wrong, and never made good."""
        return frozenset(
            step.n
            for step in self.steps
            if (is_refusal(step) or is_broken(step) or step.verified is False) and not self.overcome(step)
        )

    # -- who is who --------------------------------------------------------------------------------------------------

    @cached_property
    def realms(self) -> dict[str, list[int]]:
        """T: each realm's host, with the numbers of the challenges that name it."""
        named: dict[str, list[int]] = {}
        for step in self.steps:
            for challenge in step.exchange.challenges if step.stage is Stage.CHALLENGE else ():
                host = host_of(challenge.realm) if challenge.scheme == "bearer" else None
                if host and (host not in named or named[host][-1] != step.n):
                    named.setdefault(host, []).append(step.n)
        return named

    @cached_property
    def storages(self) -> dict[str, list[int]]:
        """S: each host that a redirect names with a path that is no registry route, with those redirects' numbers."""
        named: dict[str, list[int]] = {}
        for step in self.at(Stage.REDIRECT):
            target = step.exchange.location
            host = host_of(target)
            if target and host and not is_registry_url(target):
                named.setdefault(host, []).append(step.n)
        return named

    @cached_property
    def registries(self) -> dict[str, list[Step]]:
        """R and M: each host that the client asks of its own accord, with its steps there, in order of first request."""
        asked: dict[str, list[Step]] = {}
        for step in self.steps:
            cause = self.before(step)
            led = (
                cause is not None
                and cause.stage is Stage.REDIRECT
                and cause.exchange.host != step.exchange.host
            )
            if step.stage not in (Stage.TOKEN, Stage.CDN) and not led:
                asked.setdefault(step.exchange.host, []).append(step)
        return asked

    @cached_property
    def mirrors(self) -> dict[str, Mirror]:
        """M: the hosts that the traffic shows to be mirrors (rule 5, a to d); never by their names."""
        found: dict[str, Mirror] = {}
        for step in self.steps:
            mirror = recorded(step) or shown_by(step)
            if mirror is not None:
                found.setdefault(mirror.host, mirror)
        for host, (refusal, following) in self.fallbacks.items():
            why = f"it refused the client, which then asked {following.exchange.host} for the same"
            found.setdefault(host, Mirror(host=host, n=refusal.n, why=why, upstream=following.exchange.host))
        return found

    @cached_property
    def fallbacks(self) -> dict[str, tuple[Step, Step]]:
        """M by rule 5 b: its last refusal or failure, and the first step in which another host was asked for the same."""
        found: dict[str, tuple[Step, Step]] = {}
        hosts = list(self.registries)
        if len(hosts) < 2:
            return found
        first_of_path = self._first_of_path
        for place, host in enumerate(hosts[:-1]):
            later_hosts = frozenset(hosts[place + 1 :][:8])
            steps = self.registries[host]
            trouble = [
                s
                for s in steps
                if is_broken(s)
                or self._useless(s)
                or (self.final(s) and (is_refusal(s) or self._dead_end(s)))
            ]
            if not trouble:
                continue
            paths = sorted({path for s in steps if (path := repository_of(s))})[:_PATHS]
            following = [
                first
                for other in later_hosts
                for path, first in first_of_path.get(other, {}).items()
                if not paths or any(mine == path or mine.endswith("/" + path) for mine in paths)
            ]
            following = [step for step in following if step.n > trouble[0].n]
            if following:
                nxt = min(following, key=lambda s: s.n)
                before = [s for s in trouble if s.n < nxt.n]
                found[host] = (before[-1], nxt)
        return found

    @staticmethod
    def _useless(step: Step) -> bool:
        """Answered well, with a page in a manifest's place or with other content than was asked for."""
        return step.verified is False or (
            asks_manifest(step) and step.exchange.status == 200 and is_html(step)
        )

    def _dead_end(self, step: Step) -> bool:
        """A challenge that the client could not answer: it has no login for it, or got no token."""
        if step.stage is not Stage.CHALLENGE or step.exchange.credential is not None:
            return False
        logins, granted = self._answered
        if logins.get(step.exchange.host, 0) > step.n:
            return False
        return not granted[step.n] if step.n in granted else asks_for_content(step)

    @cached_property
    def _answered(self) -> tuple[dict[str, int], dict[int, bool]]:
        """The last step at each host that carries a credential; and which challenges were followed by a token."""
        logins = {s.exchange.host: s.n for s in self.steps if s.exchange.credential}
        granted: dict[int, bool] = {}
        for token in self.at(Stage.TOKEN):
            if token.follows:
                granted[token.follows] = granted.get(token.follows, False) or token.exchange.ok
        return logins, granted

    @cached_property
    def _first_of_path(self) -> dict[str, dict[str, Step]]:
        first: dict[str, dict[str, Step]] = {}
        for host, steps in self.registries.items():
            for step in steps:
                path = repository_of(step)
                if path:
                    first.setdefault(host, {}).setdefault(path, step)
        return first

    # -- tokens ------------------------------------------------------------------------------------------------------

    @cached_property
    def tokens(self) -> dict[str, Step]:
        """The pseudonym of each token that a token service of this pull gave, and the step in which it did."""
        given: dict[str, Step] = {}
        for step in self.at(Stage.TOKEN):
            answer = step.exchange.token_answer
            if step.exchange.ok and answer is not None:
                for value in (answer.token, answer.access_token):
                    if value:
                        given.setdefault(value, step)
        return given

    def token_of(self, step: Step) -> Step | None:
        """The step that gave the bearer which this one carries."""
        return self.tokens.get(step.exchange.bearer or "")

    @cached_property
    def broken_by_host(self) -> dict[str, list[ConnectionFailed]]:
        """Connections of this pull that never came to a request, by the host that was wanted."""
        found: dict[str, list[ConnectionFailed]] = {}
        for failed in self.pull.broken:
            if failed.host:
                found.setdefault(failed.host.lower(), []).append(failed)
        return found


def _later(seen: tuple[int, int] | None, step: Step) -> bool:
    if seen is None:
        return False
    return (seen[0] if step.exchange.method == "HEAD" else seen[1]) > step.n
