"""Codes of mirrors (catalogue 1.8), by real clients that ask a mirror first: nginx, and distribution's pull-through cache."""

import http.client
import shutil
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from stack.both import behind, both_sides
from stack.misconfigured import FRONT, FRONT_AT, PROXY_HEADERS, Front, front, pulled
from stack.place import MIRROR, REGISTRY
from stack.root import ANY, assert_root, findings
from stack.shown import shows

HELLO = "docker.io/library/hello-world:latest"
PAGE = "<!doctype html><title>Welcome</title>"
DOWN = "location / { return 503; }"
NOT_V2 = "location / { return 404; }"


# A mirror by nginx that keeps all it gets, tags too, and the registry that it stands for, by its own name.
CACHE = "proxy_cache_path <here>/cache keys_zone=mirror:1m;"
ORIGINAL = f"""server {{ listen <address>:443 ssl; server_name {REGISTRY}; ssl_certificate <pki>/hub.crt;
  ssl_certificate_key <pki>/hub.key; location / {{ proxy_pass http://<registry>; {PROXY_HEADERS} }} }}"""
LOST = '{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry"}]}'
KEEPS = f"""location / {{ proxy_pass http://<registry>; {PROXY_HEADERS} proxy_cache mirror; proxy_cache_valid 200 1h; }}
  location ~ /blobs/ {{ default_type application/json; return 404 '{LOST}'; }}"""
INDEX = "application/vnd.oci.image.index.v1+json"

# A mirror by nginx that has one answer for every failure of its upstream
NOT_THERE = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
HIDES = f"""location / {{ proxy_pass <upstream>; proxy_set_header Host {REGISTRY};
  proxy_intercept_errors on; error_page 429 =404 @missing; }}
  location @missing {{ default_type application/json; return 404 '{NOT_THERE}'; }}"""
# At the hub whoever has no login has used up what all such share. It reads that in the token: `"sub":""`.
NOBODY = r'map $http_authorization $nobody { default ""; "~^Bearer [^.]+\.[\w-]{40}IiIs" yes; }'
USED_UP = '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit."}]}'
LIMITED = f"""{NOBODY} server {{ listen <address>:443 ssl; server_name {REGISTRY}; ssl_certificate <pki>/hub.crt;
  ssl_certificate_key <pki>/hub.key; default_type application/json;
  location / {{ proxy_pass https://<hub>; proxy_set_header Host {REGISTRY}; proxy_ssl_name {REGISTRY}; }}
  location ~ /manifests/ {{ if ($nobody) {{ return 429 '{USED_UP}'; }}
    proxy_pass https://<hub>; proxy_set_header Host {REGISTRY}; proxy_ssl_name {REGISTRY}; }} }}"""


def bypassed(scene, root: str) -> None:
    """The pull is complete by way of the hub, and that is the consequence of what the mirror did."""
    [found] = [one for one in findings(scene) if one["code"] == "mirror-bypassed"]
    assert (found["severity"], found["caused_by"]) == ("warning", root)
    assert any(MIRROR in piece["what"] or piece["exchange"] for piece in found["evidence"])


@shows("mirror-bypassed", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_mirror_that_is_down_behind_its_nginx(scene, clients, hub, code, name) -> None:
    """Its refusal is the root; the detour is never more than a consequence."""
    with front(hub, DOWN, at=MIRROR) as broken:
        run = pulled(scene, clients(name), HELLO, broken, mirror=MIRROR)
    assert run.code == 0, run
    assert_root(scene, "server-error", severity="warning", evidence=[(ANY, "503 Service Unavailable")])
    bypassed(scene, "server-error")


@shows("mirror-bypassed", "docker", "containerd", "podman", "skopeo")
def test_a_mirror_that_does_not_have_it(scene, clients, hub, code, name) -> None:
    run = pulled(scene, clients(name), HELLO, mirror=MIRROR)
    assert run.code == 0, run
    proof = [(ANY, "404 Not Found"), (ANY, REGISTRY)]
    assert_root(scene, code, severity="note", confidence="implied", evidence=proof)


@shows("not-a-registry", "docker", "podman", "skopeo", "buildah")
def test_a_host_that_is_a_web_site(scene, clients, hub, code, name) -> None:
    with front(hub, f"location / {{ default_type text/html; return 200 '{PAGE}'; }}") as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("ping", "content-type: text/html")])


