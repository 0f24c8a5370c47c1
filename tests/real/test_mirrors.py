"""A mirror that is asked first and does not have it: the pull goes on to the hub, and is one pull."""

import pytest
from stack import judge
from stack.place import MIRROR, REGISTRY

HELLO = "docker.io/library/hello-world:latest"


@pytest.mark.parametrize("name", ["containerd", "podman"])
def test_a_mirror_that_misses_and_the_hub_are_one_pull(scene, clients, hub, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded():
        run = client.pull(HELLO, mirror=MIRROR)
    assert run.code == 0, run
    judge.honest(scene, client.product)
    judge.whole(scene)
    judge.linked(scene)
    pull = scene.pull
    assert (pull["reference"], pull["registry"], pull["outcome"]) == (HELLO, REGISTRY, "complete")
    assert pull["digest"] == hub.digests["hello"]
    refused = [one["host"] for one in pull["exchanges"] if one["status"] == 404]
    assert set(refused) == {MIRROR}
    # A plain miss is worth a note, not an alarm.
    assert [(finding["code"], finding["severity"]) for finding in pull["findings"]] == [
        ("mirror-bypassed", "note")
    ]
