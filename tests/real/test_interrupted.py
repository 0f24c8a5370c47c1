"""The recording ends in the middle of a layer: what came before is kept, and what was in flight is marked as such."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

WRITTEN = 0.5  # seconds: far more than records are gathered before they are written
BIG = "docker.io/labuser/big:latest"


def interrupted(scene, clients, number: signal.Signals) -> None:
    """Pull, and end the proxy by this signal while a layer stands still half-way."""
    client = clients("skopeo")
    client.forget()
    with scene.cut(hold=True) as line, ThreadPoolExecutor() as pool:
        run = pool.submit(client.pull, BIG)
        assert line.held.wait(30)
        time.sleep(WRITTEN)
        scene.recording.service.stop(first=number)
        assert run.result().code != 0
    assert scene.leaks() == []
    # The edge may have logged what the client never saw; nothing may be told that the edge did not see.
    assert scene.differences()["invented"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_flight_when_the_proxy_is_told_to_end_is_kept(scene, clients, number) -> None:
    interrupted(scene, clients, number)
    assert scene.differences()["missing"] == []
    pull = scene.pull
    assert (pull["reference"], pull["outcome"]) == (BIG, "incomplete")
    open_ = [one for one in pull["exchanges"] if one["stage"] == "cdn" and one["verified"] is not True]
    assert open_
    assert {(one["status"], one["content"], one["verified"]) for one in open_} == {(200, "layer", None)}
    assert "body-truncated" not in scene.codes()


def test_what_was_over_when_the_proxy_was_killed_is_kept(scene, clients) -> None:
    interrupted(scene, clients, signal.SIGKILL)
    told = {one["stage"] for one in scene.exchanges}
    assert {"challenge", "token", "manifest"} <= told
    # The layers are fetched at once: a redirect of another may have been on its way.
    assert {fact.stage for fact in scene.differences()["missing"]} <= {"cdn", "redirect"}
    assert scene.pull["outcome"] == "incomplete"
