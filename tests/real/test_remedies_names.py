"""Remedies of names and routes, carried out as they are printed: what was broken is pulled then, by the same client."""

import pytest
from stack.misconfigured import FRONT, MIRROR_OF_HUB, front, pulled
from stack.remedy import hosts_toml, lines_for, registries_conf
from stack.root import assert_pulled, root
from test_codes_names import BY_PATH, HELLO, NO_QUERY, PASSES_QUERY, only
from test_remedies_token import cured

OFFICIAL = "hello-world:latest"
HUBS_SERVICE = {"auth.token.service": "registry.docker.io"}


@pytest.mark.parametrize("name", ["containerd", "skopeo"])
def test_nginx_adds_library_to_what_has_one_part(scene, clients, hub, name) -> None:
    """These ask for the scope too that the challenge names."""
    with front(hub, MIRROR_OF_HUB) as broken:
        cured(scene, clients(name), broken, "library-missing", "nginx", image=OFFICIAL)


def test_nginx_adds_library_to_path_and_scope(scene, clients, hub) -> None:
    docker = clients("docker")
    with front(hub, registry=HUBS_SERVICE) as broken:
        run = pulled(scene, docker, broken.image(OFFICIAL), broken)
        assert run.code != 0, run
        assert root(scene)["code"] == "library-missing"
        for at in ("location /", "location = /token"):
            broken.apply(root(scene)["remedy"], "nginx", at=at)
        run = pulled(scene, docker, broken.image(OFFICIAL), broken)
    assert run.code == 0, run
    assert_pulled(scene, "library-missing")


def test_containerd_keeps_the_path_where_its_hosts_toml_says_so(scene, clients, hub) -> None:
    containerd = clients("containerd")
    with front(hub, BY_PATH) as broken:
        containerd.forget()
        with scene.recorded(lead=broken.lead):
            run = hosts_toml(containerd, HELLO, *only(f"https://{FRONT}/hub"))
        assert run.code != 0, run
        lines = lines_for(root(scene, "path-prefix-wrong")["remedy"], "containerd")
        containerd.forget()
        with scene.recorded(lead=broken.lead):
            run = hosts_toml(containerd, HELLO, *lines)
    assert run.code == 0, run
    assert_pulled(scene, "path-prefix-wrong")
    assert FRONT in {one["host"] for one in scene.exchanges}


@pytest.mark.parametrize("name", ["podman", "skopeo"])
def test_podman_and_its_like_find_the_path_where_registries_conf_says_so(scene, clients, hub, name) -> None:
    client = clients(name)
    table = "[[registry]]", 'prefix = "docker.io"'
    with front(hub, BY_PATH) as broken:
        client.forget()
        with scene.recorded(lead=broken.lead):
            run = registries_conf(client, HELLO, *table, f'location = "{FRONT}/v2/hub"')
        assert run.code != 0, run
        lines = lines_for(root(scene, "path-prefix-wrong")["remedy"], "podman")
        client.forget()
        with scene.recorded(lead=broken.lead):
            run = registries_conf(client, HELLO, *table, *lines)
    assert run.code == 0, run
    assert_pulled(scene, "path-prefix-wrong")


def test_nginx_drops_the_namespace(scene, clients, hub) -> None:
    containerd = clients("containerd")
    with front(hub, PASSES_QUERY, http=NO_QUERY) as broken:
        for succeeds in (False, True):
            containerd.forget()
            with scene.recorded(lead=broken.lead):
                run = hosts_toml(containerd, HELLO, *only(f"https://{FRONT}"))
            assert (run.code == 0) is succeeds, run
            if not succeeds:
                broken.apply(root(scene, "ns-not-supported")["remedy"], "nginx")
    assert_pulled(scene, "ns-not-supported")
