"""What the rules cost: their share of a report's time, and that the time of one huge pull grows in proportion.

``pytest -m bench tests/bench/test_rules.py -s``. Processor time, in one process, interleaved; rounds: BENCH_ROUNDS (5). The share is
of what `report` does: reading, putting together, diagnosing and drawing.
"""

import io
import os
import statistics
import time
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow
from rich.console import Console

from inspector.report.render import print_report
from inspector.rules import diagnosis
from inspector.sources import reading

pytestmark = pytest.mark.bench

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
CAPTURES = Path(__file__).parents[2] / "captures"
DIGEST = "sha256:" + "ab" * 32
AGENT = (b"user-agent", b"docker/28.1.1 go/go1.23 os/linux arch/amd64")


def reported(path, monkeypatch, *, full=False):
    """Seconds of a report, and of the rules in it."""
    spent = [0.0]

    def timed(pull):
        begin = time.process_time()
        diagnosis.diagnose(pull)
        spent[0] += time.process_time() - begin

    monkeypatch.setattr(reading, "diagnose", timed)
    begin = time.process_time()
    report = reading.read([str(path)])
    print_report(Console(file=io.StringIO(), width=100), report, full=full)
    return time.process_time() - begin, spent[0]


def written(path, flows):
    with path.open("wb") as out:
        saver = FlowWriter(out)
        for flow in flows:
            saver.add(flow)
    return path


def one_pull(exchanges):
    """A pull of so many refused tries at a blob: redirect, refusal, and again."""
    for n in range(exchanges):
        redirect = n % 2 == 0
        url = (
            f"https://registry.test/v2/library/x/blobs/{DIGEST}"
            if redirect
            else f"https://cdn.test/{DIGEST[7:]}"
        )
        flow = tflow.tflow(req=http.Request.make("GET", url, headers=[AGENT]))
        flow.response = (
            http.Response.make(307, b"", [(b"location", f"https://cdn.test/{DIGEST[7:]}".encode())])
            if redirect
            else http.Response.make(503, b"busy")
        )
        flow.timestamp_created = flow.request.timestamp_start = flow.request.timestamp_end = 1.7e9 + n / 1000
        flow.response.timestamp_start = flow.response.timestamp_end = 1.7e9 + n / 1000 + 0.0005
        yield flow


def test_share_of_a_reports_time(monkeypatch):
    print()
    for full in (False, True):
        shares = []
        for _ in range(ROUNDS):
            measured = [
                reported(path, monkeypatch, full=full) for path in sorted(CAPTURES.glob("*/pull.flow"))
            ]
            shares.append(sum(rules for _, rules in measured) / sum(whole for whole, _ in measured))
        print(
            f"  rules, of a {'full' if full else 'short'} report of every capture: {statistics.median(shares):.1%} of its time (aim: under 15 %)"
        )


def test_one_pull_of_ten_thousand_exchanges(tmp_path, monkeypatch):
    print()
    for count in (1_250, 2_500, 5_000, 10_000):
        path = written(tmp_path / f"{count}.flow", one_pull(count))
        whole, rules = reported(path, monkeypatch)
        print(
            f"  {count:6} exchanges: {whole:5.2f} s, {1e6 * whole / count:4.0f} µs each; rules {rules:5.2f} s, {rules / whole:.0%}"
        )