@shows("not-a-registry", "docker", "podman", "skopeo")
def test_an_nginx_that_does_not_know_v2(scene, clients, hub, code, name) -> None:
    with front(hub, NOT_V2) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("ping", "404 Not Found")])


@contextmanager
def stale(hub) -> Iterator[Front]:
    """A mirror that was asked for the tag before this was pushed anew; the blobs that it had are gone."""
    store = hub.place.folder("fronts") / "store"
    shutil.copytree(hub.place.folder("hub"), store)
    settings = {"storage.filesystem.rootdirectory": str(store), "auth": None}
    try:
        with front(hub, KEEPS, at=MIRROR, http=CACHE + ORIGINAL, registry=settings) as broken:
            broken.lead = broken.lead | {REGISTRY: FRONT_AT}
            assert asked(broken) == hub.digests["hello"]
            pushed_anew(hub, broken)
            yield broken
    finally:
        shutil.rmtree(store)


def asked(broken: Front) -> str | None:
    """The digest that the mirror has for the tag."""
    way = http.client.HTTPSConnection(broken.address, context=ssl._create_unverified_context())
    try:
        way.request(
            "HEAD", "/v2/library/hello-world/manifests/latest", headers={"Host": MIRROR, "Accept": INDEX}
        )
        return way.getresponse().headers["Docker-Content-Digest"]
    finally:
        way.close()


def pushed_anew(hub, broken: Front) -> None:
    """Push another index for the tag."""
    digest = hub.digests["hello"]
    folder = hub.place.folder("images") / "hello" / "blobs" / "sha256"
    url = f"http://{broken.settings['http']['addr']}/v2/library/hello-world/manifests/latest"
    body = (folder / digest.removeprefix("sha256:")).read_bytes() + b"\n"
    push = urllib.request.Request(url, body, {"Content-Type": INDEX}, method="PUT")
    with urllib.request.urlopen(push, timeout=30) as answer:
        assert answer.status == 201


@shows("mirror-stale-tag", "docker")
def test_a_mirror_that_keeps_tags(scene, clients, hub, code, name) -> None:
    """docker takes the mirror's word for the tag, does not get the layer, and asks the registry for all of it."""
    with stale(hub) as broken:
        run = pulled(scene, clients(name), HELLO, broken, mirror=MIRROR)
    assert run.code == 0, run

    old = hub.digests["hello"].removeprefix("sha256:")[:12]
    assert_root(scene, code, severity="warning", evidence=[("resolve", f"{old} for latest")])


@shows("mirror-hides-error", "containerd", "skopeo")
def test_an_nginx_that_says_not_found_for_whatever_went_wrong(scene, clients, hub, code, name) -> None:
    """What the registry said is the root; that the mirror did not say it is its consequence."""
    with front(hub, HIDES.replace("<upstream>", behind(hub.place))) as broken:
        client = clients(name)
        client.forget()
        limit = {"fault": "rate-limited:1"}
        with both_sides(scene, f"https://{REGISTRY}", lead=broken.lead, options=limit):
            run = client.pull(broken.image())
    assert run.code != 0, run
    assert run.code != 0, run
    assert_root(scene, "rate-limited", evidence=[(ANY, "429 Too Many Requests")])
    [found] = [one for one in findings(scene) if one["code"] == code]
    assert (found["severity"], found["caused_by"]) == ("error", "rate-limited")


@shows("mirror-hides-error", "docker", "podman")
def test_a_cache_without_a_login_whose_upstream_limits_it(scene, clients, hub, code, name) -> None:
    """distribution's pull-through cache; both sides are in one recording."""
    store = hub.place.folder("fronts", f"cache-{name}")
    settings = {
        "auth": None,
        "storage.filesystem.rootdirectory": str(store),
        "proxy.remoteurl": f"https://{REGISTRY}",
    }
    client = clients(name)
    client.forget()
    lead = {FRONT: FRONT_AT, REGISTRY: FRONT_AT}
    with (
        scene.recorded(lead=lead),
        front(hub, http=LIMITED, registry=settings, proxied=hub.place.proxy) as broken,
    ):
        run = client.pull(broken.image())
    assert run.code != 0, run
    assert run.code != 0, run
    assert_root(scene, "rate-limited", evidence=[(ANY, "429 Too Many Requests")])
    [found] = [one for one in findings(scene) if one["code"] == code]
    assert (found["severity"], found["caused_by"]) == ("error", "rate-limited")
