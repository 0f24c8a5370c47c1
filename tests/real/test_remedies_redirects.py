"""Remedies of redirects and storages, carried out as they are printed: what was broken is pulled then, by the same client."""

import shutil

import pytest
from stack import pki
from stack.misconfigured import MIRROR_OF_HUB, front, pulled
from stack.place import CDN, CDN_AT, DEAD_AT, STORE_AT
from stack.root import assert_pulled, root
from stack.store import Store
from test_codes_redirects import (
    CHANGED_HOST,
    GATEWAY,
    LEAD,
    ONE_MECHANISM,
    ONLY_HTTPS,
    OWN_LINKS,
    STORAGE,
    TO_8443,
    TO_REGISTRY,
    TO_STORAGE,
    following,
    redirecting,
    storage,
)
from test_remedies_token import cured


@pytest.fixture(autouse=True)
def _certificate(hub) -> None:
    pki.leaf(hub.place, STORAGE, (STORAGE,))


RESOLVES = f"resolver <dns> ipv6=off; location / {{ {TO_REGISTRY} }}"


@pytest.mark.parametrize("name", ["containerd", "skopeo"])
def test_nginx_follows_where_its_clients_cannot(scene, clients, hub, name) -> None:
    """It reaches the storage; they do not."""
    with front(hub, RESOLVES, registry=TO_STORAGE, http=storage(), dns=True, leads=LEAD) as broken:
        cured(scene, clients(name), broken, "cdn-unreachable", "nginx", lead={STORAGE: DEAD_AT})


@pytest.mark.parametrize("name", ["podman"])
def test_a_mirror_follows_to_docker_hubs_storage(scene, clients, hub, name) -> None:
    way = f"resolver <dns> ipv6=off; {MIRROR_OF_HUB}"
    with front(hub, way, dns=True, leads={CDN: CDN_AT}) as broken:
        cured(scene, clients(name), broken, "redirect-leaves-mirror", "nginx", lead={CDN: DEAD_AT})


@pytest.mark.parametrize("name", ["docker", "buildah"])
def test_nginx_keeps_the_token_to_itself(scene, clients, hub, name) -> None:
    with front(hub, following(), registry=TO_STORAGE, http=ONE_MECHANISM, dns=True, leads=LEAD) as broken:
        cured(scene, clients(name), broken, "cdn-rejects-authorization", "nginx", at="location @s")


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_nginx_sends_the_storage_its_own_name(scene, clients, hub, name) -> None:
    own = following('proxy_set_header Authorization ""; proxy_set_header Host $host;')
    with front(hub, own, registry=TO_8443, http=CHANGED_HOST, dns=True, leads=LEAD) as broken:
        cured(scene, clients(name), broken, "cdn-denied", "nginx", at="location @s")


CACHE = "proxy_cache_path <here>/cache keys_zone=z:1m;"
CACHES_ALL = "proxy_hide_header Cache-Control; proxy_ignore_headers Cache-Control Expires; proxy_cache z; proxy_cache_valid any 10m;"


@pytest.mark.parametrize("name", ["docker", "containerd"])
def test_nginx_keeps_no_redirects(scene, clients, hub, name) -> None:
    """The client's second pull gets the first one's link, whose time is over by then."""
    at = "location ~ /blobs/"
    way = f"{at} {{ proxy_pass https://registry-1.docker.io; proxy_set_header Host registry-1.docker.io; {CACHES_ALL} }} {MIRROR_OF_HUB}"
    client, lead = clients(name), {CDN: STORE_AT}
    with Store(hub.place) as store, front(hub, way, http=CACHE) as broken:
        run = pulled(scene, client, broken.image(), broken, lead=lead)
        assert run.code == 0, run
        store.floor = {seen.digest: seen.issued + 0.001 for seen in store.seen}
        run = pulled(scene, client, broken.image(), broken, lead=lead)
        assert run.code != 0, run
        assert root(scene)["code"] == "signed-url-expired"
        broken.stop()
        shutil.rmtree(broken.folder / "cache")
        broken.apply(root(scene)["remedy"], "nginx", at=at)
        for _ in range(2):
            run = pulled(scene, client, broken.image(), broken, lead=lead)
            assert run.code == 0, run
    assert_pulled(scene, "signed-url-expired")


@pytest.mark.parametrize("name", ["containerd", "podman"])
def test_distribution_serves_the_blobs_itself(scene, clients, hub, name) -> None:
    with front(hub, registry=redirecting("http://minio.registry.svc:9000/")) as broken:
        cured(scene, clients(name), broken, "redirect-to-private", "distribution")


@pytest.mark.parametrize("name", ["docker", "containerd"])
def test_nginx_says_that_it_ends_tls_to_who_sends_all_to_https(scene, clients, hub, name) -> None:
    with front(hub, GATEWAY, http=ONLY_HTTPS) as broken:
        cured(scene, clients(name), broken, "redirect-loop", "nginx")


@pytest.mark.parametrize("name", ["containerd", "podman"])
def test_nginx_says_that_it_ends_tls_to_who_builds_links(scene, clients, hub, name) -> None:
    with front(hub, GATEWAY, http=OWN_LINKS) as broken:
        cured(scene, clients(name), broken, "redirect-to-http", "nginx", image="hello-world:latest")
