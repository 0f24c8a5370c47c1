"""Who pulls for a command: the command itself, or somebody whose environment we cannot set."""

import shlex

import pytest

from inspector.cli._daemons import Elsewhere, who_pulls

ITSELF = [
    "skopeo inspect docker://docker.io/library/alpine",
    "podman pull alpine",
    "podman --root /x --log-level debug pull alpine",
    "buildah from alpine",
    "crane pull alpine x.tar",
    "curl https://registry-1.docker.io/v2/",
    "./pull.sh docker",
    "docker manifest inspect alpine",
    "docker --config /x manifest inspect alpine",
    "docker buildx imagetools inspect alpine",
    "ctr images pull --local docker.io/library/alpine:latest",
    "sudo -E podman pull alpine",
    "sudo --preserve-env=HTTPS_PROXY podman pull alpine",
    "sudo -nE podman pull alpine",
    "env FOO=docker skopeo inspect docker://x",
    "sh -c 'skopeo list-tags docker://x'",
    "sh script.sh docker pull x",
    "bash -c 'docker pull x; skopeo inspect docker://x'",
    "helm pull oci://registry.test/chart",
    "env",
    "timeout",
]
ELSEWHERE = [
    ("docker pull alpine", Elsewhere.DOCKERD),
    ("/usr/bin/docker pull alpine", Elsewhere.DOCKERD),
    ("docker -H tcp://h:2375 -D pull alpine", Elsewhere.DOCKERD),
    ("docker --context manifest pull alpine", Elsewhere.DOCKERD),
    ("docker compose up", Elsewhere.DOCKERD),
    ("docker buildx build .", Elsewhere.DOCKERD),
    ("docker", Elsewhere.DOCKERD),
    ("docker-compose pull", Elsewhere.DOCKERD),
    ("ctr images pull docker.io/library/alpine:latest", Elsewhere.CONTAINERD),
    ("ctr -a /run/x.sock -n k8s.io i pull x", Elsewhere.CONTAINERD),
    ("nerdctl pull alpine", Elsewhere.CONTAINERD),
    ("k3s ctr images pull x", Elsewhere.CONTAINERD),
    ("crictl pull alpine", Elsewhere.KUBELET),
    ("k3s crictl pull x", Elsewhere.KUBELET),
    ("kubectl run x --image=alpine", Elsewhere.KUBELET),
    ("buildctl build", Elsewhere.BUILDKITD),
    ("podman --remote pull alpine", Elsewhere.PODMAN),
    ("podman --url=ssh://h/x pull alpine", Elsewhere.PODMAN),
    ("podman-remote pull alpine", Elsewhere.PODMAN),
    ("sudo docker pull alpine", Elsewhere.DOCKERD),
    ("sudo -u root -g adm docker pull alpine", Elsewhere.DOCKERD),
    ("sudo -E docker pull alpine", Elsewhere.DOCKERD),
    ("sudo A=1 env -u X B=2 timeout -k 1 30 nice -n 5 docker pull alpine", Elsewhere.DOCKERD),
    ("timeout --signal KILL 30s ctr i pull x", Elsewhere.CONTAINERD),
    ("time docker pull alpine", Elsewhere.DOCKERD),
    ("sh -c 'exec docker pull alpine'", Elsewhere.DOCKERD),
    ("bash -ec 'DOCKER_HOST=x docker pull alpine'", Elsewhere.DOCKERD),
    ("sudo podman pull alpine", Elsewhere.SUDO),
    ("doas skopeo inspect docker://x", Elsewhere.SUDO),
    ("sudo -u nobody sh -c 'skopeo inspect docker://x'", Elsewhere.SUDO),
]


@pytest.mark.parametrize("line", ITSELF)
def test_pulls_itself(line, tmp_path):
    assert who_pulls(shlex.split(line), {"PATH": str(tmp_path)}) is None


@pytest.mark.parametrize(("line", "expected"), ELSEWHERE)
def test_pulls_elsewhere(line, expected, tmp_path):
    assert who_pulls(shlex.split(line), {"PATH": str(tmp_path)}) is expected


def test_a_podman_that_was_told_of_a_service_asks_the_service():
    assert who_pulls(["podman", "pull", "x"], {"CONTAINER_HOST": "unix:///run/p.sock"}) is Elsewhere.PODMAN


def test_a_docker_that_is_podman_in_disguise_pulls_itself(tmp_path):
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\nexec /usr/bin/podman "$@"\n')
    docker.chmod(0o755)
    assert who_pulls(["docker", "pull", "x"], {"PATH": str(tmp_path)}) is None
    docker.write_text('#!/bin/sh\nexec /usr/libexec/docker "$@"\n')
    assert who_pulls(["docker", "pull", "x"], {"PATH": str(tmp_path)}) is Elsewhere.DOCKERD


@pytest.mark.parametrize(
    "words", [[], [""], ["sudo"], ["sh", "-c"], ["sh", "-c", "'"], ["sh", "-c", ""], ["k3s"], ["--"]]
)
def test_odd_command_lines_do_no_harm(words):
    assert who_pulls(words, {}) is None
