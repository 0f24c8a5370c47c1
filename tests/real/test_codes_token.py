"""Codes of tokens and logins (catalogue 1.2), by real clients against token services and registries that refuse them."""

import pytest
from stack import pki
from stack.clients import CLIENTS, PASSWORD, USER
from stack.misconfigured import FRONT, PROXY_HEADERS, front, htpasswd, pulled
from stack.remedy import daemon_json, logged_in, registries_conf
from stack.root import ANY, assert_root, findings
from stack.shown import shows

PLAIN = f"{FRONT}:5000"
TO_REGISTRY = f"proxy_pass http://<registry>; {PROXY_HEADERS}"
PAGE = "<!doctype html><title>Sign in</title>"
HTML = f"location = /token {{ default_type text/html; return 200 '{PAGE}'; }}"
NO_FIELD = (
    """location = /token { default_type application/json; return 200 '{"jwt": "eyJhbGciOiJub25lIn0"}'; }"""
)
# The realm of the mirror's own asks for what the client did not: library/ got lost.
LOSES_LIBRARY = f'location = /token {{ set $args "service={FRONT}&scope=repository:hello-world:pull"; proxy_pass http://<tokens>; }}'
NO_TOKENS = {"auth": None}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_healthy_front_shows_nothing(scene, clients, hub, name) -> None:
    with front(hub) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code == 0, run
    assert [one["code"] for one in findings(scene) if one["severity"] != "note"] == []


@shows("token-not-json", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_realm_that_is_a_web_page(scene, clients, hub, code, name) -> None:
    with front(hub, HTML) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("token", "content-type: text/html"), ("token", PAGE)])


@shows("token-field-missing", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_token_service_that_calls_the_token_otherwise(scene, clients, hub, code, name) -> None:
    with front(hub, NO_FIELD) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("token", "holds no token")])


@shows("token-denied", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_stored_login_whose_password_was_changed(scene, clients, hub, code, name) -> None:
    client = clients(name)
    with front(hub, tokens={"users": {USER: "changed"}}) as broken, logged_in(client, FRONT, USER, PASSWORD):
        # ctr has no store of logins
        run = pulled(scene, client, broken.image(), broken, login=name == "containerd")
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("token", "401 Unauthorized"), ("token", "carries a login")])


@shows("insufficient-scope", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_token_for_less_than_was_asked(scene, clients, hub, code, name) -> None:
    with front(hub, LOSES_LIBRARY) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("token", "grants hello-world:pull"), (ANY, "insufficient_scope")])


@shows("credentials-missing", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_registry_that_wants_a_password(scene, clients, hub, code, name) -> None:
    with front(hub, f"location / {{ {TO_REGISTRY} {htpasswd(hub)} }}", registry=NO_TOKENS) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(
        scene, code, evidence=[("challenge", 'Basic realm="Registry"'), ("challenge", "no authorization")]
    )


@shows("credentials-refused", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_registry_that_refuses_the_password(scene, clients, hub, code, name) -> None:
    client = clients(name)
    way = f"location / {{ {TO_REGISTRY} {htpasswd(hub, 'somebody')} }}"
    with front(hub, way, registry=NO_TOKENS) as broken, logged_in(client, FRONT, USER, PASSWORD):
        run = pulled(scene, client, broken.image(), broken, login=name == "containerd")
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, "authorization: Basic"), (ANY, 'Basic realm="Registry"')])


IGNORED = {
    "proxy": {"locations": f"location / {{ {TO_REGISTRY} proxy_set_header Authorization ''; }}"},
    "audience": {"tokens": {"audience": "registry.example"}},
    "issuer": {"tokens": {"issuer": "other issuer"}},
    "key": {"tokens": {"key": "other"}},
}


WHY = dict(zip(CLIENTS, ["proxy", "audience", "issuer", "key", "proxy"], strict=True))


@shows("token-ignored", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_good_token_that_is_not_believed(scene, clients, hub, code, name) -> None:
    pki.leaf(hub.place, "other", ("other.test",))
    with front(hub, **IGNORED[WHY[name]]) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(
        scene,
        code,
        evidence=[("token", "gives the token"), (ANY, "authorization: Bearer"), (ANY, "Bearer realm")],
    )


@shows("token-expired", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_token_service_whose_clock_is_wrong(scene, clients, hub, code, name) -> None:
    ahead = 2000 if name in ("docker", "skopeo") else -2000
    with front(hub, tokens={"ahead": ahead}) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("token", "300 s"), (ANY, "date: ")])


# Otherwise the proxy would speak TLS for the registry that does not, and no client would try http.
UNTOUCHED = {"ignore_hosts": "^front[.]test:5000$"}


@shows("basic-over-http", "docker", "podman", "skopeo", "buildah")
def test_a_password_that_is_sent_in_the_clear(scene, clients, hub, code, name) -> None:
    client, image = clients(name), f"{PLAIN}/library/hello-world:latest"
    way = f"listen <address>:5000; location / {{ {TO_REGISTRY} {htpasswd(hub)} }}"
    client.forget()
    with (
        front(hub, way, registry=NO_TOKENS) as broken,
        logged_in(client, PLAIN, USER, PASSWORD),
        scene.recorded(lead=broken.lead, options=UNTOUCHED),
    ):
        if name == "docker":
            with daemon_json(client, f'"insecure-registries": ["{PLAIN}"]'):
                run = client.docker("pull", image)
        else:
            run = registries_conf(client, image, "[[registry]]", f'location = "{PLAIN}"', "insecure = true")
    assert run.code == 0, run
    assert_root(scene, code, severity="warning", evidence=[(ANY, f"GET http://{PLAIN}/v2/"), (ANY, "Basic")])
