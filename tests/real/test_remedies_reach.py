"""Remedies of reach and TLS, carried out as they are printed: what was broken is pulled then, by the same client."""

import re

import pytest
from stack.misconfigured import FRONT, front, pulled
from stack.remedy import daemon_json, etc_docker, hosts_toml, lines_for, registries_conf
from stack.root import assert_pulled, assert_root, root

PLAIN = f"{FRONT}:5000"
WITHOUT_TLS = "listen <address>:5000;"
REALM = {"auth.token.realm": f"http://{PLAIN}/token"}
# The proxy would speak TLS for the registry that does not: the clients' second try, by http, would not come.
UNTOUCHED = {"ignore_hosts": rf"^{re.escape(PLAIN)}$"}
IMAGE = f"{PLAIN}/library/hello-world:latest"


@pytest.fixture
def plain(hub):
    with front(hub, WITHOUT_TLS, registry=REALM) as broken:
        yield broken


def refused(scene, client, broken) -> str:
    """The remedy for a registry without TLS, after a pull that failed on that."""
    run = pulled(scene, client, IMAGE, broken)
    assert run.code != 0, run
    client.forget()
    return root(scene, "plain-http-on-tls-port")["remedy"]


def test_docker_pulls_without_tls_when_its_daemon_json_says_so(scene, clients, plain) -> None:
    docker = clients("docker")
    remedy = refused(scene, docker, plain)
    [line] = lines_for(remedy, "docker")
    with daemon_json(docker, line), scene.recorded(lead=plain.lead, options=UNTOUCHED):
        run = docker.docker("pull", IMAGE)
    assert run.code == 0, run
    assert_pulled(scene, "plain-http-on-tls-port")


def test_containerd_pulls_without_tls_when_its_hosts_toml_says_so(scene, clients, plain) -> None:
    containerd = clients("containerd")
    remedy = refused(scene, containerd, plain)
    with scene.recorded(lead=plain.lead, options=UNTOUCHED):
        run = hosts_toml(containerd, IMAGE, *lines_for(remedy, "containerd"))
    assert run.code == 0, run
    assert_pulled(scene, "plain-http-on-tls-port")


@pytest.mark.parametrize("name", ["podman", "skopeo", "buildah"])
def test_podman_and_its_like_pull_without_tls_when_registries_conf_says_so(
    scene, clients, plain, name
) -> None:
    client = clients(name)
    remedy = refused(scene, client, plain)
    with scene.recorded(lead=plain.lead, options=UNTOUCHED):
        run = registries_conf(client, IMAGE, *lines_for(remedy, "podman"))
    assert run.code == 0, run
    assert_pulled(scene, "plain-http-on-tls-port")


def test_docker_trusts_a_ca_that_is_put_where_the_remedy_says(scene, clients, hub) -> None:
    docker = clients("docker")
    with front(hub) as broken:
        pulled(scene, docker, broken.image(), broken, trusted=False)
        remedy = assert_root(scene, "tls-ca-not-trusted", evidence=[(None, FRONT)])["remedy"]
        [path] = lines_for(remedy, "docker")
        ca = (hub.place.folder("stranger") / "mitmproxy-ca-cert.pem").read_bytes()
        with etc_docker(docker, path, ca):
            run = pulled(scene, docker, broken.image(), broken, trusted=False)
    assert run.code == 0, run
    assert_pulled(scene, "tls-ca-not-trusted")
