"""Requests and connections that got no answer at all, told apart by what went wrong on the way.

Two forms of one thing: a connection event (no request was ever made), and a request that ended without a response.
Knows: a case, and the proxy's wording. Must not know: rules. The words are mitmproxy's, Go's and the C libraries'.
"""

import re
from collections.abc import Iterable

import msgspec

from inspector.core.events import ConnectionFailed, Trouble
from inspector.core.finding import Evidence
from inspector.core.pull import Pull, Stage, Step
from inspector.rules.case import Case
from inspector.rules.evidence import saw_failure, saw_status
from inspector.rules.steps import client_left, is_broken, seconds_of
from inspector.wire.url import host_port

SILENT = 10.0
"""Seconds without a byte after which a client that leaves has waited in vain: then it is `stalled`."""

_WORDS: tuple[tuple[Trouble, re.Pattern[str]], ...] = (
    (
        Trouble.NAME,
        re.compile(r"name or service not known|nodename nor servname|getaddrinfo|name resolution|no such host|"
                   r"no address associated|server misbehaving|unknown host", re.IGNORECASE),
    ),
    (
        Trouble.PLAIN_HTTP,
        re.compile(r"does not speak tls|http request to an https|first record does not look like|wrong.version.number",
                   re.IGNORECASE),
    ),
    (Trouble.SERVER_TLS, re.compile(r"certificate|\bx509\b|hostname mismatch", re.IGNORECASE)),
)  # fmt: skip


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Something got no answer. ``step`` is None where there was not even a request."""

    host: str
    trouble: Trouble
    time: float
    message: str
    evidence: Evidence
    step: Step | None = None


def trouble_of(message: str) -> Trouble:
    """What the proxy's or the library's words mean; a connection that failed, when they mean nothing special."""
    return next((trouble for trouble, words in _WORDS if words.search(message)), Trouble.CONNECT)


def trouble_with(failed: ConnectionFailed) -> Trouble:
    """The trouble of a failed connection. A handshake that failed for a version or a cipher says nothing of certificates."""
    of_certificate = trouble_of(failed.message) is Trouble.SERVER_TLS
    if failed.trouble is Trouble.SERVER_TLS and not of_certificate:
        return Trouble.CONNECT
    return failed.trouble


def failures(case: Case) -> list[Failure]:
    """Every failure of the pull, by time. What the client itself gave up, and what only the capture's end cut, is none."""
    found = [
        Failure(
            host=host_port(failed.host.lower(), failed.port, "http" if failed.port == 80 else "https"),
            trouble=trouble_with(failed),
            time=failed.time,
            message=failed.message,
            evidence=saw_failure(failed),
        )
        for failed in case.pull.broken
        if failed.host
    ]
    for step in case.steps:
        if step.exchange.status is None and is_broken(step) and not client_left(step):
            message = step.exchange.error or ""
            found.append(
                Failure(
                    host=step.exchange.host,
                    trouble=trouble_of(message),
                    time=step.exchange.last_time,
                    message=message,
                    evidence=saw_status(step),
                    step=step,
                )
            )
    return sorted(found, key=lambda failure: failure.time)


def lasting(case: Case, found: Iterable[Failure]) -> list[Failure]:
    """Those after which the host gave no answer any more; what was made good by a later try is no failure."""
    candidates = list(found)
    answered = last_answers(case.steps) if candidates else {}
    return [failure for failure in candidates if answered.get(failure.host, 0.0) <= failure.time]


def last_answers(steps: Iterable[Step]) -> dict[str, float]:
    """When each host was last asked with success in getting any answer."""
    seen: dict[str, float] = {}
    for step in steps:
        if step.exchange.status is not None:
            time = step.exchange.request.time
            seen[step.exchange.host] = max(time, seen.get(step.exchange.host, 0.0))
    return seen


def at_registry(case: Case, *troubles: Trouble) -> list[Failure]:
    """Lasting failures at R, at M, or at a host without a role: a realm's and a storage's have codes of their own."""
    found = [
        failure
        for failure in failures(case)
        if failure.trouble in troubles and failure.host not in case.realms and failure.host not in case.storages
        and not (failure.step is not None and failure.step.stage in (Stage.TOKEN, Stage.CDN))
    ]  # fmt: skip
    return lasting(case, found)


def dead_realms(case: Case) -> dict[str, list[Failure]]:
    """T's that a challenge named, that could not be reached afterwards, and that gave no token later."""
    found: dict[str, list[Failure]] = {}
    given = {step.exchange.host: step.n for step in case.tokens.values()}
    for failure in failures(case):
        host = failure.host
        token = failure.step is not None and failure.step.stage is Stage.TOKEN
        if host not in case.realms and not token:
            continue
        if host in case.realms and host in case.registries and not token:
            continue  # R is its own T: a failure there says nothing of the token
        if failure.step is not None and given.get(host, 0) > failure.step.n:
            continue
        if failure.step is None and host in given:
            continue
        found.setdefault(host, []).append(failure)
    return found


def left_early(step: Step) -> bool:
    """The client left before the server can be blamed: its own error, or its user, was first."""
    return client_left(step) and seconds_of(step) < 1.0


class Reached:
    """When each client last asked each host: what a failed connection is held against, and no more of the pulls."""

    def __init__(self, pulls: Iterable[Pull] = ()) -> None:
        self._last: dict[tuple[str | None, str], float] = {}
        for pull in pulls:
            self.add(pull)

    def add(self, pull: Pull) -> None:
        """Take in what a pull's client reached; the pull itself is not kept."""
        for step in pull.steps:
            key = (step.exchange.request.client.address, step.exchange.host.partition(":")[0])
            self._last[key] = max(step.exchange.request.time, self._last.get(key, 0.0))

    def after(self, failed: ConnectionFailed) -> bool:
        """Whether the client of a failed connection asked the same host later."""
        return self._last.get((failed.client.address, (failed.host or "").lower()), 0.0) >= failed.time


def unclaimed(
    failed: Iterable[ConnectionFailed], reached: Reached, *troubles: Trouble
) -> list[ConnectionFailed]:
    """Failed connections of these kinds whose client did not reach the same host later."""
    return [one for one in failed if trouble_with(one) in troubles and not reached.after(one)]


def names(hosts: Iterable[str | None]) -> str:
    """Up to three hosts in words, each once."""
    known = list(dict.fromkeys(host for host in hosts if host)) or ["an unnamed host"]
    more = f" and {len(known) - 3} more" if len(known) > 3 else ""
    return ", ".join(known[:3]) + more
