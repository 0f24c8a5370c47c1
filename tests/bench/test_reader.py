"""The offline reader against mitmproxy's bare FlowReader, and the memory that reports of small and large captures take.

``pytest -m bench tests/bench/test_reader.py -s``. Sizes and rounds: BENCH_CAPTURE_MB (150), BENCH_ROUNDS (5). The captures
are made of captures/docker-pull: the same pull again and again, each with ids, times and signed URLs of its own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.io import FlowReader, tnetstring

from inspector.sources.reading import read

pytestmark = pytest.mark.bench

LARGE = int(os.environ.get("BENCH_CAPTURE_MB", "150"))
SMALL = max(LARGE // 5, 1)
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
PULL = Path(__file__).parents[2] / "captures" / "docker-pull" / "pull.flow"
APART = 120.0  # seconds between two pulls
REPORT = """
import sys
from pathlib import Path
from inspector.cli.main import run
assert run(sys.argv[1:]) == 0
status = Path("/proc/self/status").read_text()  # what getrusage says counts the parent of before the exec in
print(status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""


def tell(title: str, lines: list[str]) -> None:
    print(f"\n{title}")
    for line in lines:
        print(f"  {line}")


def again(value: Any, number: int) -> Any:
    """A flow's state, or a part of it, as it would be in another pull."""
    if isinstance(value, dict):
        return {
            key: item if key in {"content", "metadata"} else _field(key, item, number)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [again(item, number) for item in value]
    if isinstance(value, float) and value > 1e9:
        return value + number * APART
    if isinstance(value, bytes) and b"verify=" in value:  # both the Location and the path that it names
        return value + b"&n=%d" % number
    return value


def _field(key: str, value: Any, number: int) -> Any:
    return f"{value[:-8]}{number:08x}" if key == "id" and isinstance(value, str) else again(value, number)


def pulls(megabytes: int, path: Path) -> int:
    """Write a capture of so many MB; how many flows are in it."""
    with PULL.open("rb") as file:
        states = [flow.get_state() for flow in FlowReader(file).stream()]
    number = 0
    with path.open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            file.writelines(tnetstring.dumps(again(state, number)) for state in states)
            number += 1
    return number * len(states)


def one_body(megabytes: int, path: Path) -> None:
    """Write a capture in which mitmproxy kept one blob of so many MB."""
    with PULL.open("rb") as file:
        states = [flow.get_state() for flow in FlowReader(file).stream()]
    blob = next(state for state in states if b"/data?" in state["request"]["path"])
    blob["response"]["content"] = bytes(megabytes * 1_000_000)
    blob["metadata"] = {}
    with path.open("wb") as file:
        file.writelines(tnetstring.dumps(state) for state in states)


def bare(path: Path) -> float:
    """Seconds of processor time that mitmproxy needs to read every flow."""
    begin = time.process_time()
    with path.open("rb") as file:
        for _ in FlowReader(file).stream():
            pass
    return time.process_time() - begin


def ours(path: Path) -> float:
    """The same of ours, which also correlates, verifies and diagnoses them."""
    begin = time.process_time()
    read([str(path)], on_pull=lambda _: None)
    return time.process_time() - begin


def peak(path: Path, *options: str) -> float:
    """The most memory, in MB, of a process that reports the capture."""
    command = [sys.executable, "-c", REPORT, "report", str(path), *options]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    return float(done.stderr.split()[-1]) * 1024 / 1e6


@pytest.fixture(name="captures", scope="module")
def _captures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, tuple[Path, int]]]:
    """MB -> the capture and the number of its flows."""
    folder = tmp_path_factory.mktemp("captures")
    made = {}
    for megabytes in (SMALL, LARGE):
        path = folder / f"{megabytes}.flow"
        made[megabytes] = (path, pulls(megabytes, path))
    yield made
    for path, _ in made.values():
        path.unlink()


def test_flows_a_second(captures, bench) -> None:
    path, flows = captures[SMALL]
    ours(path)  # what is imported and compiled once counts for neither
    seconds = bench["interleaved"](ROUNDS, {"bare": lambda: bare(path), "ours": lambda: ours(path)})
    tell(
        f"{flows:,} flows in {SMALL} MB, processor time, median of {ROUNDS}",
        [
            f"{name:5} {flows / value:6.0f} a second  {seconds['bare'] / value:5.2f} of bare"
            for name, value in seconds.items()
        ],
    )
    assert set(seconds) == {"bare", "ours"}


def test_time_in_proportion(captures) -> None:
    taken = {megabytes: ours(path) / flows for megabytes, (path, flows) in captures.items()}
    tell(
        "time for one flow", [f"{megabytes:5} MB  {each * 1e6:4.0f} µs" for megabytes, each in taken.items()]
    )
    assert all(taken.values())


@pytest.mark.parametrize(
    "options", [(), ("--format", "json"), ("--format", "concise")], ids=["text", "json", "concise"]
)
def test_memory_does_not_grow_with_the_capture(captures, options: tuple[str, ...]) -> None:
    most = {megabytes: peak(path, *options) for megabytes, (path, _) in captures.items()}
    pulls_more = (captures[LARGE][1] - captures[SMALL][1]) // 9
    tell(
        f"memory of report {' '.join(options)}",
        [f"{megabytes:5} MB of capture  {used:4.0f} MB at most" for megabytes, used in most.items()],
    )
    # The last 8192 redirects are remembered (some 4 kB each), and of each pull a row, less than 1 kB.
    assert most[LARGE] - most[SMALL] < 40 + pulls_more * 0.001


def test_memory_of_a_large_body(tmp_path: Path) -> None:
    path = tmp_path / "body.flow"
    one_body(LARGE, path)
    used = peak(path)
    tell(f"a kept body of {LARGE} MB", [f"{used:.0f} MB at most"])
    assert used < 120
