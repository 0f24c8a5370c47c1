"""Upstreams that are away, or not who they should be, behind a mirror of their own; and a mirror that is started anew."""

import pytest
from stack.clients import CLIENTS
from stack.mirror import running
from stack.place import AUTH, DEAD, DEAD_AT, OURS, REGISTRY

EVERY = pytest.mark.parametrize("name", CLIENTS)
HELLO = f"{OURS}/hello-world:latest"

FAULTS = {
    "token service down": {"lead": {AUTH: DEAD_AT}},
    "registry down": {"lead": {REGISTRY: DEAD_AT}},
    "certificate of a stranger": {"ssl_verify_upstream_trusted_ca": "stranger"},
}


@pytest.fixture(scope="module", params=FAULTS)
def faulty(hub, request):
    more = dict(FAULTS[request.param])
    if "ssl_verify_upstream_trusted_ca" in more:
        more["ssl_verify_upstream_trusted_ca"] = str(hub.place.folder("stranger") / "mitmproxy-ca-cert.pem")
    with running(hub, request.param.replace(" ", "-"), **more) as started:
        started.fault = request.param
        yield started


@EVERY
def test_what(faulty, clients, name) -> None:
    client = clients(name)
    client.forget()
    with faulty.logged() as log:
        run = client.pull(HELLO)
    with open("/tmp/mm-up.txt", "a") as f:
        f.write(f"== {faulty.fault} {name} {run.code}\n{run.text[-1200:]}\n")
    assert run.code != 0, run


@EVERY
def test_one_of_two_addresses_may_be_dead(two, clients, name) -> None:
    client = clients(name)
    client.forget()
    with two.logged() as log:
        run = client.pull(HELLO)
    assert run.code == 0, run
    assert two.around(log) == []


@pytest.fixture(scope="module")
def two(hub):
    addresses = f"docker.io=https://{DEAD},https://{REGISTRY}"
    with running(hub, "two", mirror_upstreams=addresses) as started:
        yield started
