"""What others call: installed once, stepping aside with one line, without trace in what is stored."""

import io
import os
import subprocess
import sys
from pathlib import Path

import mitmproxy.proxy.layers.http as layers
import pytest
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import tflow

from inspector.recorder.private import asking, heal

ROOT = Path(__file__).parents[3]


async def never(flow, attempt, why) -> bool:
    return False


def test_it_is_installed_once() -> None:
    """In a process of its own: addons/fault.py, in another test, may have put its own stream there."""
    code = (
        "import mitmproxy.proxy.layers.http as layers; from inspector.recorder.private import heal, healing;"
        "assert heal.install() == heal.install() == []; assert layers.HttpStream is healing.HealingStream"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("what", ["state_stream_response_body", "_handle_event", "make_server_connection"])
def test_where_mitmproxy_differs_it_steps_aside_with_one_line(monkeypatch, what) -> None:
    class Other(layers.HttpStream):
        pass

    setattr(Other, what, lambda self, event: None)
    monkeypatch.delattr(layers, heal.MARK, raising=False)
    monkeypatch.setattr(layers, "HttpStream", Other)
    (line,) = heal.install()
    assert "does not fit this mitmproxy" in line
    assert layers.HttpStream is Other


def test_a_guard_is_not_stored_with_its_flow() -> None:
    flow = tflow.tflow()
    heal.guard(flow, digest=None, tries=1, pause=0, stall=0, again=never)
    asking.note(flow, 5, "cut")
    file = io.BytesIO()
    FlowWriter(file).add(flow)
    file.seek(0)
    (read,) = FlowReader(file).stream()
    assert asking.guard_of(flow) is not None
    assert asking.guard_of(read) is asking.guard_of(flow.copy()) is None
    (note,) = read.metadata[heal.RESUMES]
    assert (note["at"], note["why"], note["host"], note["status"]) == (5, "cut", "address", None)


def test_notes_do_not_grow_without_end() -> None:
    flow = tflow.tflow()
    for at in range(1000):
        asking.note(flow, at, "cut")
    assert len(flow.metadata[heal.RESUMES]) == asking.MOST_NOTED
