"""Remedies of limits and servers, carried out as they are printed: what was broken is pulled then, by the same client."""

import shlex

import pytest
from stack.both import both_sides
from stack.clients import PASSWORD, USER
from stack.misconfigured import FRONT, FRONT_AT, front, pulled
from stack.place import REGISTRY
from stack.remedy import lines_for, logged_in
from stack.root import assert_pulled, findings, root
from test_codes_limits import LIMITED_TOKENS, LONG_HEADS, SMALL, WHO, ZONE, limited, through
from test_codes_mirrors import LIMITED
from test_remedies_token import cured


@pytest.mark.parametrize("name", ["docker", "podman", "skopeo"])
def test_nginx_takes_a_token_of_that_length(scene, clients, hub, name) -> None:
    with front(hub, SMALL) as broken:
        cured(scene, clients(name), broken, "header-too-large", "nginx")


def test_nginx_takes_its_upstreams_heads(scene, clients, hub) -> None:
    containerd = clients("containerd")
    with front(hub, through(hub), http=LONG_HEADS) as broken:
        for code, status in (("header-too-large", False), ("", True)):
            containerd.forget()
            with both_sides(scene, f"http://{broken.address}:8080", lead=broken.lead):
                run = containerd.pull(broken.image())
            assert (run.code == 0) == status, run
            if code:
                broken.apply(root(scene, code)["remedy"], "nginx")
    assert_pulled(scene, "header-too-large")


@pytest.mark.parametrize("name", ["containerd", "buildah"])
def test_nginx_limits_no_more(scene, clients, hub, name) -> None:
    with front(hub, limited(), http=ZONE) as broken:
        cured(scene, clients(name), broken, "rate-limited", "nginx", at="location ~ /manifests/")


def test_docker_logs_in_where_the_limit_is_for_who_has_no_login(scene, clients, hub) -> None:
    docker = clients("docker")
    with front(hub, LIMITED_TOKENS, http=WHO) as broken, logged_in(docker, FRONT, "", ""):
        run = pulled(scene, docker, broken.image(), broken)
        assert run.code != 0, run
        [command] = lines_for(root(scene, "rate-limited")["remedy"], "docker")
        with scene.recorded(lead=broken.lead):
            login = docker.docker(*shlex.split(command)[1:], "-u", USER, "-p", PASSWORD)
        assert login.code == 0, login
        run = pulled(scene, docker, broken.image(), broken)
    assert run.code == 0, run
    assert_pulled(scene, "rate-limited")


@pytest.mark.parametrize("name", ["docker", "skopeo"])
def test_a_cache_of_distribution_logs_in_at_its_upstream(scene, clients, hub, name) -> None:
    """The client was told that there is no such image; the recording of both sides says why."""
    store, proxy = hub.place.folder("fronts", f"login-{name}"), hub.place.proxy
    settings = {
        "auth": None,
        "storage.filesystem.rootdirectory": str(store),
        "proxy.remoteurl": f"https://{REGISTRY}",
    }
    client, lead = clients(name), {FRONT: FRONT_AT, REGISTRY: FRONT_AT}
    remedy = ""
    for status in (False, True):
        client.forget()
        with scene.recorded(lead=lead), front(hub, http=LIMITED, registry=settings, proxied=proxy) as broken:
            if remedy:
                broken.apply(remedy, "distribution")
            run = client.pull(broken.image())
        assert (run.code == 0) == status, run
        if not remedy:
            remedy = root(scene, "rate-limited")["remedy"]
            remedy = remedy.replace("YOUR-NAME", USER).replace("YOUR-TOKEN", PASSWORD)
    assert {one["code"] for one in findings(scene) if one["severity"] == "error"} == set()
    assert "rate-limited" not in scene.codes()
