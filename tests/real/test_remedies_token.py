"""Remedies of challenge and token, carried out as they are printed: what was broken is pulled then, by the same client."""

import shlex

import pytest
from stack.clients import PASSWORD, USER
from stack.misconfigured import FRONT, MIRROR_OF_HUB, PROXY_HEADERS, front, htpasswd, pulled
from stack.place import AUTH, DEAD_AT
from stack.remedy import lines_for, logged_in
from stack.root import assert_pulled, root
from test_codes_challenge import LIBRARY_IN_THE_PATH, REGISTRY, challenged
from test_codes_token import LOSES_LIBRARY, NO_TOKENS

HELLO = "library/hello-world:latest"


def cured(scene, client, broken, code, product, *, image=HELLO, at="location /", lead=None) -> None:
    """A pull that fails on ``code``, the remedy for ``product``, a pull that succeeds."""
    run = pulled(scene, client, broken.image(image), broken, lead=lead or {})
    assert run.code != 0, run
    found = root(scene)
    assert found["code"] == code
    broken.apply(found["remedy"], product, at=at)
    run = pulled(scene, client, broken.image(image), broken, lead=lead or {})
    assert run.code == 0, run
    assert_pulled(scene, code)


@pytest.mark.parametrize("name", ["docker", "containerd", "skopeo"])
def test_a_mirror_by_nginx_names_its_own_realm(scene, clients, hub, name) -> None:
    """The client cannot reach Docker Hub's token service; the mirror can."""
    with front(hub, MIRROR_OF_HUB) as broken:
        cured(scene, clients(name), broken, "realm-bypasses-mirror", "nginx", lead={AUTH: DEAD_AT})


@pytest.mark.parametrize("name", ["docker", "containerd", "podman"])
def test_nginx_passes_the_challenge_on(scene, clients, hub, name) -> None:
    with front(hub, f"{REGISTRY} proxy_hide_header WWW-Authenticate; }}") as broken:
        cured(scene, clients(name), broken, "challenge-missing", "nginx")


@pytest.mark.parametrize("name", ["docker", "containerd"])
def test_nginx_writes_the_challenge_by_the_grammar(scene, clients, hub, name) -> None:
    with front(hub, challenged(f"Bearer realm=https://{FRONT}/token,service={FRONT}")) as broken:
        cured(scene, clients(name), broken, "challenge-malformed", "nginx")


@pytest.mark.parametrize("realm", ["http://10.0.0.5/token", "/token"])
@pytest.mark.parametrize("name", ["docker", "skopeo"])
def test_distribution_names_a_realm_that_can_be_asked(scene, clients, hub, name, realm) -> None:
    with front(hub, registry={"auth.token.realm": realm}) as broken:
        cured(scene, clients(name), broken, "realm-invalid", "distribution")


@pytest.mark.parametrize("name", ["docker", "containerd", "buildah"])
def test_nginx_passes_the_token_on(scene, clients, hub, name) -> None:
    way = f"location / {{ proxy_pass http://<registry>; {PROXY_HEADERS} proxy_set_header Authorization ''; }}"
    with front(hub, way) as broken:
        cured(scene, clients(name), broken, "token-ignored", "nginx")


@pytest.mark.parametrize("tokens", [{"issuer": "other issuer"}, {"audience": "registry.example"}])
@pytest.mark.parametrize("name", ["containerd", "podman"])
def test_distribution_believes_its_token_service(scene, clients, hub, name, tokens) -> None:
    with front(hub, tokens=tokens) as broken:
        cured(scene, clients(name), broken, "token-ignored", "distribution")


def test_nginx_adds_library_to_the_scope_too(scene, clients, hub) -> None:
    with front(hub, LIBRARY_IN_THE_PATH) as broken:
        where = {"image": "hello-world:latest", "at": "location = /token"}
        cured(scene, clients("docker"), broken, "scope-wrong-repository", "nginx", **where)


@pytest.mark.parametrize("name", ["docker", "containerd", "skopeo"])
def test_nginx_hands_the_scope_on(scene, clients, hub, name) -> None:
    with front(hub, LOSES_LIBRARY) as broken:
        cured(scene, clients(name), broken, "insufficient-scope", "nginx", at="location = /token")


def test_docker_forgets_a_login_that_is_refused(scene, clients, hub) -> None:
    docker = clients("docker")
    with front(hub, tokens={"users": {USER: "changed"}}) as broken, logged_in(docker, FRONT, USER, PASSWORD):
        run = pulled(scene, docker, broken.image(), broken)
        assert run.code != 0, run
        assert root(scene)["code"] == "token-denied"
        [command] = lines_for(root(scene)["remedy"], "docker")
        assert docker.docker(*shlex.split(command)[1:]).code == 0
        run = pulled(scene, docker, broken.image(), broken)
    assert run.code == 0, run
    assert_pulled(scene, "token-denied")


@pytest.mark.parametrize("code", ["credentials-missing", "credentials-refused"])
@pytest.mark.parametrize("name", ["docker", "podman"])
def test_a_login_for_exactly_this_host_is_what_lacked(scene, clients, hub, name, code) -> None:
    """The remedy's commands as they are printed; name and password are the user's to add."""
    client = clients(name)
    way = f"location / {{ proxy_pass http://<registry>; {PROXY_HEADERS} {htpasswd(hub)} }}"
    stored = "docker.io" if code == "credentials-missing" else FRONT
    with front(hub, way, registry=NO_TOKENS) as broken, logged_in(client, stored, USER, "an old one") as file:
        run = pulled(scene, client, broken.image(), broken)
        assert run.code != 0, run
        assert root(scene)["code"] == code
        commands = lines_for(root(scene)["remedy"], name)
        assert commands[-1] == f"{name} login {FRONT}"
        with scene.recorded(lead=broken.lead):
            done = [_done(client, command, file) for command in commands]
        assert [one.code for one in done] == [0] * len(commands), done
        run = pulled(scene, client, broken.image(), broken)
    assert run.code == 0, run
    assert_pulled(scene, code)


def _done(client, command, file):
    words = shlex.split(command)
    words += ["-u", USER, "-p", PASSWORD] if words[1] == "login" else []
    if client.name == "docker":
        return client.docker(*words[1:])
    return client.run(*words, REGISTRY_AUTH_FILE=str(file))
