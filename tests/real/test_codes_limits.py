"""Codes of limits and servers (catalogue 1.7), by real clients against an nginx that limits, blocks, fails or takes no long head."""

from stack.both import behind, both_sides
from stack.misconfigured import PROXY_HEADERS, front, pulled
from stack.root import ANY, assert_root, findings
from stack.shown import shows

TO_REGISTRY = f"proxy_pass http://<registry>; {PROXY_HEADERS}"
ZONE = "limit_req_zone $binary_remote_addr zone=pulls:1m rate=1r/m;"
# podman and its like wait for as long as Retry-After says
LIMITED = "limit_req zone=pulls; limit_req_status 429; add_header Retry-After 1 always;"
# Whoever sends no login to the token service has used up what all such share.
USED_UP = '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit."}]}'
WHO = 'map "$request_method$http_authorization" $nobody { default ""; GET yes; }'
LIMITED_TOKENS = f"""location = /token {{ default_type application/json; if ($nobody) {{ return 429 '{USED_UP}'; }}
  proxy_pass http://<tokens>; }}"""
PAGE = "<!doctype html><title>Not available in your country</title>"
# A policy for browsers as portals send it: a head of more than 6 KiB, where nginx takes 4.
POLICY = f"add_header Content-Security-Policy 'img-src {'a' * 3000}'; add_header Content-Security-Policy 'connect-src {'b' * 3000}';"
LONG_HEADS = f"""server {{ listen <address>:8080; location / {{ {TO_REGISTRY} }}
  location ~ /blobs/ {{ {TO_REGISTRY} {POLICY} }} }}"""
SMALL = "client_header_buffer_size 256; large_client_header_buffers 4 1k;"


def at_manifests(directives: str) -> str:
    """The registry as it is, but for what nginx does at manifests."""
    return f"location ~ /manifests/ {{ {directives} }}"


def limited(way: str = TO_REGISTRY) -> str:
    """A limit of one request a minute for manifests."""
    return at_manifests(f"{LIMITED} {way}")


@shows("rate-limited", "docker", "containerd", "skopeo")
def test_an_nginx_that_limits_manifests(scene, clients, hub, code, name) -> None:
    with front(hub, limited(), http=ZONE) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, "429 Too Many Requests"), (ANY, "retry-after: 1")])


@shows("retry-storm", "containerd")
def test_a_client_that_repeats_at_once_what_was_limited(scene, clients, hub, code, name) -> None:
    """A storm is never the root. containerd counts the challenge among its six tries, if there is one."""
    with front(hub, limited(), http=ZONE, registry={"auth": None}) as broken:
        pulled(scene, clients(name), broken.image(), broken)
    assert_root(scene, "rate-limited", evidence=[(ANY, "429 Too Many Requests")])
    [storm] = [one for one in findings(scene) if one["code"] == code]
    assert (storm["severity"], storm["caused_by"]) == ("warning", "rate-limited")


@shows("rate-limit-near", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_registry_that_says_how_little_is_left(scene, clients, hub, code, name) -> None:
    left = 'add_header ratelimit-limit "100;w=21600"; add_header ratelimit-remaining "3;w=21600";'
    with front(hub, at_manifests(f"{left} {TO_REGISTRY}")) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code == 0, run
    assert_root(scene, code, severity="warning", evidence=[(ANY, "ratelimit-remaining: 3;w=21600")])


@shows("html-answer", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_page_that_says_no(scene, clients, hub, code, name) -> None:
    status = 200 if name == "docker" else 403
    with front(hub, at_manifests(f"default_type text/html; return {status} '{PAGE}';")) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    found = assert_root(scene, code, evidence=[(ANY, "text/html" if status == 200 else "403 Forbidden")])
    # containerd asks by HEAD, and takes that for an answer
    assert ("Not available in your country" in found["summary"]) == (name != "containerd")


@shows("server-error", "docker", "containerd", "podman", "skopeo")
def test_a_gateway_whose_registry_is_down(scene, clients, hub, code, name) -> None:
    with front(hub, at_manifests("proxy_pass http://<address>:9;")) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, "502 Bad Gateway"), (ANY, "server: nginx")])


@shows("header-too-large", "docker", "podman", "skopeo", "buildah")
def test_a_server_whose_buffers_do_not_take_the_token(scene, clients, hub, code, name) -> None:
    """containerd's HEAD gets no page, and nothing else says why."""
    with front(hub, SMALL) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, "400 Bad Request")])


@shows("rate-limited", "docker", "containerd", "podman", "buildah")
def test_a_token_service_that_limits_who_has_no_login(scene, clients, hub, code, name) -> None:
    with front(hub, LIMITED_TOKENS, http=WHO) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    proof = [("token", "429 Too Many Requests"), ("token", "TOOMANYREQUESTS")]
    assert_root(scene, code, evidence=proof)


def through(hub) -> str:
    """A mirror whose own requests are recorded too."""
    return f"location / {{ proxy_pass {behind(hub.place)}; {PROXY_HEADERS} }}"


@shows("header-too-large", "containerd", "skopeo")
def test_a_mirror_whose_buffers_do_not_take_its_upstreams_head(scene, clients, hub, code, name) -> None:
    """The client sees a 502; with both sides recorded it shows which head is too long."""
    client = clients(name)
    client.forget()
    with (
        front(hub, through(hub), http=LONG_HEADS) as broken,
        both_sides(scene, f"http://{broken.address}:8080", lead=broken.lead),
    ):
        run = client.pull(broken.image())
    assert run.code != 0, run
    proof = [("blob", "502 Bad Gateway"), ("upstream", "bytes or more")]
    assert_root(scene, code, confidence="implied", evidence=proof)
