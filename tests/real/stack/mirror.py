"""Our mirror in front of the hub: ``mitmdump --mode reverse:… -s addons/mirror.py`` at ``https://pull.test``.

Knows: how it is started, the two lines that may be cut. Must not know: how a mirror works, what a test expects.
Clients reach it over one forwarder, it reaches the CDN over another: either breaks when a test says so.
"""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import MappingProxyType

from stack import truth
from stack.cutter import Cutter
from stack.hub import Hub
from stack.place import CDN, CDN_AT, CUTTER_AT, DEAD_AT, OURS_AT, OURS_INNER, REGISTRY
from stack.procs import Service, environment, listens, private
from stack.recording import BIN, ROOT

CUT_AFTER = 3_000_000
MARK = "pull-inspector"  # how it signs Via, and what it calls itself where it asks for itself


class Mirror:
    """The running mirror. ``far`` is the line to the CDN, ``near`` that to the clients; ``left = 1`` cuts one once."""

    def __init__(
        self, hub: Hub, name: str, *, lead: Mapping[str, int], record: bool, options: dict[str, str]
    ) -> None:
        self.hub, self.place = hub, hub.place
        self.folder = self.place.folder("mirrors", name)
        self.log, self.capture = self.folder / "mitmdump.log", self.folder / "mirror.flow"
        self.near = Cutter(self._at(OURS_AT), self._at(OURS_INNER), after=CUT_AFTER, left=0)
        self.far = Cutter(self._at(CUTTER_AT), self._at(CDN_AT), after=CUT_AFTER, left=0)
        self.argv = private(self.place, self._command(record, options), {CDN: CUTTER_AT} | dict(lead))
        self.service = self._start()

    def _start(self) -> Service:
        # Unbuffered: its log is read while it runs.
        env = environment(self.place) | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        return Service(self.argv, log=self.log, env=env)

    def _at(self, last: int) -> tuple[str, int]:
        return self.place.at(last), 443

    def _command(self, record: bool, options: dict[str, str]) -> list[str]:
        pair = self.place.pki / "ours.pem"
        pair.write_bytes(b"".join((self.place.pki / f"ours.{kind}").read_bytes() for kind in ("crt", "key")))
        given = {
            "confdir": self.place.folder("mitm"),
            "listen_host": self.place.at(OURS_INNER),
            "listen_port": 443,
            "certs": f"*={pair}",
            "ssl_verify_upstream_trusted_ca": self.place.pki / "ca.crt",
            "mirror_allow_private": f"{self.place.net}.0/24",
            "registry_capture": self.capture,
        } | options
        addons = ["mirror", *(["record"] if record else [])]
        if not record:
            del given["registry_capture"]
        words = [word for name in addons for word in ("-s", str(ROOT / "addons" / f"{name}.py"))]
        words += [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
        return [str(BIN / "mitmdump"), "--mode", f"reverse:https://{REGISTRY}", *words]

    @contextmanager
    def cut(self, line: Cutter, *, dead: bool = False, hold: bool = False) -> Iterator[Cutter]:
        """In it the next large transfer over ``line`` breaks off, once. With ``dead`` nothing answers there after that.

        With ``hold`` it stands still until the context ends.
        """
        before, line.cuts, line.left, line.hold = line.target, 0, 1, hold
        line.then = self._at(DEAD_AT) if dead else None
        try:
            yield line
        finally:
            line.over.set()  # whoever is held goes on
            line.held, line.over = threading.Event(), threading.Event()
            line.left, line.target, line.hold = 0, before, False

    def ready(self) -> None:
        self.service.wait_for(listens(*self._at(OURS_INNER)))

    def restart(self) -> None:
        """Kill it, and start another."""
        self.service.stop(first=signal.SIGKILL)
        self.service = self._start()
        self.ready()

    def stop(self) -> None:
        self.service.stop(first=signal.SIGINT)

    @contextmanager
    def logged(self) -> Iterator[list[truth.Logged]]:
        """What the hub's servers logged of what happens inside; the list is filled when it is left."""
        found: list[truth.Logged] = []
        start = self.hub.access_log.stat().st_size
        yield found
        self.hub.settle()
        found += truth.read(self.hub.access_log, start)

    def around(self, log: list[truth.Logged]) -> list[truth.Logged]:
        """The requests that did not come from the mirror: its own say so, or come over its line to the CDN."""
        way = self.place.at(CUTTER_AT)
        return [one for one in log if MARK not in one.via and one.agent != MARK and one.peer != way]


@contextmanager
def running(
    hub: Hub,
    name: str,
    *,
    lead: Mapping[str, int] = MappingProxyType({}),
    record: bool = False,
    **options: str,
) -> Iterator[Mirror]:
    """A mirror as long as the context lasts. ``lead`` is ``Place.hosts``'s, ``options`` are mitmdump's."""
    with ExitStack() as ends:
        mirror = Mirror(hub, name, lead=lead, record=record, options=options)
        ends.callback(mirror.stop)
        ends.enter_context(mirror.near)
        ends.enter_context(mirror.far)
        mirror.ready()
        yield mirror
