"""One scene: something is done while a fresh proxy records; then the report and the servers' logs are compared.

Knows: the recording, the command line's ``report``, the oracle. Must not know: what a scenario should show.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote

from stack import images, truth
from stack.clients import PASSWORD, logins
from stack.cutter import Cutter
from stack.hub import SEED, SIGNATURE, Hub
from stack.place import CDN, CDN_AT, CUTTER_AT
from stack.procs import environment
from stack.recording import ROOT, Recording

CUT_AFTER = 3_000_000
RUN_ALL = """
import contextlib, json, sys
from inspector.cli.main import run
for target, argv in json.loads(sys.argv[1]):
    with open(target, "w") as out, contextlib.redirect_stdout(out):
        if status := run(argv):
            sys.exit(status)
"""


class Scene:
    """Use ``with scene.recorded(): ...``; afterwards ``capture``, ``report`` (the document), ``text`` (the
    full report) and ``log`` are there.
    """

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub, self.name = hub, re.sub(r"[^\w-]+", "-", name).strip("-")
        self.recording: Recording
        self.takes = 0
        self.log: list[truth.Logged] = []
        self.report: dict = {}
        self.text = ""

    @property
    def capture(self) -> Path:
        return self.recording.capture

    @contextmanager
    def recorded(
        self,
        *,
        lead: Mapping[str, int] = MappingProxyType({}),
        trusted: bool = True,
        mode: str = "regular",
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[None]:
        """Record what happens inside, in a new take. The parameters are ``Recording``'s."""
        self.takes += 1
        start = self.hub.access_log.stat().st_size
        self.recording = Recording(
            self.hub.place,
            f"{self.name}-{self.takes}",
            lead=lead,
            trusted=trusted,
            mode=mode,
            options=options,
        )
        with self.recording:
            yield
        self.hub.settle()
        self.log = truth.read(self.hub.access_log, start)
        document, self.text = self.cli(
            ["report", str(self.capture), "--format", "json"], ["report", str(self.capture), "--full"]
        )
        self.report = json.loads(document)

    @contextmanager
    def cut(self, *, hold: bool = False) -> Iterator[Cutter]:
        """As ``recorded``; the first large body from the CDN breaks off on the way (or is held), once."""
        place = self.hub.place
        way = (place.at(CUTTER_AT), 443), (place.at(CDN_AT), 443)
        with Cutter(*way, after=CUT_AFTER, hold=hold) as cutter, self.recorded(lead={CDN: CUTTER_AT}):
            yield cutter
        assert cutter.cuts == 1, "the body was not cut: nothing large went through the cutter"

    def cli(self, *commands: list[str], columns: int = 120) -> list[str]:
        """The standard output of each ``pull-inspector`` command, all of which must end with 0.

        They share a process, for speed. Standard output and error stay beside the capture.
        """
        env = environment(self.hub.place) | {"PYTHONPATH": str(ROOT), "COLUMNS": str(columns)}
        targets = [self.recording.folder / f"report.{n}" for n in range(len(commands))]
        jobs = json.dumps([[str(target), command] for target, command in zip(targets, commands, strict=True)])
        done = subprocess.run(
            [sys.executable, "-c", RUN_ALL, jobs], env=env, capture_output=True, text=True, check=False
        )
        (self.recording.folder / "report.err").write_text(done.stderr)
        assert done.returncode == 0, f"{commands}: {done.returncode}\n{done.stderr[-3000:]}"
        assert "Traceback" not in done.stderr, done.stderr
        return [target.read_text() for target in targets]

    # -- what the report says --------------------------------------------------------------------------------------

    @property
    def pull(self) -> dict:
        """The only pull of the report."""
        pulls = self.report["pulls"]
        assert len(pulls) == 1, [(pull["reference"], pull["outcome"]) for pull in pulls]
        return pulls[0]

    @property
    def exchanges(self) -> list[dict]:
        return [one for pull in self.report["pulls"] for one in pull["exchanges"]]

    @property
    def stages(self) -> list[str]:
        return [one["stage"] for one in self.exchanges]

    @property
    def connections_failed(self) -> int:
        """How many connections never came to a request, in a pull or in none."""
        own = sum(len(pull["connections_failed"]) for pull in self.report["pulls"])
        return own + self.report["other"]["connections_failed"]

    def codes(self) -> list[str]:
        """The codes of all findings, of the pulls and of none."""
        lists = [self.report["findings"], *(pull["findings"] for pull in self.report["pulls"])]
        return [finding["code"] for findings in lists for finding in findings]

    # -- against the servers ---------------------------------------------------------------------------------------

    def differences(self) -> dict[str, list[truth.Fact]]:
        """Steps that the servers logged and the report lacks, and steps that it made up. Both should be empty."""
        layouts = self.hub.place.folder("images")
        tags = {target: self.hub.digests[name] for name, targets in SEED.items() for target in targets}
        logged = truth.facts(self.log, contents=images.contents(layouts), tags=tags)
        missing, invented = truth.compare(logged, truth.told(self.exchanges))
        return {"missing": missing, "invented": invented}

    def leaks(self) -> list[str]:
        """Secrets of this stack in the capture, the proxy's log, the reports or their error output."""
        basic = json.loads(logins())["auths"]["docker.io"]["auth"]
        secrets = truth.secrets(self.hub.token_journal, PASSWORD, basic, SIGNATURE, unquote(SIGNATURE))
        return truth.leaks(secrets, self.recording.folder)
