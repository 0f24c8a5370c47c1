"""What the servers' own logs say happened, in the words of a report, and how a report differs from it.

Knows: the edge's log, which host plays which part, what each digest is. Must not know: how the project reads traffic.
This is the oracle: it uses what a report must not use, the names of the hosts and what was pushed.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from stack.place import AUTH, CDN

DIGEST = re.compile(r"sha256(?::|/[0-9a-f]{2}/)([0-9a-f]{64})")


class Fact(NamedTuple):
    """One exchange, in the words of report-json: what was asked of whom, what was answered, what it was for."""

    host: str
    method: str
    path: str
    status: int | None
    stage: str
    content: str | None
    digest: str | None


@dataclass(frozen=True)
class Logged:
    """One line of the edge's access log. ``credential`` is none, bearer, basic or other; ``size`` the body's bytes."""

    host: str
    method: str
    path: str
    status: int
    size: int
    credential: str
    range: str
    agent: str
    end: float
    via: str = ""
    peer: str = ""

    @property
    def stage(self) -> str:
        if self.host == AUTH:
            return "token"
        if self.host == CDN:
            return "cdn"
        if self.status == 401:
            return "challenge"
        if self.status in (301, 302, 303, 307, 308):
            return "redirect"
        if "/manifests/" in self.path:
            return "resolve" if self.method == "HEAD" else "manifest"
        if "/blobs/" in self.path:
            return "blob"
        return "tags" if self.path.endswith("/tags/list") else "ping"

    @property
    def digest(self) -> str | None:
        """The digest that the path names."""
        found = DIGEST.search(self.path)
        return f"sha256:{found[1]}" if found else None


def read(log: Path, start: int) -> list[Logged]:
    """The requests that the edge has logged since the log was ``start`` bytes long, in the order in which they ended."""
    lines = log.read_bytes()[start:].decode().splitlines()
    return [
        Logged(
            host=raw["host"],
            method=raw["method"],
            path=urlsplit(raw["uri"]).path,
            status=raw["status"],
            size=raw["bytes"],
            credential=raw["credential"],
            range=raw["range"],
            agent=raw["agent"],
            end=raw["end"],
            via=raw.get("via", ""),
            peer=raw.get("peer", ""),
        )
        for raw in map(json.loads, lines)
    ]


def facts(records: list[Logged], *, contents: dict[str, str], tags: dict[str, str]) -> Counter[Fact]:
    """The log in the words of a report. ``contents``: digest to kind; ``tags``: ``repository:tag`` to digest."""
    result: Counter[Fact] = Counter()
    for record in records:
        # What a tag would have led to is not known from a refusal.
        digest = record.digest or (tags.get(_tagged(record.path)) if record.status < 400 else None)
        known = (
            contents.get(digest or "") if record.stage not in ("challenge", "token", "ping", "tags") else None
        )
        result[
            Fact(
                record.host,
                record.method,
                record.path,
                record.status,
                record.stage,
                known,
                digest if known else None,
            )
        ] += 1
    return result


def _tagged(path: str) -> str:
    """``repository:tag`` of a path of a manifest by tag, or nothing that a tag could be."""
    return path.removeprefix("/v2/").replace("/manifests/", ":")


def told(exchanges: list[dict]) -> Counter[Fact]:
    """The exchanges of a report (its pulls' ``exchanges``) as facts."""
    result: Counter[Fact] = Counter()
    for one in exchanges:
        # A digest is compared where the content is known: elsewhere a report may say more than a log line can.
        result[
            Fact(
                one["host"],
                one["method"],
                urlsplit(one["url"]).path,
                one["status"],
                one["stage"],
                one["content"],
                one["digest"] if one["content"] else None,
            )
        ] += 1
    return result


def compare(logged: Counter[Fact], told: Counter[Fact]) -> tuple[list[Fact], list[Fact]]:
    """The facts that were not told, and the facts that were made up.

    A client that gives up does not wait for its other answers: such a request is told without a status, whatever the
    server had to say, and whether or not it got that far. ``judge.whole`` asks that there is none.
    """
    missing, invented = list((logged - told).elements()), list((told - logged).elements())
    for fact in [fact for fact in invented if fact.status is None]:
        answered = next((other for other in missing if other[:3] == fact[:3]), None)
        invented.remove(fact)
        if answered:
            missing.remove(answered)
    return sorted(missing, key=str), sorted(invented, key=str)


def secrets(journal: Path, *known: str) -> set[bytes]:
    """Every secret that this stack knows of: ``known`` and each token and refresh token ever issued, and their parts."""
    found = set(known)
    for line in journal.read_text().splitlines():
        answer = json.loads(line)["answer"]
        for name in ("token", "access_token", "refresh_token"):
            token = answer.get(name, "")
            # The header of a JWT is public: it holds the signer's certificate.
            found |= {token, *token.split(".")[1:]}
    return {secret.encode() for secret in found if len(secret) > 5}


def leaks(secrets_: set[bytes], folder: Path) -> list[str]:
    """Which files of ``folder`` hold a secret, as ``file: first characters of it``."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found += [f"{path.name}: {secret[:12]!r}…" for secret in secrets_ if secret in data]
    return found
