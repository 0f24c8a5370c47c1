"""Record the captures again: ``python tests/real/record_captures.py [NAME...]``, as root, beside ``tests/real``.

Each scenario is a real client that pulls through ``mitmdump -s addons/record.py`` from the stack; what it leaves becomes
``captures/NAME/pull.flow``. ``expected.json`` is then written by ``tests/test_captures.py``: look at the difference, and
at NOTES.md, which is written by hand, before you keep either.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from stack import needs, pki
from stack.clients import CLIENTS, Client, Run
from stack.cutter import Cutter
from stack.hub import Hub
from stack.place import CDN, CDN_AT, CUTTER_AT, settle
from stack.recording import ROOT, Recording
from stack.scene import CUT_AFTER

CAPTURES = ROOT / "captures"
HELLO, BIG, SECRET = (
    f"docker.io/{name}:latest" for name in ("library/hello-world", "labuser/big", "private/secret")
)

type Act = Callable[[Client, Hub], Run]


def pull(reference: str, *, login: bool = False) -> Act:
    """Pull this; ``{hello}`` in it is the digest of hello-world."""
    return lambda client, hub: client.pull(reference.format(hello=hub.digests["hello"]), login=login)


def inspect(client: Client, hub: Hub) -> Run:
    return client.skopeo("inspect", f"docker://{HELLO}")


@dataclass(frozen=True)
class Scenario:
    """Who does what. ``before`` is done first and not kept; ``code`` says whether the client should succeed."""

    client: str
    act: Act
    before: Act | None = None
    fails: bool = False
    lead: Mapping[str, int] = field(default=MappingProxyType({}))
    trusted: bool = True


CUT = MappingProxyType({CDN: CUTTER_AT})
SCENARIOS = {
    "docker-pull": Scenario("docker", pull(HELLO)),
    "docker-repull": Scenario("docker", pull(HELLO), before=pull(HELLO)),
    "docker-digest": Scenario("docker", pull("docker.io/library/hello-world@{hello}")),
    "docker-private": Scenario("docker", pull(SECRET, login=True)),
    "docker-missing-tag": Scenario("docker", pull("docker.io/library/hello-world:nope"), fails=True),
    "docker-resume": Scenario("docker", pull(BIG), lead=CUT),
    "containerd-pull": Scenario("containerd", pull(HELLO)),
    "containerd-private": Scenario("containerd", pull(SECRET, login=True)),
    "podman-pull": Scenario("podman", pull(HELLO)),
    "podman-repull": Scenario("podman", pull(HELLO), before=pull(HELLO)),
    "podman-resume-fails": Scenario("podman", pull(BIG), fails=True, lead=CUT),
    "skopeo-copy": Scenario("skopeo", pull(HELLO)),
    "skopeo-inspect": Scenario("skopeo", inspect),
    "buildah-pull": Scenario("buildah", pull(HELLO)),
    "untrusted-ca": Scenario("docker", pull(HELLO), fails=True, trusted=False),
}


def play(name: str, scenario: Scenario, client: Client, hub: Hub) -> None:
    """Do it, and keep the capture; RuntimeError when the client did not end as it should."""
    place = hub.place
    client.forget()
    if scenario.before:
        with Recording(place, f"{name}-before"):
            scenario.before(client, hub)
    way = (place.at(CUTTER_AT), 443), (place.at(CDN_AT), 443)
    with (
        Cutter(*way, after=CUT_AFTER),
        Recording(place, name, lead=scenario.lead, trusted=scenario.trusted) as recording,
    ):
        run = scenario.act(client, hub)
    if (run.code != 0) is not scenario.fails:
        raise RuntimeError(f"{name}: {run}")
    target = CAPTURES / name / "pull.flow"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(recording.capture, target)
    print(f"{name}: {target.stat().st_size} bytes; {run.argv[0]} ended with {run.code}")


def record(names: list[str]) -> None:
    """Build the stack in a temporary folder and play these scenarios in it."""
    with tempfile.TemporaryDirectory(prefix="captures-") as folder:
        place = settle(Path(folder))
        pki.make(place)
        hub, clients = Hub(place), {kind: make(place) for kind, make in CLIENTS.items()}
        started: list[Client] = []
        try:
            hub.start()
            for client in clients.values():
                started.append(client)
                client.start()
            for name in names:
                play(name, SCENARIOS[name], clients[SCENARIOS[name].client], hub)
        finally:
            for client in started:
                client.stop()
            hub.stop()
            place.claim.close()


if __name__ == "__main__":
    if lacking := needs.missing():
        sys.exit("; ".join(lacking))
    wanted = sys.argv[1:] or list(SCENARIOS)
    if unknown := set(wanted) - set(SCENARIOS):
        sys.exit(f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    record(wanted)
    subprocess.run([sys.executable, str(ROOT / "tests" / "test_captures.py"), *wanted], check=True)
