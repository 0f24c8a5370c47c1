"""What the hardening tests share: flows to order, the way from them to a printed report, and a real mitmdump.

``told(*flows)`` is that way: they are written as mitmproxy writes them, and once more as the recorder does; the command
``report`` reads both, and prints them as text, in colour, and as JSON. Whatever the flows hold, it ends well, says nothing
on standard error, and no byte that a terminal obeys comes out.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.io import FlowWriter

from inspector.cli.main import run
from inspector.sources.copy import redacted_copy
from inspector.sources.flow import Connections
from inspector.sources.redact import Redactor

sys.path.insert(0, str(Path(__file__).parent))

pytest.register_assert_rewrite("kit.told")

from kit.mirror import authority, bare_world, ca_file, mirror, world  # noqa: E402, F401 - fixtures
from kit.net import net  # noqa: E402, F401 - a fixture
from kit.proxy import Proxy  # noqa: E402 - the path above makes it importable
from kit.told import OBEYED, Told  # noqa: E402

type Report = Callable[..., Told]


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Report:
    """report(path) -> Told. ``says``: what standard error is to begin with (default: nothing)."""

    def call(*words: str, env: dict[str, str] | None = None, says: str = "") -> str:
        with monkeypatch.context() as patch:
            for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
                patch.delenv(name, raising=False)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            capsys.readouterr()
            status = run(["report", *words])
        said = capsys.readouterr()
        assert status == 0, said.err
        assert said.err.count("\n") <= 1
        assert OBEYED.search(said.err) is None
        assert (says in said.err) if says else said.err == ""
        assert (hidden := OBEYED.search(said.out)) is None, repr(
            said.out[max(0, hidden.start() - 60) :][:120]
        )
        return said.out

    def read(path: Path, says: str = "", *, brief: bool = False) -> Told:
        name = str(path)
        if brief:
            return Told(path, "", "", json.loads(call(name, "--format", "json", says=says)))
        text = call(name, "--full", "--width", "120", "--no-color", says=says)
        colour = call(
            name, "--full", "--width", "100", env={"FORCE_COLOR": "1", "TERM": "xterm-256color"}, says=says
        )
        document = json.loads(call(name, "--format", "json", says=says))
        call(name, "--format", "concise", says=says)
        for pull in document["pulls"][:1]:
            for one in pull["exchanges"][-2:]:
                call(name, "--pull", "1", "--request", str(one["n"]), says=says)
        return Told(path, text, colour, document)

    return read


@pytest.fixture
def told(report: Report, tmp_path: Path) -> Callable[..., Told]:
    """told(*flows) -> what is told of them, by mitmproxy's own file and by the recorder's alike."""

    def tell(*flows: http.HTTPFlow) -> Told:
        plain, recorded = tmp_path / "plain.flow", tmp_path / "recorded.flow"
        redactor, connections = Redactor(), Connections()
        with plain.open("wb") as one, recorded.open("wb") as other:
            kept, ours = FlowWriter(one), FlowWriter(other)
            for flow in flows:
                kept.add(flow)
                ours.add(redacted_copy(flow, redactor, connections=connections))
        first, second = report(plain), report(recorded, brief=True)
        assert sorted(first.findings) == sorted(second.findings)
        assert len(first.exchanges) == len(second.exchanges)
        return first

    return tell


@pytest.fixture(scope="session")
def confdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("confdir")


@pytest.fixture
def start(tmp_path: Path, confdir: Path) -> Iterator[Callable[..., Proxy]]:
    """start(*words) -> a Proxy that listens; several are possible, each in a folder of its own."""
    started: list[Proxy] = []

    def begin(*words: str, **more: Any) -> Proxy:
        folder = tmp_path / f"proxy{len(started)}"
        folder.mkdir()
        started.append(Proxy(folder, confdir, *words, **more))
        return started[-1]

    yield begin
    for proxy in started:
        proxy.stop()


@pytest.fixture
def refuse(capsys):
    """refuse(path) -> the one line that the command says when it can read nothing."""

    def call(path) -> str:
        capsys.readouterr()
        status = run(["report", str(path)])
        said = capsys.readouterr()
        assert (status, said.out, said.err.count("\n")) == (2, "", 1), said.err
        assert "Traceback" not in said.err
        return said.err

    return call
