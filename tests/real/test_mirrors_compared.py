"""The same pulls through our mirror, through others, and through none: what works with each, and what does not.

``FOUND`` is what these runs have shown; the README's table is made of it, and a test holds the two together. It is no
wish list: where another mirror does better one day, the test says so. Every client may turn to the hub itself, through a
tunnel that is watched: who needs it has not been served by the mirror alone.

The clients are those of Debian 12; the CDN refuses an Authorization header, as S3 does beside a signed URL.
"""

import os
import re
from dataclasses import dataclass

import pytest
from stack import mirror, others, truth
from stack.clients import CLIENTS
from stack.place import AUTH, CDN, OURS
from stack.recording import ROOT

HELLO, BIG, SECRET = "hello-world:latest", "labuser/big:latest", "private/secret:latest"
MISSING, CUT, CONFIGURED = "missing tag", "a layer is cut once", "as configured mirror"

# What is pulled, by prefix unless a mirror is configured, and with what besides.
CASES = {
    "by prefix, without `library/`": (HELLO, {}),
    "by prefix, with `library/`": (f"library/{HELLO}", {}),
    CONFIGURED: (f"library/{HELLO}", {"mirror": OURS}),
    "private, with login": (SECRET, {"login": True}),
    "by digest": ("library/hello-world@", {}),
    MISSING: ("library/hello-world:nope", {}),
    CUT: (BIG, {}),
}
SHORT, LONG, _, PRIVATE, DIGEST, *_ = CASES

# Columns of the table, and how each is started.
DIRECTLY, SELF, NGINX, STRIPPING, WORKER, PULL_THROUGH = WAYS = {
    "directly": others.directly,
    "this mirror": lambda hub: mirror.running(hub, "compared"),
    "nginx as written": others.nginx,
    "nginx, no Authorization to the CDN": lambda hub: others.nginx(hub, strip=True),
    "Worker": others.worker,
    "distribution, pull-through": others.pull_through,
}
# Not a column: what the Worker was until its runtime learned to drop Authorization at another origin.
OLDER = {"Worker of June 2025": lambda hub: others.worker(hub, date="2025-06-01")}


@dataclass(frozen=True)
class Found:
    """What came of a pull. ``line``: what the client printed (a pattern); ``why``: the note in the README.

    Of a missing tag it works when the client says that the tag is missing.
    """

    kind: str
    line: str = ""
    why: str = ""


MARKS = {"works": "✔", "bypassed": "↷", "fails": "✘", "absent": "—"}
TOKEN_WHY = (
    "Its token the client fetches from auth.docker.io itself: where that is blocked, nothing is pulled."
)
NOT_FOUND = r"manifest unknown|: not found"
ABSENT, WORKS, TOKEN = Found("absent"), Found("works"), Found("works", why=TOKEN_WHY)
LITERAL = Found(
    "fails",
    NOT_FOUND,
    "ctr takes `docker.io/hello-world` as it stands and is told `not found`: nobody adds `library/`.",
)
NO_LIBRARY = Found("fails", NOT_FOUND, "Nobody adds `library/`: `manifest unknown` or `not found`.")
REFUSED = Found(
    "fails",
    r"\b400\b",
    "What the client sends is sent on to the CDN, and that refuses the token: `400 Bad Request`.",
)
BYPASSED = Found(
    "bypassed",
    why="The mirror's 400 makes them pull from the hub itself: it works only where no mirror is needed.",
)
BROKEN = Found("fails", r"unexpected EOF", "These cannot resume: `unexpected EOF`.")
BROKEN_OR_500 = Found(
    "fails",
    r"unexpected EOF|\b500\b",
    "By chance `unexpected EOF` or `500 Internal Server Error`.",
)
NO_POST = Found(
    "fails",
    r"401 Unauthorized",
    "containerd sends its login by POST; the Worker asks without it: `401 Unauthorized`.",
)
NO_LOGIN = Found(
    "fails",
    NOT_FOUND,
    "It asks upstream with its own login, or none, whoever asks: `manifest unknown` or `not found`.",
)
CUT_CACHE = Found(
    "fails",
    r"unexpected EOF|\b500\b|unexpected commit digest",
    "By chance `unexpected EOF`, `500 Internal Server Error` or, containerd resuming, `unexpected commit digest`.",
)

REST = "others"
RESUMED = {"docker": WORKS, "containerd": WORKS}
# way: case: client, or the others: what was found
FOUND: dict[str, dict[str, dict[str, Found]]] = {
    DIRECTLY: {
        SHORT: {"containerd": LITERAL, REST: WORKS},
        CONFIGURED: {REST: ABSENT},
        CUT: {**RESUMED, REST: BROKEN},
    },
    SELF: {},
    NGINX: {
        SHORT: {REST: NO_LIBRARY},
        LONG: {REST: REFUSED},
        CONFIGURED: {"docker": BYPASSED, "containerd": BYPASSED, REST: REFUSED},
        PRIVATE: {REST: REFUSED},
        DIGEST: {REST: REFUSED},
        MISSING: {REST: TOKEN},
        CUT: {REST: REFUSED},
    },
    STRIPPING: {
        SHORT: {REST: NO_LIBRARY},
        LONG: {REST: TOKEN},
        CONFIGURED: {REST: TOKEN},
        PRIVATE: {REST: TOKEN},
        DIGEST: {REST: TOKEN},
        MISSING: {REST: TOKEN},
        CUT: {"docker": TOKEN, "containerd": TOKEN, REST: BROKEN},
    },
    WORKER: {PRIVATE: {"containerd": NO_POST, REST: WORKS}, CUT: {**RESUMED, REST: BROKEN_OR_500}},
    PULL_THROUGH: {
        SHORT: {REST: NO_LIBRARY},
        PRIVATE: {REST: NO_LOGIN},
        CUT: {"docker": WORKS, REST: CUT_CACHE},
    },
}


