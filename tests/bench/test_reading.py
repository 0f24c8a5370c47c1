"""The offline reader against mitmproxy's bare FlowReader: flows a second, and memory for a large capture.

``pytest -m bench tests/bench -s``. BENCH_FLOWS (3000) flows of real shape.
"""

import os
import statistics
import time
import tracemalloc
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.io import FlowReader
from mitmproxy.test import tflow

from inspector.recorder.capture import Capture
from inspector.sources.copy import redacted_copy
from inspector.sources.flowfile import FlowFile
from inspector.sources.metadata import BodyFacts, Facts
from inspector.sources.redact import Redactor

pytestmark = pytest.mark.bench

FLOWS = int(os.environ.get("BENCH_FLOWS", "3000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


def write(path: Path, flows: int) -> None:
    """A capture as the recorder writes it: blobs of a pull, one after another."""
    redactor, capture = Redactor(), Capture(path)
    facts = Facts(response=BodyFacts(size=1, sha256="0" * 64, complete=True), opened=True)
    for n in range(flows):
        flow = tflow.tflow(resp=True)
        flow.request = http.Request.make(
            "GET",
            f"https://registry.test/v2/library/x/blobs/sha256:{n:064x}",
            headers={
                "Host": "registry.test",
                "User-Agent": "docker/27.0",
                "Authorization": f"Bearer {'t0ken' * 40}",
            },
        )
        flow.response.headers["Docker-Content-Digest"] = f"sha256:{n:064x}"
        flow.response.raw_content = None
        capture.add(redacted_copy(flow, redactor, facts))
    capture.close()


def bare(path: Path) -> float:
    begin = time.perf_counter()
    with path.open("rb") as file:
        assert sum(1 for _ in FlowReader(file).stream()) == FLOWS
    return time.perf_counter() - begin


def ours(path: Path) -> float:
    begin = time.perf_counter()
    with path.open("rb") as file:
        assert sum(1 for _ in FlowFile(file, Redactor())) >= FLOWS
    return time.perf_counter() - begin


def test_flows_a_second(tmp_path: Path) -> None:
    path = tmp_path / "x.flow"
    write(path, FLOWS)
    taken = [(bare(path), ours(path)) for _ in range(ROUNDS)]
    first, second = (statistics.median(values) for values in zip(*taken, strict=True))
    print(f"\nreading {FLOWS} flows, median of {ROUNDS}")
    print(f"  FlowReader  {FLOWS / first:6.0f} flows a second")
    print(
        f"  ours        {FLOWS / second:6.0f} flows a second, with events   {first / second:4.2f} of FlowReader"
    )
    assert first > 0 < second


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for flows in (FLOWS // 10, FLOWS):
        path = tmp_path / f"{flows}.flow"
        write(path, flows)
        tracemalloc.start()
        with path.open("rb") as file:
            for _ in FlowFile(file, Redactor()):
                pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    print(
        f"\nreading {FLOWS // 10} and {FLOWS} flows: {peaks[0] / 1e6:.1f} and {peaks[1] / 1e6:.1f} MB at most"
    )
    assert peaks[1] < 2 * peaks[0] + 4e6
