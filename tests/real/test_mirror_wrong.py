"""Bytes that are not what was asked for: the CDN alters a layer, and no client gets it as right.

A wrong layer and a cut one look alike to a client: the transfer breaks. The mirror's log says which it was.
"""

import hashlib
import subprocess

import pytest
from stack import images
from stack.clients import CLIENTS
from stack.mirror import running
from stack.place import CDN, OURS, STORE_AT
from stack.procs import private
from stack.store import ALTERED, Store

EVERY = pytest.mark.parametrize("name", CLIENTS)
HOW = pytest.mark.parametrize("how", ALTERED)
BIG = f"{OURS}/labuser/big:latest"


@pytest.fixture(scope="module")
def cdn(hub):
    with Store(hub.place) as started:
        yield started


@pytest.fixture
def store(cdn):
    cdn.calm()
    return cdn


@pytest.fixture(scope="module")
def mirror(hub):
    with running(hub, "wrong", lead={CDN: STORE_AT}, mirror_pause="0.05") as started:
        yield started


@pytest.fixture
def layer(hub) -> str:
    """The first layer's digest."""
    layout = hub.place.folder("images") / "big"
    sizes = {one: (layout / "blobs" / one.replace(":", "/")).stat().st_size for one in images.blobs(layout)}
    return min(one for one in sizes if sizes[one] > 1_000_000)


def kept(client, layer) -> list[bytes]:
    """The layer as the client has it now, if the client keeps layers as they came and lets one look."""
    if client.name == "containerd":
        got = subprocess.run(
            private(client.place, ["ctr", *client.socket(), "content", "get", layer]),
            env=client.env,
            capture_output=True,
            check=False,
        )
        return [got.stdout] if got.returncode == 0 else []
    folder = client.place.folder("skopeo", str(client.round))
    return [path.read_bytes() for path in folder.glob(layer.removeprefix("sha256:"))]


def right(client, layer, run, hub) -> None:
    """Assert that what the client has, it has rightly, and that it has an image only where it says so."""
    if client.name in ("containerd", "skopeo"):
        assert [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in kept(client, layer)] == (
            [layer] if run.code == 0 else []
        )
    elif client.name == "docker":
        assert hub.digests["big"] in client.docker("images", "--digests").text
    else:
        found = client.run(client.program, *client.storage(), "images", "-q").text.split()
        assert bool(found) == (run.code == 0), found


@EVERY
@HOW
def test_a_wrong_layer_is_a_broken_transfer_and_the_log_says_why(
    mirror, store, hub, clients, layer, name, how
) -> None:
    """docker and containerd resume with the end, which the mirror has held back; then they hash the whole themselves.

    Where a byte in the middle was wrong, docker fetches all of it once more, and containerd gives up.
    """
    client = clients(name)
    client.forget()
    came = f"sha256:{hashlib.sha256(ALTERED[how](store.content(layer))).hexdigest()}"
    store.wrong, store.times = (layer, how), 1
    start = mirror.log.stat().st_size
    run = client.pull(BIG)
    said = mirror.log.read_bytes()[start:].decode()
    assert f"wrong content: {layer} was asked for, {came} came" in said
    assert f"transfer from {CDN} broken" in said
    if name == "docker" or (name == "containerd" and how != "changed"):
        assert run.code == 0, run
    else:
        assert run.code != 0, run
        reason = f"unexpected commit digest {came}" if name == "containerd" else "unexpected EOF"
        assert reason in run.text, run
    right(client, layer, run, hub)


@HOW
@pytest.mark.parametrize("name", [name for name in CLIENTS if name != "docker"])
def test_a_layer_that_stays_wrong_is_had_by_nobody(mirror, store, hub, clients, layer, name, how) -> None:
    client = clients(name)
    client.forget()
    store.wrong, store.times = (layer, how), 1000
    run = client.pull(BIG)
    assert run.code != 0, run
    right(client, layer, run, hub)
