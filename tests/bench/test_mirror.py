"""Our mirror against one nginx worker, distribution's pull-through and no mirror at all: time, processor, memory.

``pytest -m bench tests/bench/test_mirror.py -s``. Sizes and rounds: BENCH_IMAGE_MB (300), BENCH_MIB (1024), BENCH_ROUNDS (5).
Hub, mirrors and clients share this machine, TLS everywhere. It prints, and asserts no time; it needs what ``tests/real`` needs.
"""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "real")]

import parties  # noqa: E402 - the path above makes it importable
from parties import BLOBS, IMAGE, Party  # noqa: E402
from stack import needs, pki  # noqa: E402
from stack.hub import Hub  # noqa: E402
from stack.place import settle  # noqa: E402
from stack.procs import environment  # noqa: E402

pytestmark = pytest.mark.bench

IMAGE_MB = int(os.environ.get("BENCH_IMAGE_MB", "300"))
MIB = int(os.environ.get("BENCH_MIB", "1024"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
MANY, MANY_BYTES = 64, 50_000_000
MOST_MEMORY = 150
"""MB that the mirror may have had resident: the only figure that is asserted, and no time."""


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
        yield running
    finally:
        running.stop()
        place.claim.close()
        shutil.rmtree(root, ignore_errors=True)


class Costs:
    """What the cases cost each party besides time: processor seconds, over all its runs."""

    def __init__(self) -> None:
        self.used: dict[str, list[float]] = {}

    def case(self, party: Party, run: Callable[[], float]) -> Callable[[], float]:
        def measured() -> float:
            before = party.cpu() if party.service else 0.0
            seconds = run()
            self.used.setdefault(party.name, []).append(party.cpu() - before if party.service else 0.0)
            return seconds

        return measured

    def of(self, party: Party) -> str:
        """The party's own median, and its memory."""
        if not party.service:
            return ""
        spent = sorted(self.used[party.name])
        return f"  {spent[len(spent) // 2]:5.2f} s of processor  {party.peak():4.0f} MB at most"


def tell(
    title: str, rows: dict[str, float], costs: Costs, by_name: dict[str, Party], amount: float, unit: str
) -> None:
    """One line for each case: seconds, amount a second, and the speed as a ratio to nginx's."""
    print(f"\n{title}")
    for name, seconds in rows.items():
        party = by_name.get(name)
        cost = costs.of(party) if party else ""
        rate, ratio = amount / seconds, rows["nginx"] / seconds
        print(f"  {name:20} {seconds:6.2f} s  {rate:7.1f} {unit}  {ratio:5.2f} of nginx{cost}")


def within_bounds(by_name: dict[str, Party]) -> None:
    for name, party in by_name.items():
        if name.startswith("ours"):
            assert party.peak() < MOST_MEMORY, f"{name}: {party.peak():.0f} MB"


# -- images ------------------------------------------------------------------------------------------------------------


def skopeo(party: Party) -> float:
    """Seconds in which skopeo copies the image into a folder in memory."""
    target = party.place.folder("bench", "out")
    argv = ["skopeo", "copy", "-q", f"docker://{party.host}/{IMAGE}:latest", f"dir:{target}"]
    env = environment(party.place, SSL_CERT_FILE=str(party.place.pki / "bundle.pem"))
    begin = time.perf_counter()
    done = subprocess.run(
        party.inside(argv), env=env, capture_output=True, text=True, timeout=120, check=False
    )
    seconds = time.perf_counter() - begin
    assert done.returncode == 0, f"{party.name}: {done.stderr}"
    shutil.rmtree(target)
    return seconds


def test_an_image_by_skopeo(hub: Hub, bench) -> None:
    parties.push_image(hub, IMAGE_MB)
    started = (
        parties.direct(hub),
        parties.nginx(hub),
        parties.ours(hub),
        parties.ours(hub, record=True),
        parties.pull_through(hub),
    )
    costs = Costs()
    with parties.running(*started) as by_name:

        def case(party: Party) -> Callable[[], float]:
            return costs.case(party, lambda: skopeo(party))

        cases = {name: case(party) for name, party in by_name.items()}
        cache, warm = by_name["pull-through"], cases.pop("pull-through")

        def cold() -> float:
            parties.chill(cache)
            return skopeo(cache)

        cases |= {"pull-through, cold": cold, "pull-through, warm": warm}
        rows = bench["interleaved"](ROUNDS, cases)
        tell(
            f"an image of {IMAGE_MB} MB by skopeo, median of {ROUNDS}", rows, costs, by_name, IMAGE_MB, "MB/s"
        )
        within_bounds(by_name)


# -- blobs -------------------------------------------------------------------------------------------------------------


def curl(party: Party, digest: str, authorization: str, *, scheme: str = "https") -> list[str]:
    """The command that fetches a blob and prints status, bytes and seconds. Only direct has a redirect to follow."""
    port = 443 if scheme == "https" else 80 if party.name == "nginx" else 443
    place = party.place
    names = {party.host: party.address, parties.CDN: place.at(parties.CDN_AT)}
    leads = [word for name, to in names.items() for word in ("--resolve", f"{name}:{port}:{to}")]
    url = f"{scheme}://{party.host}:{port}/v2/{BLOBS}/blobs/{digest}"
    shown = ["-o", "/dev/null", "-w", "%{http_code} %{size_download} %{time_total}"]
    return [
        "curl",
        "-sSL",
        "--http1.1",
        "--cacert",
        str(place.pki / "ca.crt"),
        *leads,
        "-H",
        authorization,
        *shown,
        url,
    ]


def fetch(party: Party, digest: str, size: int, authorization: str, scheme: str) -> float:
    done = subprocess.run(
        curl(party, digest, authorization, scheme=scheme),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split()[:2] == ["200", str(size)], f"{party.name}: {done}"
    return float(done.stdout.split()[2])


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_one_blob_by_curl(hub: Hub, bench, scheme: str) -> None:
    size = MIB << 20
    digest = parties.put_blob(hub, size)
    plain = scheme == "http"
    first = () if plain else (parties.direct(hub),)
    costs = Costs()
    with parties.running(
        *first, parties.nginx(hub), parties.ours(hub), parties.ours(hub, record=True)
    ) as by_name:

        def case(party: Party) -> Callable[[], float]:
            run = lambda: fetch(party, digest, size, parties.bearer(hub, BLOBS), scheme)  # noqa: E731
            return costs.case(party, run)

        rows = bench["interleaved"](ROUNDS, {name: case(party) for name, party in by_name.items()})
        way = "plain to the client, TLS upstream" if plain else "TLS on both sides"
        tell(f"one blob of {MIB} MiB by curl, {way}, median of {ROUNDS}", rows, costs, by_name, MIB, "MiB/s")
        within_bounds(by_name)


def all_at_once(party: Party, digest: str, authorization: str) -> float:
    begin = time.perf_counter()
    command = curl(party, digest, authorization)
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(MANY)]
    said = [one.communicate(timeout=300)[0].split()[:2] for one in started]
    assert said == [["200", str(MANY_BYTES)]] * MANY, party.name
    return time.perf_counter() - begin


def test_many_clients_at_once(hub: Hub, bench) -> None:
    digest = parties.put_blob(hub, MANY_BYTES)
    costs = Costs()
    with parties.running(parties.nginx(hub), parties.ours(hub), parties.ours(hub, record=True)) as by_name:

        def case(party: Party) -> Callable[[], float]:
            return costs.case(party, lambda: all_at_once(party, digest, parties.bearer(hub, BLOBS)))

        rows = bench["interleaved"](min(ROUNDS, 2), {name: case(party) for name, party in by_name.items()})
        title = f"{MANY} clients at once, one blob of {MANY_BYTES // 1_000_000} MB"
        tell(title, rows, costs, by_name, MANY * MANY_BYTES / 1e6, "MB/s")
        within_bounds(by_name)


# -- manifests ---------------------------------------------------------------------------------------------------------


def ask(party: Party, authorization: str, count: int) -> None:
    """``count`` GETs of a manifest by tag on one connection that is kept."""
    head = (
        f"GET /v2/library/hello-world/manifests/latest HTTP/1.1\r\nHost: {party.host}\r\n{authorization}\r\n"
        "Accept: application/vnd.oci.image.index.v1+json\r\n\r\n"
    ).encode()
    context = ssl.create_default_context(cafile=str(party.place.pki / "ca.crt"))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the stack's certificates are short
    with socket.create_connection((party.address, 443)) as plain:
        plain.settimeout(60)
        with context.wrap_socket(plain, server_hostname=party.host) as line, line.makefile("rb") as reader:
            for _ in range(count):
                line.sendall(head)
                status, length = reader.readline(), 0
                while (field := reader.readline().strip()) != b"":
                    if field.lower().startswith(b"content-length:"):
                        length = int(field[15:])
                assert status.split()[1] == b"200", f"{party.name}: {status!r}"
                assert b"manifests" in reader.read(length)


def ask_in_parallel(party: Party, authorization: str, connections: int, count: int) -> float:
    failed: list[BaseException] = []

    def one() -> None:
        try:
            ask(party, authorization, count // connections)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=one) for _ in range(connections)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    assert not failed, failed[0]
    return seconds


@pytest.mark.parametrize("connections", [1, 8])
def test_manifests_a_second(hub: Hub, bench, connections: int) -> None:
    count, repository = 200, "library/hello-world"
    costs = Costs()
    started = (
        parties.direct(hub),
        parties.nginx(hub),
        parties.ours(hub),
        parties.ours(hub, record=True),
        parties.pull_through(hub),
    )
    with parties.running(*started) as by_name:

        def case(party: Party) -> Callable[[], float]:
            def run() -> float:
                return ask_in_parallel(party, parties.bearer(hub, repository), connections, count)

            return costs.case(party, run)

        rows = bench["interleaved"](ROUNDS, {name: case(party) for name, party in by_name.items()})
        title = f"{count} manifests by tag on {connections} connection(s), median of {ROUNDS}"
        tell(title, rows, costs, by_name, count, "a second")
        within_bounds(by_name)
