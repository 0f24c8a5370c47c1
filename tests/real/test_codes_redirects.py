"""Codes of redirects and storages (catalogue 1.5), by real clients that are sent where they cannot, or should not, go."""

import pytest
from stack import pki
from stack.misconfigured import FRONT, FRONT_AT, MIRROR_OF_HUB, PROXY_HEADERS, front, pulled
from stack.place import CDN, DEAD_AT, OURS, REGISTRY, STORE_AT
from stack.root import ANY, assert_root
from stack.shown import shows
from stack.store import Store

HELLO = "docker.io/library/hello-world:latest"
STORAGE = "storage.test"
TO_REGISTRY = f"proxy_pass http://<registry>; {PROXY_HEADERS}"


def redirecting(url: str) -> dict[str, object]:
    """distribution's settings by which it sends its clients to a storage for the blobs."""
    return {"middleware.storage": [{"name": "redirect", "options": {"baseurl": url}}]}


def storage(inside: str = "", name: str = STORAGE, listen: str = "443 ssl", outside: str = "") -> str:
    """A server beside the front: the storage, which has the blobs."""
    pair = f"ssl_certificate <pki>/{STORAGE}.crt; ssl_certificate_key <pki>/{STORAGE}.key;"
    serves = f"location / {{ {inside} root <data>; }} {outside}"
    return f"server {{ listen <address>:{listen}; server_name {name}; {pair} {serves} }}"


TO_STORAGE = redirecting(f"https://{STORAGE}/")
LEAD = {STORAGE: FRONT_AT}


@pytest.fixture(autouse=True)
def _certificate(hub) -> None:
    pki.leaf(hub.place, STORAGE, (STORAGE, f"blobs.{FRONT}"))


@shows("cdn-unreachable", "docker", "containerd", "skopeo")
def test_a_storage_where_nobody_listens(scene, clients, hub, code, name) -> None:
    with front(hub, registry=TO_STORAGE) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, lead={STORAGE: DEAD_AT})
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("redirect", f"location: https://{STORAGE}/"), (None, STORAGE)])


WITHOUT_SIGNATURE = MIRROR_OF_HUB.replace("}", r"proxy_redirect ~^(https://[^?]+)\?.*$ $1; }")


@shows("cdn-denied", "docker", "containerd", "buildah")
def test_a_mirror_that_cuts_the_signature_off_the_link(scene, clients, hub, code, name) -> None:
    with front(hub, WITHOUT_SIGNATURE) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("redirect", f"location: https://{CDN}/"), ("cdn", "403 Forbidden")])


def following(headers: str = "") -> str:
    """A front that follows its registry's redirects itself."""
    errors = "proxy_intercept_errors on; recursive_error_pages on; error_page 301 302 307 = @s;"
    at = f"location @s {{ {headers} set $l $upstream_http_location; proxy_pass $l; }}"
    return f"resolver <dns> ipv6=off; location / {{ {TO_REGISTRY} {errors} }} {at}"


def s3(when: str, status: int, code: str, message: str, listen: str = "443 ssl") -> str:
    """A storage that refuses in S3's words."""
    said = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return storage(
        f"default_type application/xml; if ({when}) {{ return {status} '{said}'; }}", listen=listen
    )


ONE_MECHANISM = s3("$http_authorization", 400, "InvalidArgument", "Only one auth mechanism allowed")
CHANGED_HOST = s3(
    f"$host != {STORAGE}", 403, "SignatureDoesNotMatch", "Signature does not match", listen="8443 ssl"
)
TO_8443 = redirecting(f"https://{STORAGE}:8443/")


@shows("cdn-rejects-authorization", "docker", "containerd", "podman")
def test_a_mirror_that_takes_the_token_along_to_the_storage(scene, clients, hub, code, name) -> None:
    with front(hub, following(), registry=TO_STORAGE, http=ONE_MECHANISM, dns=True, leads=LEAD) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    proof = [("blob", "400 Bad Request"), ("blob", "Only one auth mechanism allowed")]
    assert_root(scene, code, evidence=proof, confidence="implied")


