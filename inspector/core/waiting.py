"""What else a mirror asked while its client waited: pings, challenges, tokens, the storage.

Knows: the requests for content that it made (``joining``), and the pulls that they are in. Must not know: what is made
of it. What follows a redirect is told by it; the rest by the step of the client during which it was asked.
"""

from bisect import bisect_right
from collections.abc import Sequence

from inspector.core.joining import EDGE, to_the_client
from inspector.core.loose import challenges_for, realm_key
from inspector.core.pairs import Made
from inspector.core.pull import Pull, Stage, Step
from inspector.wire.routes import RouteKind


class Waiting:
    """The client's steps at the mirrors that the links show, in order of time, for finding the one that waited."""

    def __init__(self, pulls: Sequence[Pull], sources: Sequence[int], made: dict[int, Made]) -> None:
        self.pulls = pulls
        self.sources = sources
        self.found = dict(made)
        self._mirrors: dict[int, set[str]] = {}  # place of a client's pull -> the mirrors' hosts
        for one in made.values():
            self._mirrors.setdefault(one.pull, set()).add(one.step.exchange.host)
        self._hosts = set().union(*self._mirrors.values()) if self._mirrors else set()
        self._steps: dict[int, tuple[list[float], list[Step]]] = {}

    def rest(self) -> dict[int, Made]:
        """The links, and one for each other exchange of the mirrors' own."""
        anchored = [
            place
            for place, pull in enumerate(self.pulls)
            if any(id(s.exchange) in self.found for s in pull.steps)
        ]
        hosts: dict[int, set[str]] = {}
        for place in sorted({*anchored, *self._mirrors}):
            self._of_pull(place)
            hosts.setdefault(self.sources[place], set()).update(
                step.exchange.host for step in self.pulls[place].steps if id(step.exchange) in self.found
            )
        for place, pull in enumerate(self.pulls):
            if place not in anchored and self.sources[place] in hosts:
                if pull.reference is None:
                    self._of_errand(place, hosts[self.sources[place]])
                elif place not in self._mirrors:
                    self._strayed(place, hosts[self.sources[place]])
        return to_the_client(self.found)

    # -- pulls ------------------------------------------------------------------------------------------------------

    def _of_pull(self, place: int) -> None:
        pull = self.pulls[place]
        known = [self.found[id(step.exchange)] for step in pull.steps if id(step.exchange) in self.found]
        known = known or [one for one in self.found.values() if one.pull == place][:1]
        ends, latest = {one.pull for one in known}, known[0]
        ends.add(place)  # a ping of the client's may have got in here too
        both = self._is_of_both(place, ends - {place})
        for step in pull.steps:
            if id(step.exchange) in self.found:
                latest = self.found[id(step.exchange)]
                continue
            cause = self.found.get(id(step.followed)) if step.followed is not None else None
            if cause is not None:
                latest = self.found[id(step.exchange)] = cause.but_found()
                continue
            if both and (
                self._is_clients(step, place, ends) or step.exchange.host in self._mirrors.get(place, ())
            ):
                continue
            waited = self._waited(step, latest, ends)
            if waited is not None and both and _asks_content(step) and waited.step.digest != step.digest:
                waited = None
            if waited is not None or not both:
                self.found[id(step.exchange)] = waited or latest.but_found()

    def _is_of_both(self, place: int, ends: set[int]) -> bool:
        """Whether requests of the client's own may have got into the pull, so that not all in it need be the mirror's."""
        if place in self._mirrors or any(self.sources[end] == self.sources[place] for end in ends):
            return True
        pull = self.pulls[place]
        hosts = {step.exchange.host for step in pull.steps if id(step.exchange) in self.found}
        return any(
            _asks_content(step) and step.exchange.host not in hosts
            for step in pull.steps
            if not step.followed
        )

    def _is_clients(self, step: Step, place: int, ends: set[int]) -> bool:
        """A token of the realm that the mirror itself names to its client."""
        if step.stage is not Stage.TOKEN:
            return False
        realm = realm_key(step.exchange.request.url)
        client = _client(self.pulls[place])
        return any(
            realm in challenges_for(outer.exchange)
            for end in ends
            if _client(self.pulls[end]) == client
            for outer in self._at_mirrors(end)[1]
        )

    def _of_errand(self, place: int, hosts: set[str]) -> None:
        """Pings and tokens in a pull of their own: the mirror's if it asks the same host, always while a client waits."""
        pull = self.pulls[place]
        source = self.sources[place]
        clocks = [
            one
            for other, mine in enumerate(self.pulls)
            if self.sources[other] == source
            for step in mine.steps
            if (one := self.found.get(id(step.exchange))) is not None
        ]
        if not clocks or not all(
            step.exchange.host in hosts or step.stage is Stage.TOKEN for step in pull.steps
        ):
            return
        waits = [self._waited(step, clocks[0], set(self._mirrors)) for step in pull.steps]
        if all(one is not None for one in waits):
            self.found.update(
                (id(step.exchange), one)
                for step, one in zip(pull.steps, waits, strict=True)
                if one is not None
            )

    def _strayed(self, place: int, hosts: set[str]) -> None:
        """A mirror's ping that got into another pull of its client's, which has asked the same host by itself."""
        pull, source = self.pulls[place], self.sources[place]
        mine = [
            one
            for one in self._mirrors
            if self.sources[one] == source and _client(self.pulls[one]) == _client(pull)
        ]
        like = next((one for one in self.found.values() if one.pull in mine), None)
        for step in pull.steps if like is not None else ():
            if step.exchange.host in hosts and _kind(step) == RouteKind.PING and like is not None:
                waited = self._waited(step, like, set(mine))
                if waited is not None and _kind(waited.step) == RouteKind.PING:
                    self.found[id(step.exchange)] = waited

    # -- the one that waited -----------------------------------------------------------------------------------------

    def _waited(self, step: Step, like: Made, places: set[int]) -> Made | None:
        """The step at a mirror that was under way when ``step`` was asked; of several one of the same kind, the latest."""
        time = step.exchange.request.time + like.offset.seconds
        best: tuple[bool, float, int, Step] | None = None
        for place in places:
            starts, steps = self._at_mirrors(place)
            for outer in reversed(
                steps[max(0, bisect_right(starts, time + EDGE) - 64) : bisect_right(starts, time + EDGE)]
            ):
                exchange = outer.exchange
                if (
                    exchange.last_time + EDGE < time
                    or exchange is step.exchange
                    or exchange.host == step.exchange.host
                ):
                    continue
                fits = (_kind(outer) == _kind(step), exchange.request.time, place, outer)
                if best is None or fits[:2] > best[:2]:
                    best = fits
        if best is None:
            return None
        return Made(pull=best[2], step=best[3], offset=like.offset, matched=False)

    def _at_mirrors(self, place: int) -> tuple[list[float], list[Step]]:
        if place not in self._steps:
            steps = [
                step for step in self.pulls[place].steps
                if step.exchange.host in self._hosts and id(step.exchange) not in self.found
            ]  # fmt: skip
            self._steps[place] = ([step.exchange.request.time for step in steps], steps)
        return self._steps[place]


def _client(pull: Pull) -> tuple[str | None, str | None]:
    return pull.address, pull.client.raw


def _kind(step: Step) -> str:
    """What it is about, as far as both sides say it: the token, the ping, one digest."""
    route = step.exchange.route
    return "token" if step.stage is Stage.TOKEN else str(route.kind) if route is not None else ""


def _asks_content(step: Step) -> bool:
    return step.exchange.route is not None and step.stage not in (Stage.PING, Stage.TOKEN, Stage.CHALLENGE)
