"""A fresh mitmdump for one test: ``mitmdump -s addons/record.py`` on the stack's proxy port, and what it leaves.

Knows: how mitmdump is started and what its options are called. Must not know: what the capture should say.
"""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from stack.place import INNER, PROXY_PORT, Place
from stack.procs import Service, environment, listens, private

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent


class Recording:
    """A context: in it the proxy runs, after it ``capture`` and ``log`` are complete.

    ``lead``: where names lead that do not lead to the hub (``Place.hosts``). ``mode`` is mitmproxy's, or
    several with spaces between. ``trusted=False``: the proxy has a CA that no client knows. ``options`` are mitmdump's; with
    ``fault`` addons/fault.py breaks what it says.
    """

    def __init__(
        self,
        place: Place,
        name: str,
        *,
        lead: Mapping[str, int] = MappingProxyType({}),
        trusted: bool = True,
        mode: str = "regular",
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.place, self.lead, self.trusted, self.mode, self.options = place, lead, trusted, mode, options
        self.folder = place.folder("captures", name)
        self.capture = self.folder / "pull.flow"
        self.log = self.folder / "mitmdump.log"
        self.service: Service | None = None

    def command(self) -> list[str]:
        confdir = self.place.folder("mitm" if self.trusted else "stranger")
        options = {
            "confdir": confdir,
            "listen_host": self.place.at(INNER),
            "listen_port": PROXY_PORT,
            "ssl_verify_upstream_trusted_ca": self.place.pki / "ca.crt",
            "registry_capture": self.capture,
        } | dict(self.options)
        settings = [*(("mode", mode) for mode in self.mode.split()), *options.items()]
        sets = [word for name, value in settings for word in ("--set", f"{name}={value}")]
        addons = ["fault", "record"] if "fault" in self.options else ["record"]
        scripts = [word for name in addons for word in ("-s", str(ROOT / "addons" / f"{name}.py"))]
        return [str(BIN / "mitmdump"), *scripts, *sets]

    def __enter__(self) -> Self:
        command = private(self.place, self.command(), self.lead)
        env = environment(self.place) | {"PYTHONPATH": str(ROOT)}
        self.service = Service(command, log=self.log, env=env)
        self.service.wait_for(listens(self.place.at(INNER), int(self.options.get("listen_port", PROXY_PORT))))
        return self

    def __exit__(self, *_: object) -> None:
        if self.service:
            self.service.stop(first=signal.SIGINT)
