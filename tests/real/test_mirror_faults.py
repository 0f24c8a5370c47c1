"""What goes wrong behind our mirror, or is asked of it in vain, and what each client says then.

docker tries a layer five times, with more seconds between each: where nothing helps, it is not asked to.
"""

import threading

import pytest
from stack.clients import CLIENTS, PASSWORD, USER
from stack.mirror import running
from stack.place import CDN, OURS, REGISTRY
from stack.procs import until

EVERY = pytest.mark.parametrize("name", CLIENTS)
IMPATIENT = pytest.mark.parametrize("name", [name for name in CLIENTS if name != "docker"])
HELLO, BIG = "hello-world:latest", "labuser/big:latest"


@pytest.fixture(scope="module")
def mirror(hub):
    with running(hub, "faults", mirror_pause="0.05") as started:
        yield started


@EVERY
def test_a_cdn_that_is_busy_for_a_moment_is_asked_again_unseen(mirror, hub, clients, name) -> None:
    client = clients(name)
    client.forget()
    start = hub.access_log.stat().st_size
    with hub.busy() as over, mirror.logged() as log:
        watch = threading.Thread(target=lambda: (until(lambda: hub.refused(start)), over()))
        watch.start()
        run = client.pull(f"{OURS}/{HELLO}")
        watch.join()
    assert run.code == 0, run
    answers = [one.status for one in log if one.host == CDN]
    assert answers[0] == 503
    assert answers.count(200) == 2
    assert set(answers) == {200, 503}


@IMPATIENT
def test_a_cdn_that_stays_busy_is_named(mirror, hub, clients, name) -> None:
    """podman, skopeo and buildah print of a blob's refusal the number alone."""
    client = clients(name)
    client.forget()
    with hub.busy(), mirror.logged() as log:
        run = client.pull(f"{OURS}/{HELLO}")
    assert run.code != 0, run
    assert {one.status for one in log if one.host == CDN} == {503}
    assert "503" in run.text
    if name == "containerd":
        assert f"the storage of docker.io, {CDN}, answered 503" in run.text
    assert f"the storage of docker.io, {CDN}, answered 503" in mirror.log.read_text()


@IMPATIENT
def test_an_upstream_that_dies_in_a_layer_is_a_broken_transfer(mirror, clients, name) -> None:
    """The layers that had not begun are refused by name. Which of the two a client tells of is its own affair."""
    client = clients(name)
    client.forget()
    start = mirror.log.stat().st_size
    with mirror.cut(mirror.far, dead=True) as line:
        run = client.pull(f"{OURS}/{BIG}")
    assert line.cuts == 1
    assert run.code != 0, run
    refused = f"mirror of docker.io: {CDN}: connection" if name == "containerd" else "502 (Bad Gateway)"
    assert "unexpected EOF" in run.text or refused in run.text, run
    assert (
        "pull-inspector: a blob was not delivered: mirror of docker.io"
        in mirror.log.read_bytes()[start:].decode()
    )
    assert "Traceback" not in mirror.log.read_text()


def push(client, hub, target):
    """Push what the client has just pulled; skopeo has it in a folder."""
    if client.name == "docker":
        client.docker("tag", f"{OURS}/{HELLO}", target)
        return client.docker("push", target, login=True)
    if client.name == "containerd":
        return client.ctr(
            "images",
            "push",
            "-u",
            f"{USER}:{PASSWORD}",
            "--platform",
            "linux/amd64",
            target,
            f"{OURS}/{HELLO}",
        )
    source = f"oci:{hub.place.folder('images') / 'deep'}:latest"
    if client.name == "skopeo":
        return client.skopeo("copy", source, f"docker://{target}", login=True)
    return client.push(f"{OURS}/{HELLO}", target)


@EVERY
def test_a_push_is_refused_in_one_clear_line(mirror, hub, clients, name) -> None:
    client = clients(name)
    client.forget()
    assert client.pull(f"{OURS}/{HELLO}").code == 0
    with mirror.logged() as log:
        run = push(client, hub, f"{OURS}/labuser/new:1")
    assert run.code != 0, run
    assert {one.method for one in log if one.host == REGISTRY} <= {"GET", "HEAD"}
    if name == "containerd":
        assert "405 Method Not Allowed" in run.text, run
    else:
        assert "this mirror is pull only: push to the registry itself" in run.text, run
