"""docker login, and what it leaves: an identity token, with which later pulls ask for their tokens by POST."""

import json

from stack import judge
from stack.clients import PASSWORD, USER


def test_a_login_and_a_pull_with_its_refresh_token_keep_every_secret(scene, clients, hub) -> None:
    docker = clients("docker")
    docker.forget()
    config = hub.place.folder("auth", "fresh")
    here = {"DOCKER_HOST": docker.socket, "DOCKER_CONFIG": str(config)}
    with scene.recorded():
        login = docker.run("docker", "login", "-u", USER, "-p", PASSWORD, **here)
    assert login.code == 0, login
    kept = json.loads((config / "config.json").read_text())["auths"]
    assert any(entry.get("identitytoken") for entry in kept.values()), kept
    judge.honest(scene, "docker")
    judge.linked(scene)
    assert scene.stages == ["challenge", "token", "ping"]
    assert (scene.pull["reference"], scene.pull["outcome"]) == (None, "login")

    with scene.recorded():
        pull = docker.run("docker", "pull", "docker.io/private/secret:latest", **here)
    assert pull.code == 0, pull
    judge.honest(scene, "docker")
    judge.linked(scene)
    assert [one["method"] for one in scene.exchanges if one["stage"] == "token"] == ["POST"]
    assert (scene.pull["reference"], scene.pull["outcome"]) == ("docker.io/private/secret:latest", "complete")


def test_a_wrong_password_is_a_login_that_failed(scene, clients, hub) -> None:
    docker = clients("docker")
    here = {"DOCKER_HOST": docker.socket, "DOCKER_CONFIG": str(hub.place.folder("auth", "wrong"))}
    with scene.recorded():
        login = docker.run("docker", "login", "-u", USER, "-p", "not-" + PASSWORD[:-2], **here)
    assert login.code != 0, login
    judge.honest(scene, "docker")
    assert [one["status"] for one in scene.exchanges if one["stage"] == "token"][-1] == 401
