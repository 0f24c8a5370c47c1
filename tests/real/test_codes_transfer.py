"""Codes of the transfer (catalogue 1.6), by real clients against servers that cut, hold, label, shorten or lose what they send."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stack import images
from stack.misconfigured import PROXY_HEADERS, front, pulled
from stack.place import DEAD_AT
from stack.root import ANY, assert_root, findings
from stack.shown import shows

TO_REGISTRY = f"proxy_pass http://<registry>; {PROXY_HEADERS}"
REWRITES = f"""location ~ /manifests/ {{ {TO_REGISTRY} sub_filter http://registry https://registry; sub_filter_types *; }}"""
BIG = "labuser/big:latest"
SILENT_PORT = 9

# A client's line that is slow, a mirror that may put 3 MB of a layer aside, an upstream that waits for a second. By a Unix
# socket, which holds little: what the mirror does not take, the upstream still has.
UPSTREAM = (
    "server { listen unix:<here>/up.sock; send_timeout 1s; proxy_buffering off; location / { "
    + TO_REGISTRY
    + " } }"
)
SLOW_LINE = f"location / {{ proxy_pass http://unix:<here>/up.sock; {PROXY_HEADERS} limit_rate 2m; }}"
FULL = SLOW_LINE.replace("limit_rate 2m;", "limit_rate 2m; proxy_max_temp_file_size 3m;")


@pytest.fixture
def store(hub) -> Iterator[Path]:
    """The hub's data once more, to be damaged."""
    copy = hub.place.folder("fronts") / "store"
    shutil.copytree(hub.place.folder("hub"), copy)
    yield copy
    shutil.rmtree(copy)


def layers(hub, name: str) -> list[str]:
    """The digests of an image's layers, without the algorithm."""
    layouts = hub.place.folder("images")
    kinds = images.contents(layouts)
    return sorted(one.partition(":")[2] for one in images.blobs(layouts / name) if kinds[one] == "layer")


def blob_files(hub, store: Path, name: str) -> list[Path]:
    """The files of an image's layers in a store of distribution."""
    folder = store / "docker/registry/v2/blobs/sha256"
    return [folder / one[:2] / one / "data" for one in layers(hub, name)]


@shows("body-truncated", "containerd", "buildah")
def test_a_mirror_whose_temporary_file_is_full(scene, clients, hub, code, name) -> None:
    """containerd gets on a little with each try, as far as it is let."""
    with front(hub, FULL, http=UPSTREAM) as broken:
        run = pulled(scene, clients(name), broken.image(BIG), broken)
    severity = "error" if run.code else "warning"
    assert_root(scene, code, severity=severity, evidence=[("blob", "content-length"), ("blob", "bytes came")])
    assert run.code != 0 or name == "containerd"


@shows("range-ignored", "docker")
def test_a_layer_that_is_cut_and_sent_anew_from_the_beginning(scene, clients, hub, code, name) -> None:
    """The cut is the root; that it costs all bytes once more is its consequence."""
    with front(hub, f"location / {{ {TO_REGISTRY} proxy_set_header Range ''; }}") as broken:
        cut = {"fault": "body-truncated:1", "fault_filter": f"~u {layers(hub, 'deep')[0]}"}
        run = pulled(scene, clients(name), broken.image("team/sub/deep:latest"), broken, options=cut)
    assert run.code == 0, run
    assert_root(scene, "body-truncated", severity="warning", evidence=[("blob", "content-length")])
    [found] = [one for one in findings(scene) if one["code"] == code]
    assert (found["severity"], found["caused_by"]) == ("warning", "body-truncated")


def left_halfway(scene, client, broken) -> None:
    """containerd keeps what it has of a layer; here its user had no more patience."""
    client.forget()
    with scene.recorded(lead=broken.lead):
        run = client.ctr("--timeout", "3s", "images", "pull", "--snapshotter", "native", broken.image(BIG))
    assert run.code != 0, run


def went_on(scene, client, broken):
    """The same pull again, with what is there."""
    with scene.recorded(lead=broken.lead):
        return client.pull(broken.image(BIG))


@shows("range-ignored", "containerd")
def test_a_mirror_that_drops_range(scene, clients, hub, code, name) -> None:
    slow = f"location ~ /blobs/ {{ {TO_REGISTRY} proxy_set_header Range ''; limit_rate 2m; }}"
    with front(hub, slow) as broken:
        left_halfway(scene, clients(name), broken)
        run = went_on(scene, clients(name), broken)
    proof = [("blob", "range: bytes="), ("blob", "200 OK")]
    assert_root(scene, code, severity="error" if run.code else "warning", evidence=proof)


@shows("range-refused", "containerd")
def test_a_mirror_whose_copy_is_shorter_than_what_the_client_has(
    scene, clients, hub, code, name, store
) -> None:
    slow = f"location ~ /blobs/ {{ {TO_REGISTRY} limit_rate 2m; }}"
    with front(hub, slow, registry={"storage.filesystem.rootdirectory": str(store)}) as broken:
        left_halfway(scene, clients(name), broken)
        for file in blob_files(hub, store, "big"):
            file.write_bytes(file.read_bytes()[:1_000_000])
        run = went_on(scene, clients(name), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("blob", "range: bytes="), ("blob", "416")])


@shows("size-mismatch", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_layer_that_was_cut_when_it_was_stored(scene, clients, hub, code, name, store) -> None:
    [file] = blob_files(hub, store, "hello")
    file.write_bytes(file.read_bytes()[:50])
    with front(hub, registry={"storage.filesystem.rootdirectory": str(store)}) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("blob", "50 bytes came")])


