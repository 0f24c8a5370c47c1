"""Our mirror, with and without the recorder, against nginx, distribution's pull-through and no mirror at all.

    pytest -m bench tests/bench/test_mirror.py -s

prints a table for each case: seconds, rate, the speed as a ratio to one nginx worker's in the same round, the party's own
processor time, the most memory that it has had. A smaller run on a busy machine, ten minutes less::

    BENCH_ROUNDS=2 BENCH_IMAGE_MB=80 BENCH_MIB=256 BENCH_MANY_MB=10 pytest -m bench tests/bench/test_mirror.py -s

Variables: BENCH_ROUNDS (5), BENCH_IMAGE_MB (300), BENCH_MIB (1024: the one blob), BENCH_MANY (64: clients at once), BENCH_MANY_MB
(50: what each of them fetches), BENCH_MANIFESTS (200). It needs what ``tests/real`` needs: root, nginx, distribution, skopeo,
dockerd. Hub, parties and clients share this machine and its memory, TLS everywhere. No time is asserted; that our mirror stays
below 150 MB is.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "real")]

import parties  # noqa: E402 - the path above makes it importable
import pulling  # noqa: E402
from measuring import Case, in_turns, tell  # noqa: E402
from parties import BLOBS, Party  # noqa: E402
from stack import needs, pki  # noqa: E402
from stack.hub import Hub  # noqa: E402
from stack.place import settle  # noqa: E402

pytestmark = pytest.mark.bench


def number(name: str, usual: int) -> int:
    return int(os.environ.get(f"BENCH_{name}", usual))


ROUNDS = number("ROUNDS", 5)
IMAGE_MB = number("IMAGE_MB", 300)
MIB = number("MIB", 1024)
MANY, MANY_MB = number("MANY", 64), number("MANY_MB", 50)
MANIFESTS = number("MANIFESTS", 200)
HELLO = "library/hello-world"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    lacking = needs.missing()
    if lacking:
        pytest.skip("; ".join(lacking))
    # In memory where that is possible: a disk is not what is measured.
    shared = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="bench-", dir=shared if shared.is_dir() else None))
    place = settle(root)
    pki.make(place)
    running = Hub(place)
    try:
        running.start()
        parties.push_image(running, IMAGE_MB)
        yield running
    finally:
        running.stop()
        place.claim.close()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def dockerd(hub: Hub) -> Iterator[pulling.Dockerd]:
    client = pulling.Dockerd(hub.place)
    try:
        client.start()
        yield client
    finally:
        client.stop()


@pytest.fixture
def all_parties(hub: Hub) -> Iterator[list[Party]]:
    """Started anew for each test, so that its peaks are its own. The pull-through cache comes last."""
    started = (
        parties.direct(hub),
        parties.nginx(hub),
        parties.ours(hub),
        parties.ours(hub, record=True),
        parties.pull_through(hub),
    )
    with parties.running(*started) as by_name:
        yield list(by_name.values())


def cases_of(started: list[Party], run: Callable[[Party], float], *, cold: bool = True) -> list[Case]:
    """A case for each party; for the pull-through cache one without anything in it (if so asked), then one with."""
    *others, cache = started
    cases = [Case(party.name, party, lambda party=party: run(party)) for party in others]
    if cold:
        chilled = lambda: parties.chill(cache)  # noqa: E731
        cases.append(Case(f"{cache.name}, cold", cache, lambda: run(cache), before=chilled))
    return [*cases, Case(f"{cache.name}, warm", cache, lambda: run(cache))]


def test_an_image_by_skopeo(all_parties: list[Party]) -> None:
    cases = in_turns(ROUNDS, cases_of(all_parties, pulling.skopeo))
    tell(f"an image of {IMAGE_MB} MB in {parties.LAYERS} layers by skopeo", cases, IMAGE_MB, "MB")


def test_an_image_by_dockerd(all_parties: list[Party], dockerd: pulling.Dockerd) -> None:
    cases = in_turns(ROUNDS, cases_of(all_parties, dockerd.copy))
    title = f"an image of {IMAGE_MB} MB in {parties.LAYERS} layers by dockerd ({dockerd.driver})"
    tell(title, cases, IMAGE_MB, "MB")


def test_one_blob_by_curl(hub: Hub, all_parties: list[Party]) -> None:
    size = MIB << 20
    digest = parties.put_blob(hub, size)

    def run(party: Party) -> float:
        return pulling.fetch(party, digest, size, parties.bearer(hub, BLOBS))

    cases = in_turns(ROUNDS, cases_of(all_parties, run))
    tell(f"one blob of {MIB} MiB by curl, TLS on both sides", cases, MIB, "MiB")


def test_one_blob_by_curl_without_tls_to_the_client(hub: Hub) -> None:
    size = MIB << 20
    digest = parties.put_blob(hub, size)

    def run(party: Party) -> float:
        return pulling.fetch(party, digest, size, parties.bearer(hub, BLOBS), "http")

    started = (parties.nginx(hub), parties.ours(hub, tls=False), parties.ours(hub, record=True, tls=False))
    with parties.running(*started) as by_name:
        cases = [Case(name, party, lambda party=party: run(party)) for name, party in by_name.items()]
        title = f"one blob of {MIB} MiB by curl, plain to the client, TLS upstream"
        tell(title, in_turns(ROUNDS, cases), MIB, "MiB")


def test_many_clients_at_once(hub: Hub, all_parties: list[Party]) -> None:
    size = MANY_MB * 1_000_000
    digest = parties.put_blob(hub, size)

    def run(party: Party) -> float:
        return pulling.fetch_at_once(party, digest, size, parties.bearer(hub, BLOBS), MANY)

    cases = in_turns(min(ROUNDS, 2), cases_of(all_parties, run, cold=False))
    tell(f"{MANY} clients at once, one blob of {MANY_MB} MB", cases, MANY * MANY_MB, "MB")


@pytest.mark.parametrize("connections", [1, 8])
def test_manifests_a_second(hub: Hub, all_parties: list[Party], connections: int) -> None:
    def run(party: Party) -> float:
        return pulling.ask_in_parallel(party, HELLO, parties.bearer(hub, HELLO), connections, MANIFESTS)

    cases = in_turns(ROUNDS, cases_of(all_parties, run, cold=False))
    title = f"{MANIFESTS} manifests by tag on {connections} connection(s)"
    tell(title, cases, MANIFESTS, "manifests")
