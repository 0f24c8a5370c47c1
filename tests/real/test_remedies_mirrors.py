"""Remedies of mirrors, carried out as they are printed: what was broken is pulled then, by the same client."""

import pytest
from stack.both import behind, both_sides
from stack.misconfigured import BEHIND_AT, front, pulled
from stack.place import MIRROR, REGISTRY
from stack.remedy import hosts_toml, lines_for, registries_conf
from stack.root import assert_pulled, findings, root
from test_codes_mirrors import DOWN, HELLO, HIDES, NOT_V2, stale
from test_remedies_token import cured


def detour(scene, client, broken, product: str) -> list[str]:
    """The lines that forbid it, after a pull that took it."""
    run = pulled(scene, client, HELLO, broken, mirror=MIRROR)
    assert run.code == 0, run
    client.forget()
    return lines_for(root(scene, "mirror-bypassed")["remedy"], product)


def repaired(broken) -> None:
    """The mirror works again, for everybody."""
    broken.server = broken.server.replace(DOWN, "location / { proxy_pass http://<registry>; }")
    broken.stop()
    broken.start()


def asked(scene) -> set[str]:
    return {one["host"] for one in scene.exchanges}


OPEN = {"auth": None}


def test_containerd_asks_nobody_but_its_mirror(scene, clients, hub) -> None:
    containerd = clients("containerd")
    with front(hub, DOWN, at=MIRROR, registry=OPEN) as broken:
        lines = detour(scene, containerd, broken, "containerd")
        with scene.recorded(lead=broken.lead):
            run = hosts_toml(containerd, HELLO, *lines)
        assert (run.code != 0, asked(scene)) == (True, {MIRROR}), run
        repaired(broken)
        with scene.recorded(lead=broken.lead):
            run = hosts_toml(containerd, HELLO, *lines)
    assert (run.code, asked(scene)) == (0, {MIRROR}), run
    assert_pulled(scene, "mirror-bypassed")


@pytest.mark.parametrize("name", ["podman", "skopeo", "buildah"])
def test_podman_and_its_like_ask_nobody_but_their_mirror(scene, clients, hub, name) -> None:
    client = clients(name)
    with front(hub, DOWN, at=MIRROR, registry=OPEN) as broken:
        lines = detour(scene, client, broken, "podman")
        with scene.recorded(lead=broken.lead):
            run = registries_conf(client, HELLO, *lines)
        assert (run.code != 0, asked(scene)) == (True, {MIRROR}), run
        repaired(broken)
        with scene.recorded(lead=broken.lead):
            run = registries_conf(client, HELLO, *lines)
    assert (run.code, asked(scene)) == (0, {MIRROR}), run
    assert_pulled(scene, "mirror-bypassed")


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_nginx_leads_v2_to_the_registry(scene, clients, hub, name) -> None:
    with front(hub, NOT_V2, registry=OPEN, leads={"registry": BEHIND_AT}) as broken:
        cured(scene, clients(name), broken, "not-a-registry", "nginx")


def test_nginx_keeps_no_tags(scene, clients, hub) -> None:
    docker = clients("docker")
    with stale(hub) as broken:
        pulled(scene, docker, HELLO, broken, mirror=MIRROR)
        broken.apply(root(scene, "mirror-stale-tag")["remedy"], "nginx")
        run = pulled(scene, docker, HELLO, broken, mirror=MIRROR)
    assert run.code == 0, run
    assert_pulled(scene, "mirror-stale-tag")


@pytest.mark.parametrize("name", ["containerd", "skopeo"])
def test_nginx_passes_a_limit_on_and_the_client_waits(scene, clients, hub, name) -> None:
    """The limit is over after a second. Who hears of it asks again; who hears that nothing is there does not."""
    client, limit = clients(name), {"fault": "rate-limited:1"}
    with front(hub, HIDES.replace("<upstream>", behind(hub.place))) as broken:
        client.forget()
        with both_sides(scene, f"https://{REGISTRY}", lead=broken.lead, options=limit):
            run = client.pull(broken.image())
        assert run.code != 0, run
        broken.apply(root(scene, "mirror-hides-error")["remedy"], "nginx")
        client.forget()
        with both_sides(scene, f"https://{REGISTRY}", lead=broken.lead, options=limit):
            run = client.pull(broken.image())
    assert run.code == 0, run
    assert [one["code"] for one in findings(scene) if one["severity"] == "error"] == []
    assert "mirror-hides-error" not in scene.codes()
