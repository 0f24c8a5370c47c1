"""A Worker with a mistake in it, under miniflare, at ``https://front.test``; a mirror of Docker Hub, as Workers mostly are.

Knows: how it is started, and how the lines of a remedy get into its script. Must not know: codes, findings.
A case gives the script's text (``worker/worker.mjs`` is one that works, ``SCRIPT``), otherwise as in ``misconfigured``.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack import pki
from stack.hub import Hub
from stack.misconfigured import FRONT, FRONT_AT
from stack.others import UnavailableError, install
from stack.procs import Service, environment, private
from stack.remedy import lines_for

SCRIPT = (Path(__file__).with_name("worker") / "worker.mjs").read_text()
DATE = "2026-07-01"


class Worker:
    """The running Worker; ``script`` is its text."""

    def __init__(self, hub: Hub, script: str, date: str) -> None:
        self.place, self.script, self.date = hub.place, script, date
        self.lead = {FRONT: FRONT_AT}
        self.folder = hub.place.folder("others", "worker")
        self.service: Service | None = None

    def image(self, name: str = "library/hello-world:latest") -> str:
        """A reference to an image by the Worker's name."""
        return f"{FRONT}/{name}"

    def start(self) -> None:
        """Run the script as it is now."""
        (self.folder / "front.mjs").write_text(self.script)
        log = self.folder / "front.log"
        log.unlink(missing_ok=True)
        pair = [str(self.place.pki / f"{FRONT}.{kind}") for kind in ("crt", "key")]
        node = shutil.which("node") or "node"
        where = (self.place.at(FRONT_AT), "443", *pair, self.date, "front.mjs")
        trust = str(self.place.pki / "ca.crt")
        env = environment(self.place, NODE_EXTRA_CA_CERTS=trust, SSL_CERT_FILE=trust)
        argv = ["env", "-C", str(self.folder), node, "run.mjs", *where]
        self.service = Service(private(self.place, argv), log=log, env=env)
        self.service.wait_for(lambda: "ready" in log.read_text())

    def stop(self) -> None:
        if self.service:
            self.service.stop()

    def apply(self, remedy: str) -> list[str]:
        """Replace what the remedy's lines for a Worker replace, ``key: value`` by key, in every place; restart."""
        lines = lines_for(remedy, "Worker")
        changed = self.script
        for line in lines:
            key = line.partition(":")[0].strip()
            changed = re.sub(
                rf"\b{re.escape(key)}:\s*(\"[^\"]*\"|'[^']*'|\w+)", lambda _, to=line: to, changed
            )
        assert changed != self.script, f"nothing of the script is replaced by {lines}"
        self.script = changed
        self.stop()
        self.start()
        return lines


@contextmanager
def worker(hub: Hub, script: str = SCRIPT, *, date: str = DATE) -> Iterator[Worker]:
    """The Worker at ``https://front.test``. The test is skipped where npm, or what it installs, cannot be had."""
    pki.leaf(hub.place, FRONT, (FRONT,))
    running = Worker(hub, script, date)
    try:
        install(running.folder)
    except UnavailableError as lacking:
        must = lacking.required and os.environ.get("CI") == "true"
        (pytest.fail if must else pytest.skip)(str(lacking))
    try:
        running.start()
        yield running
    finally:
        running.stop()
