"""Codes of names and routes (catalogue 1.3), by real clients that ask for what is not there, or not under this path."""

from stack.misconfigured import FRONT, MIRROR_OF_HUB, PROXY_HEADERS, front, pulled
from stack.place import OURS
from stack.remedy import hosts_toml, registries_conf
from stack.root import ANY, assert_root
from stack.shown import shows

HELLO = "docker.io/library/hello-world:latest"


def only(url: str) -> tuple[str, ...]:
    """The lines of a hosts.toml by which containerd asks nobody else. 1.6 passes over a file that has only a server."""
    return f'server = "{url}"', f'[host."{url}"]'


TO_REGISTRY = f"proxy_pass http://<registry>; {PROXY_HEADERS}"


@shows("library-missing", "docker", "containerd", "podman", "skopeo", "buildah")
def test_an_official_image_by_a_mirrors_name_and_without_library(scene, clients, hub, code, name) -> None:
    with front(hub, MIRROR_OF_HUB) as broken:
        run = pulled(scene, clients(name), broken.image("hello-world:latest"), broken)
    assert run.code != 0, run
    proof = [
        (ANY, "/v2/hello-world/manifests/latest"),
        (ANY, "404 Not Found"),
        ("challenge", 'service="registry.docker.io"'),
    ]
    assert_root(scene, code, evidence=proof)


@shows("repository-denied", "docker", "containerd", "podman")
def test_a_private_repository_without_a_login(scene, clients, hub, code, name) -> None:
    with front(hub) as broken:
        run = pulled(scene, clients(name), broken.image("private/secret:latest"), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, "401 Unauthorized"), (ANY, "insufficient_scope")])


ONLY_LIBRARY = """location ~ ^/v2/(?!library/).+/ { default_type application/json;
  return 403 '{"errors":[{"code":"DENIED","message":"this repository is not on the list"}]}'; }"""


@shows("repository-denied", "docker", "containerd", "skopeo")
def test_a_mirror_that_serves_what_is_on_its_list(scene, clients, hub, code, name) -> None:
    with front(hub, ONLY_LIBRARY) as broken:
        run = pulled(scene, clients(name), broken.image("labuser/big:latest"), broken)
    assert run.code != 0, run
    # containerd asks by HEAD, and nobody says what a HEAD is refused for.
    sure = {"severity": "warning", "confidence": "implied"} if name == "containerd" else {}
    assert_root(scene, code, evidence=[(ANY, "403 Forbidden")], **sure)


@shows("tag-not-found", "docker", "containerd", "skopeo")
def test_a_tag_that_was_never_pushed(scene, clients, hub, code, name) -> None:
    with front(hub) as broken:
        run = pulled(scene, clients(name), broken.image("library/hello-world:nope"), broken)
    assert run.code != 0, run
    found = assert_root(scene, code, evidence=[(ANY, "404 Not Found")])
    assert "library/hello-world has no tag nope at front.test" in found["summary"]


@shows("path-prefix-wrong", "docker", "containerd", "buildah")
def test_a_reference_that_names_the_api_as_well(scene, clients, hub, code, name) -> None:
    with front(hub) as broken:
        run = pulled(scene, clients(name), broken.image("v2/library/hello-world:latest"), broken)
    assert run.code != 0, run
    proof = [(ANY, "/v2/v2/library/hello-world/manifests/latest"), (ANY, "404 Not Found")]
    assert_root(scene, code, evidence=proof, confidence="implied")


# As Harbor, Nexus and Artifactory have it: the proxied registry is a part of the name. Everything else is their web page.
BY_PATH = f"""location /v2/hub/ {{ {TO_REGISTRY} rewrite ^/v2/hub/(.*)$ /v2/$1 break; }}
location = /v2/ {{ {TO_REGISTRY} }}
location / {{ default_type text/html; return 200 '<!doctype html><title>Repositories</title>'; }}"""


@shows("path-prefix-wrong", "containerd")
def test_a_mirror_by_path_whose_path_stands_before_the_api(scene, clients, hub, code, name) -> None:
    client = clients(name)
    client.forget()
    with front(hub, BY_PATH) as broken, scene.recorded(lead=broken.lead):
        run = hosts_toml(client, HELLO, *only(f"https://{FRONT}/hub"))
    assert run.code != 0, run
    proof = [(ANY, "/hub/v2/library/hello-world/manifests/latest"), (ANY, "content-type: text/html")]
    assert_root(scene, code, evidence=proof, confidence="implied")


@shows("path-prefix-wrong", "podman", "skopeo", "buildah")
def test_a_location_with_the_api_in_it(scene, clients, hub, code, name) -> None:
    client = clients(name)
    client.forget()
    lines = "[[registry]]", 'prefix = "docker.io"', f'location = "{FRONT}/v2/hub"'
    with front(hub, BY_PATH) as broken, scene.recorded(lead=broken.lead):
        run = registries_conf(client, HELLO, *lines)
    assert run.code != 0, run
    assert_root(
        scene, code, evidence=[(ANY, "/v2/v2/hub/library/hello-world/manifests/latest")], confidence="implied"
    )


# A service behind the mirror that checks the query, as signed storages do.
NO_QUERY = "server { listen <address>:5002; if ($args) { return 400; } location / { proxy_pass http://<registry>; } }"
PASSES_QUERY = f"location / {{ proxy_pass http://<address>:5002; {PROXY_HEADERS} }}"


@shows("ns-not-supported", "containerd")
def test_a_mirror_that_passes_the_namespace_to_who_does_not_bear_it(scene, clients, hub, code, name) -> None:
    client = clients(name)
    client.forget()
    with front(hub, PASSES_QUERY, http=NO_QUERY) as broken, scene.recorded(lead=broken.lead):
        run = hosts_toml(client, HELLO, *only(f"https://{FRONT}"))
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, "ns=docker.io"), (ANY, "400 Bad Request")], confidence="implied")


# A CI's variable, as it is written there. The path behind the mirror is recorded, not what the clients ask: they would refuse it.
UPPER_CASE = "location /v2/ { rewrite ^/v2/(.+)$ /v2/Team/$1 break; proxy_pass http://<proxy>; proxy_set_header Host $http_host; }"


@shows("name-invalid", "docker", "containerd", "podman")
def test_a_mirror_that_makes_a_name_with_upper_case_of_it(scene, clients, hub, code, name) -> None:
    with front(hub, UPPER_CASE, at=OURS) as broken:
        behind = f"reverse:http://{broken.settings['http']['addr']}"
        run = pulled(scene, clients(name), broken.image(), broken, mode=behind)
    assert run.code != 0, run
    # docker asks with its own scope's token; what the others ask with is for the name that cannot be.
    proof = [
        (ANY, "Team/library/hello-world has upper-case letters"),
        (ANY, "401" if name == "docker" else "404 Not Found"),
    ]
    assert_root(scene, code, evidence=proof)
