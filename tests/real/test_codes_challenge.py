"""Codes of the challenge (catalogue 1.2), by real clients against registries and mirrors whose 401 is wrong."""

from stack.misconfigured import FRONT, MIRROR_OF_HUB, PROXY_HEADERS, front, pulled
from stack.misconfigured_worker import SCRIPT, worker
from stack.place import AUTH, DEAD_AT
from stack.root import ANY, assert_root
from stack.shown import shows

REGISTRY = f"location / {{ proxy_pass http://<registry>; {PROXY_HEADERS}"
LIBRARY_IN_THE_PATH = (
    f"{REGISTRY} rewrite ^/v2/([^/]+)/(manifests|blobs)/(.*)$ /v2/library/$1/$2/$3 break; }}"
)


def challenged(value: str) -> str:
    """The registry's location, with another challenge than its own."""
    return f"{REGISTRY} proxy_hide_header WWW-Authenticate; add_header WWW-Authenticate '{value}' always; }}"


@shows("realm-bypasses-mirror", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_mirror_that_passes_the_realm_on(scene, clients, hub, code, name) -> None:
    with front(hub, MIRROR_OF_HUB) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code == 0, run
    proof = [("challenge", f'realm="https://{AUTH}/token"'), ("token", AUTH)]
    assert_root(scene, code, severity="warning", evidence=proof)


@shows("realm-bypasses-mirror", "docker", "containerd", "podman")
def test_a_mirror_that_passes_a_realm_on_that_cannot_be_reached(scene, clients, hub, code, name) -> None:
    with front(hub, MIRROR_OF_HUB) as broken:
        run = pulled(scene, clients(name), broken.image(), broken, lead={AUTH: DEAD_AT})
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("challenge", f'realm="https://{AUTH}/token"')])


@shows("realm-unreachable", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_realm_where_nobody_listens(scene, clients, hub, code, name) -> None:
    with front(hub, registry={"auth.token.realm": "https://dead.test/token"}) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[("challenge", 'realm="https://dead.test/token"'), (None, "dead.test")])


@shows("challenge-missing", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_proxy_that_strips_the_challenge(scene, clients, hub, code, name) -> None:
    with front(hub, f"{REGISTRY} proxy_hide_header WWW-Authenticate; }}") as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, "401 Unauthorized"), (ANY, "no www-authenticate")])


@shows("challenge-malformed", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_challenge_put_together_without_quotes(scene, clients, hub, code, name) -> None:
    with front(hub, challenged(f"Bearer realm=https://{FRONT}/token,service={FRONT}")) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    proof = [("challenge", f"realm=https://{FRONT}/token"), ("challenge", "not in quotes")]
    assert_root(scene, code, severity="error" if run.code else "warning", evidence=proof)


REALMS = {  # each client meets another one
    "docker": ("http://10.0.0.5/token", "from inside only"),
    "containerd": ("/token", "no absolute URL"),
    "podman": ("", "there is none"),
    "skopeo": (f"https://{FRONT}//service/token", "put together wrongly"),
    "buildah": (f"htps://{FRONT}/token", "its scheme is htps"),
}


@shows("realm-invalid", "docker", "containerd", "podman", "skopeo", "buildah")
def test_a_realm_that_is_no_address(scene, clients, hub, code, name) -> None:
    value, why = REALMS[name]
    without = challenged(f'Bearer service="{FRONT}"')
    with front(hub, "" if value else without, registry={"auth.token.realm": value or "unused"}) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    found = assert_root(scene, code, evidence=[("challenge", value or "Bearer service")])
    assert why in found["summary"]


@shows("scope-wrong-repository", "docker")
def test_a_mirror_that_adds_library_to_the_path_and_not_to_the_scope(scene, clients, hub, code, name) -> None:
    """docker asks for the scope of its own making only."""
    with front(hub, LIBRARY_IN_THE_PATH) as broken:
        run = pulled(scene, clients(name), broken.image("hello-world:latest"), broken)
    assert run.code != 0, run
    proof = [("token", "scope=repository:hello-world:pull"), (ANY, "repository:library/hello-world:pull")]
    assert_root(scene, code, evidence=proof)


@shows("scope-wrong-repository", "containerd", "podman", "skopeo", "buildah")
def test_a_mirror_that_hands_on_only_the_first_of_two_scopes(scene, clients, hub, code, name) -> None:
    """These ask for the challenge's scope as well, beside their own; ``$arg_scope`` is the first."""
    first = (
        f'location = /token {{ set $args "service={FRONT}&scope=$arg_scope"; proxy_pass http://<tokens>; }}'
    )
    with front(hub, f"{LIBRARY_IN_THE_PATH} {first}") as broken:
        run = pulled(scene, clients(name), broken.image("hello-world:latest"), broken)
    assert run.code != 0, run
    assert_root(
        scene, code, evidence=[(ANY, "repository:library/hello-world:pull"), (ANY, "/v2/hello-world/")]
    )


@shows("challenge-missing", "docker", "podman")
def test_a_worker_that_answers_every_401_by_a_bare_one(scene, clients, hub, code, name) -> None:
    line = next(line for line in SCRIPT.splitlines() if '"www-authenticate":' in line)
    with worker(hub, SCRIPT.replace(line, "")) as broken:
        run = pulled(scene, clients(name), broken.image(), broken)
    assert run.code != 0, run
    assert_root(scene, code, evidence=[(ANY, "401 Unauthorized"), (ANY, "no www-authenticate")])
