"""Remedies of manifests, carried out as they are printed: what was broken is pulled then, by the same client."""

import shlex

import pytest
from stack import extra
from stack.misconfigured import front, pulled
from stack.remedy import lines_for
from stack.root import assert_pulled, root
from test_codes_manifests import AS_JSON, NO_ACCEPT, NO_DIGEST, TO_REGISTRY
from test_remedies_token import cured

AT = "location ~ /manifests/"


def test_nginx_passes_the_type_of_a_manifest_on(scene, clients, hub) -> None:
    with front(hub, f"{AT} {{ {TO_REGISTRY} {AS_JSON} }}") as broken:
        cured(scene, clients("docker"), broken, "media-type-mismatch", "nginx", at=AT)


def static(hub) -> str:
    """A registry of files alone: nginx serves them from where distribution has put them."""
    digest = hub.digests["deep"].removeprefix("sha256:")
    blobs = "<data>/docker/registry/v2/blobs/sha256"
    return f"""location = /v2/ {{ return 200; }}
    location /v2/team/sub/deep/manifests/ {{ rewrite ^ /{digest[:2]}/{digest}/data break; root {blobs}; }}
    location ~ ^/v2/team/sub/deep/blobs/sha256:((..).*)$ {{ alias {blobs}/$2/$1/data; }}"""


@pytest.mark.parametrize("name", ["docker", "containerd"])
def test_a_static_nginx_names_the_type_of_its_manifest(scene, clients, hub, name) -> None:
    with front(hub, static(hub)) as broken:
        at = "location /v2/team/sub/deep/manifests/"
        cured(
            scene, clients(name), broken, "media-type-mismatch", "nginx", image="team/sub/deep:latest", at=at
        )


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_nginx_passes_the_accept_on_to_who_has_an_oci_index(scene, clients, hub, name) -> None:
    with front(hub, NO_ACCEPT) as broken:
        cured(scene, clients(name), broken, "accept-too-narrow", "nginx", at=AT)


@pytest.mark.parametrize("name", ["docker", "containerd"])
def test_nginx_passes_the_accept_on_to_who_would_convert_to_schema_1(scene, clients, hub, name) -> None:
    image = extra.push(hub, extra.DOCKERS)
    with front(hub, NO_ACCEPT) as broken:
        run = pulled(scene, clients(name), broken.image(image), broken)
        broken.apply(root(scene, "schema1")["remedy"], "nginx", at=AT)
        run = pulled(scene, clients(name), broken.image(image), broken)
    assert run.code == 0, run
    assert_pulled(scene, "schema1")


@pytest.mark.parametrize("name", ["docker", "containerd"])
def test_nginx_passes_the_digest_on(scene, clients, hub, name) -> None:
    with front(hub, NO_DIGEST) as broken:
        pulled(scene, clients(name), broken.image(), broken)
        broken.apply(root(scene, "digest-header-missing")["remedy"], "nginx", at=AT)
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code == 0, run
    assert_pulled(scene, "digest-header-missing")


def test_docker_takes_a_platform_that_is_there(scene, clients, hub) -> None:
    docker, image = clients("docker"), extra.push(hub, extra.ARM)
    with front(hub) as broken:
        run = pulled(scene, docker, broken.image(image), broken)
        assert run.code != 0, run
        [option, *_] = lines_for("docker: " + root(scene, "platform-missing")["remedy"], "docker")
        docker.forget()
        with scene.recorded(lead=broken.lead):
            run = docker.docker("pull", *shlex.split(option), broken.image(image))
    assert run.code == 0, run
    assert_pulled(scene, "platform-missing")
