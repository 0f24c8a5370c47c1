"""Remedies of the transfer, carried out as they are printed: what was broken is pulled then, by the same client."""

import pytest
from stack.misconfigured import PROXY_HEADERS, front
from stack.root import assert_pulled, root
from test_codes_transfer import BIG, FULL, REWRITES, TO_REGISTRY, UPSTREAM, left_halfway, went_on
from test_remedies_token import cured

LABELLED = f"server {{ listen <address>:8080; location / {{ {TO_REGISTRY} }} location ~ /blobs/ {{ {TO_REGISTRY} add_header Content-Encoding gzip; }} }}"
PASSES_ON = f"location / {{ proxy_pass http://<address>:8080; {PROXY_HEADERS} }}"


def test_nginx_puts_nothing_aside(scene, clients, hub) -> None:
    with front(hub, FULL, http=UPSTREAM) as broken:
        cured(scene, clients("skopeo"), broken, "body-truncated", "nginx", image=BIG)


@pytest.mark.parametrize("name", ["docker", "containerd", "podman"])
def test_nginx_calls_layers_compressed_no_more(scene, clients, hub, name) -> None:
    with front(hub, PASSES_ON, http=LABELLED) as broken:
        cured(scene, clients(name), broken, "content-encoding", "nginx")


def test_nginx_passes_range_on(scene, clients, hub) -> None:
    containerd = clients("containerd")
    drops = f"location / {{ {TO_REGISTRY} proxy_set_header Range ''; limit_rate 2m; }}"
    with front(hub, drops) as broken:
        left_halfway(scene, containerd, broken)
        went_on(scene, containerd, broken)
        remedy = root(scene, "range-ignored")["remedy"]
        broken.apply(remedy, "nginx")
        left_halfway(scene, containerd, broken)
        run = went_on(scene, containerd, broken)
    assert run.code == 0, run
    assert_pulled(scene, "range-ignored")
    assert 206 in [one["status"] for one in scene.exchanges]


def test_nginx_tells_how_long_its_answers_are(scene, clients, hub) -> None:
    with front(hub, REWRITES) as broken:
        cured(scene, clients("docker"), broken, "length-missing", "nginx", at="location ~ /manifests/")
