"""Several upstreams behind one mirror, which is reached at a port of its own: by Host, by containerd's ns=, by path prefix.

One of them asks for no login, and is reached although the mirror's ping asks for docker.io's.
"""

import http.client
import json
from contextlib import closing

import pytest
from stack.clients import CLIENTS
from stack.cutter import Cutter
from stack.mirror import running
from stack.place import INNER, OURS, OURS_AT, OURS_INNER, REGISTRY, SECOND
from stack.procs import Service, environment, listens

EVERY = pytest.mark.parametrize("name", CLIENTS)
PORT, OPEN_PORT = 5443, 5003

OPEN_YML = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: false}}}}
storage: {{filesystem: {{rootdirectory: {data}}}}}
http: {{addr: "{inner}:{port}", secret: only-for-tests}}
"""


@pytest.fixture(scope="module")
def open_registry(hub):
    """distribution on the hub's own data, for everybody; its origin."""
    config, inner = hub.place.root / "open.yml", hub.place.at(INNER)
    config.write_text(OPEN_YML.format(data=hub.place.folder("hub"), inner=inner, port=OPEN_PORT))
    argv = ["docker-registry", "serve", str(config)]
    service = Service(argv, log=hub.place.log / "open.log", env=environment(hub.place))
    service.wait_for(listens(inner, OPEN_PORT))
    yield f"http://{inner}:{OPEN_PORT}"
    service.stop()


@pytest.fixture(scope="module")
def mirror(hub, open_registry):
    config = hub.place.root / "several.toml"
    config.write_text(
        'default = "docker.io"\n[upstream."docker.io"]\n'
        f'[upstream."second.test"]\naddresses = ["https://{REGISTRY}"]\nhosts = ["{SECOND}"]\n'
        f'[upstream."open.test"]\naddresses = ["{open_registry}"]\n'
    )
    port = Cutter((hub.place.at(OURS_AT), PORT), (hub.place.at(OURS_INNER), 443), after=0, left=0)
    with port, running(hub, "several", mirror_config=str(config)) as started:
        yield started


def repositories(log) -> set[str]:
    return {
        "/".join(one.path.split("/")[2:-2]) for one in log if one.stage in ("resolve", "manifest", "redirect")
    }


@EVERY
@pytest.mark.parametrize(
    ("reference", "asked"),
    [
        (f"{OURS}:{PORT}/hello-world:latest", "library/hello-world"),
        (f"{SECOND}:{PORT}/library/hello-world:latest", "library/hello-world"),
        (f"{SECOND}:{PORT}/team/sub/deep:latest", "team/sub/deep"),
    ],
)
def test_the_host_chooses_the_upstream_whatever_the_port(mirror, clients, name, reference, asked) -> None:
    client = clients(name)
    client.forget()
    with mirror.logged() as log:
        run = client.pull(reference)
    assert run.code == 0, run
    assert mirror.around(log) == []
    assert repositories(log) == {asked}


@EVERY
def test_a_host_of_an_upstream_adds_no_library(mirror, clients, name) -> None:
    """docker.io's alone: so it is seen which upstream was chosen."""
    client = clients(name)
    client.forget()
    with mirror.logged() as log:
        run = client.pull(f"{SECOND}:{PORT}/hello-world:latest")
    assert run.code != 0, run
    assert {one.path for one in log if one.status == 404} == {"/v2/hello-world/manifests/latest"}


@EVERY
def test_an_upstream_that_asks_for_no_login_is_reached_by_prefix(mirror, hub, clients, name) -> None:
    client = clients(name)
    client.forget()
    log = hub.place.log / "open.log"
    start = log.stat().st_size
    run = client.pull(f"{OURS}/open.test/library/hello-world:latest")
    assert run.code == 0, run
    said = log.read_bytes()[start:].decode()
    assert "/v2/library/hello-world/blobs/" in said
    assert "no-token-is-needed" not in said + mirror.log.read_text()


# -- containerd's hosts.toml ---------------------------------------------------------------------------------------------


def through(client, namespace, reference):
    folder = client.place.folder("containerd", "several", namespace)
    (folder / "hosts.toml").write_text(
        f'server = "https://{namespace}"\n[host."https://{OURS}:{PORT}"]\ncapabilities = ["pull", "resolve"]\n'
    )
    client.forget()
    words = ("--snapshotter", "native", "--hosts-dir", str(folder.parent))
    return client.ctr("images", "pull", *words, f"{namespace}/{reference}")


@pytest.mark.parametrize(
    ("namespace", "reference", "asked"),
    [
        ("docker.io", "hello-world:latest", "library/hello-world"),
        ("second.test", "team/sub/deep:latest", "team/sub/deep"),
        ("second.test", "library/hello-world:latest", "library/hello-world"),
    ],
)
def test_containerds_namespace_chooses_the_upstream(mirror, clients, namespace, reference, asked) -> None:
    with mirror.logged() as log:
        run = through(clients("containerd"), namespace, reference)
    assert run.code == 0, run
    assert mirror.around(log) == []
    assert repositories(log) == {asked}


def test_a_namespace_that_is_not_in_the_list_leads_nowhere(mirror, clients) -> None:
    """containerd turns to the registry itself then, which there is none of: it tells of that alone."""
    with mirror.logged() as log:
        run = through(clients("containerd"), "dead.test", "hello-world:latest")
    assert run.code != 0, run
    assert log == []
    assert "this mirror has no upstream" in mirror.log.read_text()


# -- plain HTTP ----------------------------------------------------------------------------------------------------------


def test_plain_http_at_a_mirror_with_a_certificate_is_refused(mirror, hub, clients) -> None:
    """Before a challenge could be answered with a password in clear. ctr alone, told so, does not try TLS first."""
    client = clients("containerd")
    client.forget()
    words = ("--snapshotter", "native", "--plain-http", f"{OURS}:{PORT}/hello-world:latest")
    with mirror.logged() as log:
        run = client.ctr("images", "pull", *words)
    assert run.code != 0, run
    assert "400 Bad Request" in run.text, run
    assert log == []
    with closing(http.client.HTTPConnection(hub.place.at(OURS_AT), PORT)) as asked:
        asked.request("GET", "/v2/", headers={"Host": f"{OURS}:{PORT}"})
        said = json.loads(asked.getresponse().read())["errors"][0]["message"]
    assert said == f"this mirror speaks TLS only: https://{OURS}:{PORT}"