@shows("cdn-denied", "docker", "containerd", "skopeo")
def test_a_mirror_that_asks_the_storage_by_its_own_name(scene, clients, hub, code, name) -> None:
    own = following('proxy_set_header Authorization ""; proxy_set_header Host $host;')
    with front(hub, own, registry=TO_8443, http=CHANGED_HOST, dns=True, leads=LEAD) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(
        scene,
        code,
        evidence=[("blob", "403 Forbidden"), ("blob", "SignatureDoesNotMatch")],
        confidence="implied",
    )


# The mirror's own requests are recorded: to the registry at one address, to the storage at another.
REGISTRY_BEHIND, CDN_BEHIND = 30, 31
BEHIND = {REGISTRY: REGISTRY_BEHIND, CDN: CDN_BEHIND}


def behind(hub) -> str:
    """The modes of a proxy that stands between a mirror and the hub."""
    at = hub.place.at
    modes = (f"reverse:https://{name}@{at(last)}:443" for name, last in BEHIND.items())
    return " ".join(("regular", *modes))


FOLLOWS_HUB = following().replace(
    TO_REGISTRY, f"proxy_pass https://{REGISTRY}; proxy_set_header Host {REGISTRY};"
)


@shows("credentials-forwarded", "docker", "containerd", "skopeo")
def test_what_a_mirror_takes_along_seen_behind_it(scene, clients, hub, code, name) -> None:
    with front(hub, FOLLOWS_HUB, at=OURS, dns=True, leads=BEHIND) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, mode=behind(hub))
    assert run.code != 0, run
    proof = [
        ("redirect", f"location: https://{CDN}/"),
        ("cdn", "authorization: Bearer"),
        ("cdn", "400 Bad Request"),
    ]
    assert_root(scene, code, evidence=proof)


@shows("credentials-forwarded", "containerd", "podman")
def test_a_storage_below_the_registrys_own_name(scene, clients, hub, code, name) -> None:
    """Go keeps the header there by design."""
    below = f"blobs.{FRONT}"
    with front(hub, registry=redirecting(f"https://{below}/"), http=storage(name=below)) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, lead={below: FRONT_AT})
    assert run.code == 0, run
    proof = [("redirect", f"location: https://{below}/"), ("cdn", "authorization: Bearer")]
    assert_root(scene, code, severity="note", evidence=proof)


@shows("redirect-leaves-mirror", "containerd", "buildah")
def test_a_mirror_whose_redirects_nobody_can_follow(scene, clients, hub, code, name) -> None:
    with front(hub, MIRROR_OF_HUB) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, lead={CDN: DEAD_AT})
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("redirect", f"location: https://{CDN}/"), ("redirect", "Docker Hub")])


@shows("signed-url-expired", "docker", "containerd", "podman")
def test_a_link_that_is_too_old(scene, clients, hub, code, name) -> None:
    with Store(hub.place) as store:
        store.expired = 1000
        run = pulled(scene, clients(name), HELLO, lead={CDN: STORE_AT})
    assert run.code != 0, run
    assert_root(
        scene, code, evidence=[("redirect", f"location: https://{CDN}/"), ("cdn", "Request has expired")]
    )


# Links of a year ago, as of a server whose clock is wrong.
OLD_LINKS = f"location / {{ {TO_REGISTRY} proxy_redirect ~^(https://{STORAGE}/.*)$ $1?Expires=1700000000&Signature=x; }}"


@shows("signed-url-expired", "docker", "containerd")
def test_a_link_of_a_clock_that_is_wrong(scene, clients, hub, code, name) -> None:
    with front(
        hub, OLD_LINKS, registry=TO_STORAGE, http=storage("if ($arg_Expires) { return 403; }")
    ) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, lead=LEAD)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("cdn", "s after the link's end"), ("cdn", "403 Forbidden")])