def cell(way: str, case: str) -> dict[str, Found]:
    return FOUND[way].get(case, {REST: WORKS})


def expected(way: str, case: str, name: str) -> Found:
    found = cell(way, case)
    return found.get(name, found[REST])


@pytest.fixture(scope="module")
def tunnel(hub):
    with others.Tunnel(hub.place) as started:
        yield started


@pytest.fixture(scope="module", params=WAYS)
def way(hub, tunnel, request):
    """The column's name, and what runs there."""
    try:
        with (WAYS | OLDER)[request.param](hub) as started:
            yield request.param, started
    except others.UnavailableError as lacking:
        must = lacking.required and os.environ.get("CI") == "true"
        (pytest.fail if must else pytest.skip)(str(lacking))


def pulled(way, tunnel, hub, client, case):
    """Pull, with nothing left of earlier pulls in client, mirror and tunnel."""
    label, running = way
    what, more = CASES[case]
    client.forget()
    if isinstance(running, others.Other):
        running.forget()
    tunnel.forget()
    running.far.cuts, running.far.left = 0, int(case == CUT)
    registry = "docker.io" if label == DIRECTLY or "mirror" in more else OURS
    run = client.pull(f"{registry}/{what}{hub.digests['hello'] if what.endswith('@') else ''}", **more)
    running.far.left = 0
    return run


def kind(label: str, case: str, run, asked: set[str]) -> tuple[str, bool]:
    """What came of it, and whether the client went for its token alone to the hub."""
    told = run.code != 0 and re.search(NOT_FOUND, run.text) is not None
    if not (told if case == MISSING else run.code == 0):
        return "fails", False
    if label == DIRECTLY or not asked:
        return "works", False
    return ("works", True) if asked == {AUTH} else ("bypassed", False)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", CLIENTS)
def test_a_pull_goes_as_the_table_says(way, tunnel, hub, clients, name, case) -> None:
    label, running = way
    wanted = expected(label, case, name)
    if wanted == ABSENT:
        assert (label, case) == (DIRECTLY, CONFIGURED)
        return
    run = pulled(way, tunnel, hub, clients(name), case)
    assert kind(label, case, run, set(tunnel.asked)) == (wanted.kind, wanted == TOKEN), run
    assert re.search(wanted.line, run.text), run
    assert running.far.cuts == (case == CUT and wanted != REFUSED)


def test_the_cdn_gets_the_clients_token_from_nginx_as_written_alone(way, tunnel, hub, clients) -> None:
    start = hub.access_log.stat().st_size
    pulled(way, tunnel, hub, clients("skopeo"), LONG)
    hub.settle()
    seen = {(one.status, one.credential) for one in truth.read(hub.access_log, start) if one.host == CDN}
    assert seen == ({(400, "bearer")} if way[0] == NGINX else {(200, "none")})


@pytest.mark.parametrize("way", OLDER, indirect=True)
@pytest.mark.parametrize("name", CLIENTS)
def test_a_worker_of_an_older_date_sends_the_token_to_the_cdn(way, tunnel, hub, clients, name) -> None:
    run = pulled(way, tunnel, hub, clients(name), LONG)
    assert run.code != 0, run
    assert re.search(REFUSED.line, run.text), run


def test_without_a_way_to_the_hub_a_client_pulls_from_who_gives_tokens_too(
    way, tunnel, hub, clients, monkeypatch
) -> None:
    monkeypatch.setattr(tunnel, "leads", {})
    run = pulled(way, tunnel, hub, clients("skopeo"), LONG)
    assert (run.code == 0) == (way[0] in (SELF, WORKER, PULL_THROUGH)), run


def test_the_table_in_the_readme_is_what_was_found() -> None:
    section = (ROOT / "README.md").read_text().partition("\n## Be a mirror\n")[2].partition("\n## ")[0]
    assert table() in section, f"README.md needs:\n{table()}"


def table() -> str:
    """The README's table and its notes, numbered as they appear."""
    notes: list[str] = []

    def mark(found: Found) -> str:
        if found.why and found.why not in notes:
            notes.append(found.why)
        return MARKS[found.kind] + (f" [{notes.index(found.why) + 1}]" if found.why else "")

    def text(way: str, case: str) -> str:
        groups: dict[Found, list[str]] = {}
        for name, found in cell(way, case).items():
            groups.setdefault(found, []).append(name)
        if len(groups) == 1:
            return mark(next(iter(groups)))
        return "; ".join(f"{', '.join(names)} {mark(found)}" for found, names in groups.items())

    rows = [["", *WAYS], ["---"] * (len(WAYS) + 1)]
    rows += [[case, *(text(way, case) for way in WAYS)] for case in CASES]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *(f"{number}. {note}" for number, note in enumerate(notes, 1))])
