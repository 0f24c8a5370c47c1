"""A mirror that is told to stop in the middle of a layer: it finishes what it can, breaks what it cannot, and comes back."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from stack.clients import CLIENTS
from stack.mirror import running
from stack.place import CDN, OURS
from stack.procs import until

EVERY = pytest.mark.parametrize("name", CLIENTS)
BIG = f"{OURS}/labuser/big:latest"
# Blobs that a client has whole when one layer is held; skopeo fetches one after the other, where it writes to a folder.
WHOLE = dict.fromkeys(CLIENTS, 3) | {"skopeo": 0}


def whole(mirror) -> int:
    """How many blobs have gone to the client whole: mitmproxy says of each that it has not kept it."""
    return mirror.log.read_text().count("200 OK (content missing)")


def stopped_in_a_layer(mirror, client, pool, line):
    """A pull, under way, in which one layer is held as the mirror is told to stop."""
    client.forget()
    pulling = pool.submit(client.pull, BIG)
    assert line.held.wait(30)
    until(lambda: whole(mirror) == WHOLE[client.name])
    mirror.service.process.send_signal(signal.SIGTERM)
    until(lambda: "under way: at most" in mirror.log.read_text())
    return pulling


@EVERY
def test_what_is_under_way_is_finished_and_even_healed(hub, clients, name) -> None:
    """Whoever asks for more meanwhile is told that the mirror stops, or finds it gone."""
    client = clients(name)
    with (
        running(hub, f"drains-{name}") as mirror,
        ThreadPoolExecutor() as pool,
        mirror.cut(mirror.far, hold=True) as line,
    ):
        pulling = stopped_in_a_layer(mirror, client, pool, line)
        line.over.set()  # the layer breaks off now, and the rest of it is asked for
        run = pulling.result()
        until(lambda: not mirror.service.alive)
        assert mirror.service.process.returncode == 0
        said = mirror.log.read_text()
        assert f"Asking {CDN} again from byte" in said
        assert "Traceback" not in said
        if name == "skopeo":
            assert run.code != 0, run
            assert "503" in run.text or "connection re" in run.text or "EOF" in run.text, run
        else:
            assert run.code == 0, run


@pytest.mark.parametrize("name", ["docker", "containerd", "podman"])
def test_what_takes_too_long_is_broken_and_had_from_the_next(hub, clients, name) -> None:
    """docker tries again by itself, and finds the next one there."""
    client = clients(name)
    with (
        running(hub, f"breaks-{name}") as mirror,
        ThreadPoolExecutor() as pool,
        mirror.cut(mirror.far, hold=True) as line,
    ):
        pulling = stopped_in_a_layer(mirror, client, pool, line)
        until(lambda: not mirror.service.alive, limit=60)
        line.over.set()
        mirror.restart()
        run = pulling.result()
        assert (run.code == 0) == (name == "docker"), run
        again = client.pull(BIG)
        assert again.code == 0, again