@shows("blob-unknown", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_layer_that_garbage_collection_took(scene, clients, hub, code, name, store) -> None:
    [file] = blob_files(hub, store, "hello")
    file.unlink()
    with front(hub, registry={"storage.filesystem.rootdirectory": str(store)}) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("blob", "404 Not Found"), ("blob", "named by a manifest")])


@shows("content-encoding", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_server_that_calls_a_layers_own_gzip_a_coding_of_the_transfer(
    scene, clients, hub, code, name
) -> None:
    with front(hub, f"location ~ /blobs/ {{ {TO_REGISTRY} add_header Content-Encoding gzip; }}") as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("blob", "content-encoding: gzip")])


# What of it is the matter, and whether the client gets over it
WITHOUT_LENGTH = {
    "docker": ("error", "implied"),
    "containerd": ("warning", "proved"),
    "skopeo": ("note", "proved"),
}


@shows("length-missing", "docker", "containerd", "skopeo")
def test_a_filter_that_rewrites_addresses_in_manifests(scene, clients, hub, code, name) -> None:
    """nginx does not know the length of what it rewrites. containerd asks by GET then, docker gives up."""
    with front(hub, REWRITES) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    severity, confidence = WITHOUT_LENGTH[name]
    assert (run.code != 0) == (severity == "error"), run
    proof = [(ANY, "no content-length")]
    assert_root(scene, code, severity=severity, confidence=confidence, evidence=proof)


@contextmanager
def silent(hub) -> Iterator[None]:
    """Something takes connections at dead.test, port 9, and says nothing."""
    with socket.create_server((hub.place.at(DEAD_AT), SILENT_PORT)):
        yield


@shows("stalled", "skopeo")
def test_a_mirror_that_waits_for_its_storage(scene, clients, hub, code, name) -> None:
    client = clients(name)
    hangs = f"location ~ /blobs/ {{ proxy_pass http://dead.test:{SILENT_PORT}; }}"
    with front(hub, hangs) as broken, silent(hub), scene.recorded(lead=broken.lead):
        target = client.place.folder("skopeo", "stalled")
        run = client.skopeo("--command-timeout", "11s", "copy", f"docker://{broken.image()}", f"dir:{target}")
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("blob", "then the client closed")])
