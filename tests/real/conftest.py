"""Fixtures of the real tests: one stack and one of each client a session, one recording a test.

Knows: pytest, and the parts in ``stack``. Must not know: what a scenario should show.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest.register_assert_rewrite("stack.judge", "stack.root", "stack.scene")

from stack import needs, pki  # noqa: E402 - the path above makes it importable
from stack.clients import CLIENTS, Client  # noqa: E402
from stack.hub import Hub  # noqa: E402
from stack.place import settle  # noqa: E402
from stack.scene import Scene  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def hub() -> Iterator[Hub]:
    lacking = needs.missing()
    if lacking:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("; ".join(lacking))
    # Not pytest's folder: paths of sockets must stay short.
    root, before = Path(tempfile.mkdtemp(prefix="stack-")), needs.footprint()
    place = settle(root)
    pki.make(place)
    running = Hub(place)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        place.claim.close()
        shutil.rmtree(root, ignore_errors=True)
    # Not a test of its own: the clients' daemons must be down, which they are only here.
    assert needs.left_behind(root) == []
    assert needs.footprint() == before


@pytest.fixture(scope="session")
def clients(hub: Hub) -> Iterator[Callable[[str], Client]]:
    """Gives a client by name; its daemon is started when it is first asked for."""
    started: dict[str, Client] = {}

    def get(name: str) -> Client:
        if name not in started:
            client = CLIENTS[name](hub.place)
            client.start()
            started[name] = client
        return started[name]

    try:
        yield get
    finally:
        for client in started.values():
            client.stop()


@pytest.fixture
def scene(hub: Hub, request: pytest.FixtureRequest) -> Scene:
    """What a test plays in: it records, and afterwards knows what the report and what the servers say."""
    return Scene(hub, request.node.name)