@shows("redirect-to-private", "containerd", "skopeo")
def test_a_storage_by_its_name_inside(scene, clients, hub, code, name) -> None:
    with front(hub, registry=redirecting("http://minio.registry.svc:9000/")) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    proof = [("redirect", "location: http://minio.registry.svc:9000/"), ("redirect", "a name for the inside")]
    assert_root(scene, code, evidence=proof)


@shows("redirect-to-http", "docker", "containerd", "buildah")
def test_a_storage_by_http(scene, clients, hub, code, name) -> None:
    with front(hub, registry=redirecting(f"http://{STORAGE}/"), http=storage(listen="80")) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, lead=LEAD)
    assert run.code == 0, run
    assert_root(scene, code, severity="warning", evidence=[("redirect", f"location: http://{STORAGE}/")])


# A gateway ends TLS, and does not say so to a server that sends all to https, or builds its links from what it sees.
GATEWAY = "location / { proxy_pass http://<address>:5002; proxy_set_header Host $http_host; }"
ONLY_HTTPS = """server { listen <address>:5002; location / {
  if ($http_x_forwarded_proto != https) { return 301 https://$http_host$request_uri; }
  proxy_pass http://<registry>; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https; } }"""
OWN_LINKS = """map $http_x_forwarded_proto $outer { default http; https https; }
server { listen <address>:5002; location / {
  rewrite ^/v2/([^/]+)/(manifests|blobs)/(.*)$ $outer://$http_host/v2/library/$1/$2/$3 permanent;
  proxy_pass http://<registry>; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https; } }"""


@shows("redirect-loop", "docker", "containerd", "podman")
def test_two_servers_that_send_the_client_round(scene, clients, hub, code, name) -> None:
    with front(hub, GATEWAY, http=ONLY_HTTPS) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, f"location: https://{FRONT}/v2/")])


@shows("redirect-to-http", "docker", "containerd", "podman")
def test_links_of_a_registry_that_does_not_know_of_tls(scene, clients, hub, code, name) -> None:
    with front(hub, GATEWAY, http=OWN_LINKS) as broken:
        run = pulled(scene, clients(name), broken.image("hello-world:latest"), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, f"location: http://{FRONT}/v2/library/hello-world/")])


def presigned(hub) -> dict[str, str]:
    """A registry that sends its clients to a storage for the tag too, by a link that is signed for GET."""
    digest = hub.digests["hello"].removeprefix("sha256:")
    kind = "default_type application/vnd.oci.image.index.v1+json;"
    file = f"alias <data>/docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data;"
    only_get = f"location = /index {{ if ($request_method = HEAD) {{ return 403; }} {kind} {file} }}"
    served = storage(outside=only_get)
    link = f"https://{STORAGE}/index?X-Amz-Signature=0123456789abcdef"
    tag = f"location = /v2/library/hello-world/manifests/latest {{ return 307 {link}; }}"
    return {"locations": tag, "http": served}


@shows("signed-url-method", "docker", "containerd")
def test_a_link_for_get_that_is_asked_by_head(scene, clients, hub, code, name) -> None:
    with front(hub, **presigned(hub)) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, lead=LEAD)
    proof = [("redirect", f"location: https://{STORAGE}/index"), ("cdn", "403 Forbidden")]
    # containerd stops there: that GET would be served is not seen.
    assert (run.code == 0) is (name == "docker"), run
    sure = {"docker": "proved", "containerd": "implied"}[name]
    assert_root(scene, code, severity="warning", confidence=sure, evidence=proof)


@shows("redirect-leaves-mirror", "docker", "podman")
def test_a_mirror_whose_redirects_are_passed_on(scene, clients, hub, code, name) -> None:
    own = MIRROR_OF_HUB.replace(
        "}",
        "proxy_hide_header WWW-Authenticate; add_header WWW-Authenticate "
        f'\'Bearer realm="https://{FRONT}/token",service="registry.docker.io"\' always; }}',
    )
    with front(hub, own) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code == 0, run
    assert_root(scene, code, severity="note", evidence=[("redirect", f"location: https://{CDN}/")])
