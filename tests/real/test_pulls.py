"""Whole pulls by real clients: by tag, by digest, of a private image, of a deep name; again, and only to look.

Each is judged against what the servers logged (``stack.judge``); the stages are written down here by hand.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from stack import judge
from stack.clients import CLIENTS

HELLO = "docker.io/library/hello-world:latest"
EVERY = pytest.mark.parametrize("name", CLIENTS)

# One entry a stage, in order, up to where clients fetch in parallel; there only the number of each is certain.
START = {
    "docker": ["challenge", "token", "resolve", "manifest", "manifest"],
    "podman": ["challenge", "token", "manifest", "manifest"],
    "skopeo": ["challenge", "token", "manifest", "manifest"],
    "buildah": ["challenge", "token", "manifest", "manifest"],
    # containerd 1.6 opens a second connection pool for the content, with a challenge and a token of its own
    "containerd": ["challenge", "token", "resolve", "challenge", "token", "manifest", "manifest"],
}
BLOBS = ["cdn", "cdn", "redirect", "redirect"]  # config and one layer


@EVERY
def test_a_pull_by_tag_is_told_step_by_step(scene, clients, hub, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded():
        run = client.pull(HELLO)
    assert run.code == 0, run
    judge.honest(scene, client.product)
    judge.whole(scene)
    judge.linked(scene)
    assert scene.stages[: len(START[name])] == START[name]
    assert sorted(scene.stages[len(START[name]) :]) == BLOBS
    pull = scene.pull
    assert (pull["reference"], pull["tag"], pull["outcome"]) == (HELLO, "latest", "complete")
    assert (pull["registry"], pull["repository"]) == ("registry-1.docker.io", "library/hello-world")
    assert pull["digest"] == hub.digests["hello"]
    assert scene.codes() == []


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_the_live_report_is_the_one_that_the_capture_gives(scene, clients, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded():
        assert client.pull(HELLO).code == 0
    live = scene.recording.log.read_text()
    [saved] = scene.cli(
        ["report", str(scene.capture)], columns=80
    )  # what mitmdump has when it writes to a file
    told = saved[: saved.index("No findings.")].strip()
    assert "complete" in told.splitlines()[0]
    assert told in live


@EVERY
def test_a_pull_by_digest_names_the_digest_and_no_tag(scene, clients, hub, name) -> None:
    client = clients(name)
    client.forget()
    reference = f"docker.io/library/hello-world@{hub.digests['hello']}"
    with scene.recorded():
        run = client.pull(reference)
    assert run.code == 0, run
    judge.honest(scene, client.product)
    judge.whole(scene)
    judge.linked(scene)
    pull = scene.pull
    assert (pull["reference"], pull["tag"], pull["digest"]) == (reference, None, hub.digests["hello"])
    assert pull["outcome"] == "complete"


@EVERY
def test_a_private_image_is_pulled_with_a_login_that_nobody_can_read(scene, clients, hub, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded():
        run = client.pull("docker.io/private/secret:latest", login=True)
    assert run.code == 0, run
    assert any(record.credential == "basic" or record.method == "POST" for record in scene.log), (
        "no login was sent"
    )
    judge.honest(scene, client.product)
    judge.whole(scene)
    judge.linked(scene)
    pull = scene.pull
    assert (pull["reference"], pull["outcome"]) == ("docker.io/private/secret:latest", "complete")
    assert pull["digest"] == hub.digests["secret"]
    # The repository's name is no secret, although it says so.
    assert "private/secret : ‹" not in scene.text


@pytest.mark.parametrize("name", ["docker", "containerd", "skopeo"])
def test_a_name_of_several_parts_is_one_repository(scene, clients, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded():
        run = client.pull("docker.io/team/sub/deep:latest")
    assert run.code == 0, run
    judge.honest(scene, client.product)
    assert (scene.pull["repository"], scene.pull["outcome"]) == ("team/sub/deep", "complete")


@pytest.mark.parametrize("name", ["docker", "containerd", "podman", "buildah"])
def test_a_second_pull_is_up_to_date(scene, clients, hub, name) -> None:
    client = clients(name)
    client.forget()
    with scene.recorded():
        first, second = client.pull(HELLO), client.pull(HELLO)
    assert (first.code, second.code) == (0, 0), second
    judge.honest(scene, client.product)
    judge.linked(scene)
    outcomes = [(pull["reference"], pull["digest"], pull["outcome"]) for pull in scene.report["pulls"]]
    assert outcomes == [
        (HELLO, hub.digests["hello"], "complete"),
        (HELLO, hub.digests["hello"], "up-to-date"),
    ]


def test_skopeo_inspect_is_no_pull(scene, clients, hub) -> None:
    client = clients("skopeo")
    with scene.recorded():
        run = client.skopeo("inspect", f"docker://{HELLO}")
    assert run.code == 0, run
    judge.honest(scene, "skopeo")
    judge.whole(scene)
    pull = scene.pull
    assert (pull["outcome"], pull["digest"]) == ("inspected", hub.digests["hello"])
    assert scene.stages.count("tags") == 1


def test_a_list_of_tags_names_a_repository_and_no_reference(scene, clients) -> None:
    client = clients("skopeo")
    with scene.recorded():
        run = client.skopeo("list-tags", "docker://docker.io/library/hello-world")
    assert run.code == 0, run
    judge.honest(scene, "skopeo")
    pull = scene.pull
    assert (pull["reference"], pull["repository"]) == (None, "library/hello-world")
    assert (pull["tag"], pull["outcome"]) == (None, "inspected")


def test_every_tag_of_a_repository_is_one_pull_a_tag(scene, clients, hub) -> None:
    docker = clients("docker")
    docker.forget()
    with scene.recorded():
        run = docker.docker("pull", "-a", "docker.io/library/hello-world")
    assert run.code == 0, run
    judge.honest(scene, "docker")
    judge.whole(scene)
    pulls = {pull["reference"]: (pull["digest"], pull["outcome"]) for pull in scene.report["pulls"]}
    # Both tags are the same image: of the second there is nothing left to fetch.
    assert pulls.keys() == {HELLO, "docker.io/library/hello-world:1.0"}
    assert {digest for digest, _ in pulls.values()} == {hub.digests["hello"]}
    assert sorted(outcome for _, outcome in pulls.values()) == ["complete", "up-to-date"]


def test_two_pulls_at_once_by_one_daemon_are_two_pulls(scene, clients, hub) -> None:
    docker = clients("docker")
    docker.forget()
    wanted = {
        "docker.io/labuser/big:latest": hub.digests["big"],
        "docker.io/team/sub/deep:latest": hub.digests["deep"],
    }
    with scene.recorded(), ThreadPoolExecutor() as pool:
        assert [run.code for run in pool.map(docker.pull, wanted)] == [0, 0]
    judge.honest(scene, "docker")
    judge.whole(scene)
    judge.linked(scene)
    assert {pull["reference"]: pull["digest"] for pull in scene.report["pulls"]} == wanted
    assert {pull["outcome"] for pull in scene.report["pulls"]} == {"complete"}


def test_two_clients_at_once_are_two_pulls(scene, clients) -> None:
    """Both from one address, at the same time, of the same image."""
    docker, skopeo = clients("docker"), clients("skopeo")
    docker.forget()
    with scene.recorded():
        with ThreadPoolExecutor() as pool:
            runs = [pool.submit(client.pull, "docker.io/labuser/big:latest") for client in (docker, skopeo)]
        assert [run.result().code for run in runs] == [0, 0]
    assert scene.differences() == {"missing": [], "invented": []}
    assert scene.leaks() == []
    judge.whole(scene)
    names = sorted(pull["client"]["name"] for pull in scene.report["pulls"])
    assert names == ["docker", "skopeo"]
    assert {pull["outcome"] for pull in scene.report["pulls"]} == {"complete"}
