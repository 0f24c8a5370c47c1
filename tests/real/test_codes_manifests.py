"""Codes of manifests (catalogue 1.4), by real clients against registries that hold, send or announce the wrong ones."""

import os
import shutil

import pytest
from stack import extra
from stack.misconfigured import PROXY_HEADERS, front, pulled
from stack.root import ANY, assert_root
from stack.shown import shows

TO_REGISTRY = f"proxy_pass http://<registry>; {PROXY_HEADERS}"
# What a client of whose platform nothing is known leaves: it failed, or it may have looked only.
LEFT = {
    "docker": {},
    "containerd": {"severity": "warning", "confidence": "implied"},
    "podman": {"severity": "note", "confidence": "implied"},
    "skopeo": {"severity": "note", "confidence": "implied"},
    "buildah": {"severity": "note", "confidence": "implied"},
}


@shows("platform-missing", "docker", "containerd", "podman", "skopeo", "buildah")
def test_an_index_for_another_platform_alone(scene, clients, hub, code, name) -> None:
    with front(hub) as broken:
        run = pulled(scene, clients(name), broken.image(extra.push(hub, extra.ARM)), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("manifest", "platforms in the index: linux/arm64")], **LEFT[name])


@shows("platform-missing", "docker", "containerd", "podman")
def test_a_platform_that_the_user_asks_for_and_nobody_has(scene, clients, hub, code, name) -> None:
    with front(hub) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, platform="s390x")
    assert run.code != 0, run
    sure = LEFT[name] or {"severity": "warning", "confidence": "implied"}
    assert_root(
        scene, code, evidence=[("manifest", "platforms in the index: linux/amd64, linux/arm64")], **sure
    )


REWRITTEN = (
    f"location ~ /blobs/ {{ {TO_REGISTRY} sub_filter_types *; sub_filter architecture Architecture; }}"
)


@shows("digest-mismatch", "docker", "containerd", "podman")
def test_a_proxy_that_replaces_words_in_what_passes(scene, clients, hub, code, name) -> None:
    with front(hub, REWRITTEN) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("blob", "the body is sha256:"), ("blob", "asked for was sha256:")])


@pytest.fixture
def spoilt(hub):
    """A storage of the same blobs, of which one has a wrong byte: the big layers are."""
    root = hub.place.folder("spoilt") / "data"
    shutil.copytree(hub.place.folder("hub"), root, copy_function=os.link)
    for path in root.glob("docker/registry/v2/blobs/sha256/*/*/data"):
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):  # a layer
            path.unlink()
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    yield root
    shutil.rmtree(root)


@shows("digest-mismatch", "docker", "skopeo", "buildah")
def test_a_storage_with_a_wrong_byte(scene, clients, hub, code, name, spoilt) -> None:
    with front(hub, registry={"storage.filesystem.rootdirectory": str(spoilt)}) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("blob", "the body is sha256:"), ("blob", "asked for was sha256:")])


AS_JSON = "proxy_hide_header Content-Type; add_header Content-Type application/json;"


@shows("media-type-mismatch", "docker", "containerd", "skopeo")
def test_a_proxy_that_calls_everything_json(scene, clients, hub, code, name) -> None:
    with front(hub, f"location ~ /manifests/ {{ {TO_REGISTRY} {AS_JSON} }}") as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    proof = [(ANY, "content-type: application/json")]
    assert_root(scene, code, severity="error" if run.code else "warning", evidence=proof)


NO_DIGEST = f"location ~ /manifests/ {{ {TO_REGISTRY} proxy_hide_header Docker-Content-Digest; }}"


@shows("digest-header-missing", "docker", "containerd", "buildah")
def test_a_proxy_that_drops_the_digest(scene, clients, hub, code, name) -> None:
    with front(hub, NO_DIGEST) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code == 0, run
    # Those that resolve by HEAD ask once more, by GET.
    severity = "warning" if name in ("docker", "containerd") else "note"
    assert_root(scene, code, severity=severity, evidence=[(ANY, "no docker-content-digest")])


OTHERS = f"proxy_hide_header Docker-Content-Digest; add_header Docker-Content-Digest sha256:{'ab' * 32};"


@shows("digest-header-mismatch", "docker", "containerd", "podman")
def test_a_cache_that_keeps_the_head_of_another_manifest(scene, clients, hub, code, name) -> None:
    """docker and containerd are shown it where they fetch by digest: of a tag they would ask for what is announced."""
    of = "sha256:" if name in ("docker", "containerd") else ""
    with front(hub, f"location ~ /manifests/{of} {{ {TO_REGISTRY} {OTHERS} }}") as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    proof = [("manifest", "docker-content-digest: sha256:abab"), ("manifest", "sha256:")]
    assert_root(scene, code, severity="error" if run.code else "warning", evidence=proof)


NO_ACCEPT = f"location ~ /manifests/ {{ {TO_REGISTRY} proxy_set_header Accept application/json; }}"


@shows("schema1", "docker", "containerd", "skopeo")
def test_an_accept_that_is_lost_on_the_way_to_an_old_registry(scene, clients, hub, code, name) -> None:
    with front(hub, NO_ACCEPT) as broken:
        run = pulled(scene, clients(name), broken.image(extra.push(hub, extra.DOCKERS)), broken)
    proof = [(ANY, "content-type: application/vnd.docker.distribution.manifest.v1+prettyjws")]
    assert_root(scene, code, severity="error" if run.code else "warning", evidence=proof)


@shows("accept-too-narrow", "docker", "podman", "skopeo", "buildah")
def test_an_accept_that_is_lost_on_the_way_to_an_oci_index(scene, clients, hub, code, name) -> None:
    """Not to containerd: it asks by HEAD alone, and the reason stands in a body."""
    with front(hub, NO_ACCEPT) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(
        scene, code, evidence=[(ANY, "accept: "), (ANY, "accept header does not support OCI indexes")]
    )


@shows("head-get-differ", "docker")
def test_a_firewall_that_knows_get_only(scene, clients, hub, code, name) -> None:
    way = f"location ~ /manifests/ {{ if ($request_method = HEAD) {{ return 403; }} {TO_REGISTRY} }}"
    with front(hub, way) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code == 0, run
    proof = [(ANY, "403 Forbidden"), (ANY, "200 OK")]
    assert_root(scene, code, severity="warning", evidence=proof)


@shows("head-get-differ", "containerd")
def test_a_mirror_without_head(scene, clients, hub, code, name) -> None:
    way = f"location ~ /manifests/ {{ if ($request_method = HEAD) {{ return 405; }} {TO_REGISTRY} }}"
    with front(hub, way) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code == 0, run
    proof = [(ANY, "405 Method Not Allowed"), (ANY, "200 OK")]
    assert_root(scene, code, severity="warning", evidence=proof)


@shows("not-an-image", "docker", "containerd", "podman")
def test_a_helm_chart(scene, clients, hub, code, name) -> None:
    with front(hub) as broken:
        run = pulled(scene, clients(name), broken.image(extra.push(hub, extra.CHART)), broken)
    assert run.code != 0, run
    # containerd fetches all of it, and fails thereafter.
    severity = "note" if name == "containerd" else "error"
    proof = [("manifest", f"config.mediaType: {extra.HELM}")]
    assert_root(scene, code, severity=severity, evidence=proof, confidence="implied")
