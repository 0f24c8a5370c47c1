"""Codes of 1.4 and 1.5 that few clients meet by themselves: of a cache's own requests, recorded behind it, and of HEAD."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from stack import extra
from stack.clients import Run
from stack.misconfigured import front
from stack.place import OURS, OURS_AT, REGISTRY
from stack.root import ANY, assert_root
from stack.shown import shows


@pytest.fixture
def cache(hub):
    """distribution's settings as a pull-through cache that has nothing yet."""
    folder = hub.place.folder("caches") / str(len(list(hub.place.folder("caches").iterdir())))
    folder.mkdir()
    return {
        "proxy.remoteurl": f"https://{REGISTRY}",
        "auth": None,
        "storage.filesystem.rootdirectory": str(folder),
    }


def through(
    scene,
    hub,
    client,
    image: str,
    cache: dict,
    http: str = "",
    lead: Mapping[str, int] = MappingProxyType({}),
) -> Run:
    """A pull through the cache, whose own requests are recorded: it asks its upstream when it starts."""
    client.forget()
    mirror = {"at": OURS, "registry": cache, "http": http, "proxied": hub.place.proxy}
    with scene.recorded(lead={OURS: OURS_AT, **lead}), front(hub, **mirror) as broken:
        return client.pull(broken.image(image))


@shows("blob-fetched-twice", "docker", "skopeo")
def test_a_cache_that_fetches_for_itself_and_for_its_client(scene, clients, hub, code, name, cache) -> None:
    run = through(scene, hub, clients(name), "library/hello-world:latest", cache)
    assert run.code == 0, run
    assert_root(scene, code, severity="note", evidence=[("cdn", "GET ")])


# Of two replicas the one that answers HEAD has the evening's push already.
REPLICAS = f"""map $request_method $tag {{ HEAD evening; default noon; }}
server {{ listen <address>:443 ssl; server_name {REGISTRY}; ssl_certificate <pki>/hub.crt; ssl_certificate_key <pki>/hub.key;
  location / {{ rewrite ^/v2/labuser/day/manifests/latest$ /v2/labuser/day/manifests/$tag break;
  proxy_pass https://<hub>; proxy_set_header Host {REGISTRY}; proxy_ssl_name {REGISTRY}; }} }}"""


@shows("tag-moved", "docker", "containerd", "podman")
def test_replicas_that_are_out_of_step(scene, clients, hub, code, name, cache) -> None:
    for image in (extra.NOON, extra.EVENING):
        extra.push(hub, image)
    run = through(scene, hub, clients(name), "labuser/day:latest", cache, REPLICAS, {REGISTRY: OURS_AT})
    proof = [(ANY, "docker-content-digest: sha256:")]
    assert_root(scene, code, severity="error" if run.code else "warning", evidence=proof)
