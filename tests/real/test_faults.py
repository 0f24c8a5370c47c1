"""Pulls that go wrong, by real clients: what is not there, what is refused, what breaks, what cannot be reached."""

import pytest
from stack import judge
from stack.clients import CLIENTS
from stack.place import AUTH, CDN, DEAD, DEAD_AT, NOWHERE, REGISTRY

EVERY = pytest.mark.parametrize("name", CLIENTS)
HELLO, BIG = "docker.io/library/hello-world:latest", "docker.io/labuser/big:latest"


@EVERY
def test_a_missing_tag_is_a_failed_pull_of_that_tag(scene, clients, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded():
        run = client.pull("docker.io/library/hello-world:nope")
    assert run.code != 0, run
    judge.honest(scene, client.product)
    judge.linked(scene)
    pull = scene.pull
    assert (pull["reference"], pull["tag"]) == ("docker.io/library/hello-world:nope", "nope")
    assert (pull["digest"], pull["outcome"]) == (None, "failed")
    assert pull["exchanges"][-1]["status"] == 404


@EVERY
def test_a_private_image_without_a_login_is_refused_and_says_so(scene, clients, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded():
        run = client.pull("docker.io/private/secret:latest")
    assert run.code != 0, run
    judge.honest(scene, client.product)
    assert scene.pull["outcome"] == "failed"
    assert "repository-denied" in scene.codes()


@pytest.mark.parametrize("name", ["docker", "containerd"])
def test_a_layer_that_breaks_off_is_resumed(scene, clients, hub, name) -> None:
    client = clients(name)
    client.forget()
    with scene.cut():
        run = client.pull(BIG)
    assert run.code == 0, run
    judge.honest(scene, client.product)
    judge.linked(scene)
    pull = scene.pull
    assert (pull["outcome"], pull["digest"]) == ("complete", hub.digests["big"])
    broken = [one for one in pull["exchanges"] if one["error"]]
    rest = [one for one in pull["exchanges"] if one["status"] == 206]
    assert [one["stage"] for one in broken + rest] == ["cdn", "cdn"]
    # The rest is a retry of what broke, of the same layer, and the two make it whole.
    assert broken[0]["digest"] == rest[0]["digest"]
    assert rest[0]["retry_of"] is not None
    assert (broken[0]["verified"], rest[0]["verified"]) == (None, None)
    truncated = [finding for finding in pull["findings"] if finding["code"] == "body-truncated"]
    assert [finding["severity"] for finding in truncated] == ["warning"]


@pytest.mark.parametrize("name", ["podman", "skopeo", "buildah"])
def test_a_layer_that_breaks_off_ends_a_pull_that_does_not_resume(scene, clients, name) -> None:
    client = clients(name)
    client.forget()
    with scene.cut():
        run = client.pull(BIG)
    assert run.code != 0, run
    judge.honest(scene, client.product)
    pull = scene.pull
    assert pull["outcome"] == "failed"
    # The first that broke was cut; the client may have dropped the others itself thereafter.
    cut = next(one for one in pull["exchanges"] if one["error"])
    assert (cut["stage"], cut["content"], cut["verified"]) == ("cdn", "layer", None)
    truncated = [finding for finding in pull["findings"] if finding["code"] == "body-truncated"]
    assert [finding["severity"] for finding in truncated] == ["error"]


@EVERY
def test_a_client_that_refuses_the_proxys_certificate_is_the_first_thing_said(scene, clients, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded(trusted=False):
        run = client.pull(HELLO)
    assert run.code != 0, run
    assert "x509" in run.text, run
    judge.honest(scene, None)
    assert scene.log == []
    assert scene.exchanges == []
    assert scene.codes()[0] == "tls-ca-not-trusted"
    assert scene.report["other"]["connections_failed"] >= 1
    assert REGISTRY in scene.report["findings"][0]["summary"]


@EVERY
@pytest.mark.parametrize("host", [DEAD, NOWHERE])
def test_a_registry_that_cannot_be_reached_is_told_with_its_name(scene, clients, name, host) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded():
        run = client.pull(f"{host}/some/app:1")
    assert run.code != 0, run
    assert scene.leaks() == []
    assert scene.log == []
    # docker tries plain HTTP as well: that is a request, which no server answered.
    assert [one for one in scene.exchanges if one["status"] is not None or not one["error"]] == []
    assert scene.connections_failed >= 1
    assert host in scene.text


@pytest.mark.parametrize("name", ["containerd", "skopeo"])
def test_a_token_service_that_cannot_be_reached_is_the_cause(scene, clients, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded(lead={AUTH: DEAD_AT}):
        run = client.pull(HELLO)
    assert run.code != 0, run
    judge.honest(scene, client.product)
    assert scene.pull["outcome"] == "failed"
    assert "realm-unreachable" in scene.codes()


@pytest.mark.parametrize("name", ["containerd", "skopeo"])
def test_a_cdn_that_cannot_be_reached_is_the_cause(scene, clients, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded(lead={CDN: DEAD_AT}):
        run = client.pull(HELLO)
    assert run.code != 0, run
    judge.honest(scene, client.product)
    assert scene.pull["outcome"] == "failed"
    assert "cdn-unreachable" in scene.codes()
