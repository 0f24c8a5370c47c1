"""A mirror that goes on: with one of two addresses dead, after it was killed, after a client has gone."""

import signal

from stack.clients import CLIENTS
from stack.mirror import running
from stack.place import CDN, DEAD, OURS, REGISTRY
from stack.procs import Service, private, until

HELLO, BIG = f"{OURS}/hello-world:latest", f"{OURS}/labuser/big:latest"


def opened(mirror) -> int:
    """How many connections to the CDN the mirror has open."""
    said = mirror.log.read_text()
    return said.count(f"server connect {CDN}:443") - said.count(f"server disconnect {CDN}:443")


def test_one_of_two_addresses_may_be_dead(hub, clients) -> None:
    with running(hub, "two", mirror_upstreams=f"docker.io=https://{DEAD},https://{REGISTRY}") as mirror:
        for client in map(clients, CLIENTS):
            client.forget()
            with mirror.logged() as log:
                run = client.pull(HELLO)
            assert run.code == 0, run
            assert mirror.around(log) == []


def test_a_mirror_that_is_killed_and_started_again_serves_everybody(hub, clients) -> None:
    """The new one knows nothing of what the old one had learned; docker's daemon and containerd lived through it."""
    with running(hub, "restarted") as mirror:
        for client in map(clients, CLIENTS):
            client.forget()
            assert client.pull(HELLO).code == 0
        mirror.restart()
        for client in map(clients, CLIENTS):
            client.forget()
            run = client.pull(HELLO)
            assert run.code == 0, run


def test_a_client_that_goes_away_in_a_layer_ends_its_transfer_upstream(hub, clients) -> None:
    """And the next client is served."""
    skopeo = clients("skopeo")
    with running(hub, "left") as mirror:
        target = hub.place.folder("skopeo", "gone")
        argv = private(hub.place, ["skopeo", "copy", f"docker://{BIG}", f"dir:{target}"])
        with mirror.cut(mirror.far, hold=True) as line:
            gone = Service(argv, log=mirror.folder / "skopeo.log", env=skopeo.env)
            assert line.held.wait(30)
            assert opened(mirror) > 0
            gone.stop(first=signal.SIGKILL)
            # The layer stands still on the way from the CDN: nothing but the client's end can have ended it.
            until(lambda: opened(mirror) == 0)
        run = skopeo.pull(BIG)
        assert run.code == 0, run
        assert "Traceback" not in mirror.log.read_text()
