"""Codes of reach and TLS (catalogue 1.1), by real clients against servers that cannot be reached, or not like this."""

from stack import pki
from stack.clients import CLIENTS
from stack.misconfigured import FRONT, front, pulled
from stack.place import DEAD, NOWHERE
from stack.root import ANY, assert_root
from stack.shown import shows

PLAIN = f"{FRONT}:5000"
WITHOUT_TLS = "listen <address>:5000;"


@shows("tls-ca-not-trusted", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_client_that_does_not_know_the_ca(scene, clients, hub, code, name) -> None:
    with front(hub) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, trusted=False)
    assert run.code != 0, run
    assert "x509" in run.text, run
    found = assert_root(scene, code, evidence=[(None, FRONT), (None, "certificate")])
    assert FRONT in found["summary"]


@shows("plain-http-on-tls-port", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_registry_without_tls(scene, clients, hub, code, name) -> None:
    with front(hub, WITHOUT_TLS) as broken:
        run = pulled(scene, clients(name), f"{PLAIN}/library/hello-world:latest", broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, "does not speak TLS")])


@shows("connect-failed", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_registry_where_nobody_listens(scene, clients, code, name) -> None:
    run = pulled(scene, clients(name), f"{DEAD}/some/app:1")
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(None, DEAD), (None, "call failed")])


@shows("name-not-resolved", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_registry_without_an_address(scene, clients, code, name) -> None:
    run = pulled(scene, clients(name), f"{NOWHERE}/some/app:1")
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(None, NOWHERE)])


CERTIFICATES = {"another-name": "hostname mismatch", "expired": "expired", "unknown-issuer": "issuer"}
SHOWN = dict(zip(CLIENTS, [*CERTIFICATES, *CERTIFICATES], strict=False))  # each client is shown one of them


@shows("tls-upstream-invalid", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_registry_whose_certificate_is_not_valid(scene, clients, hub, code, name) -> None:
    pki.leaf(hub.place, "another-name", ("other.test",))
    pki.leaf(hub.place, "expired", (FRONT,), days=-1)
    pki.leaf(hub.place, "unknown-issuer", (FRONT,), ca="nobody")
    with front(hub, certificate=SHOWN[name]) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, CERTIFICATES[SHOWN[name]])])
