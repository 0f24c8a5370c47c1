"""Upstreams that are away, or not who they should be: what each client says of it."""

import pytest
from stack.clients import CLIENTS
from stack.mirror import running
from stack.place import AUTH, DEAD_AT, OURS, REGISTRY

EVERY = pytest.mark.parametrize("name", CLIENTS)
HELLO = f"{OURS}/hello-world:latest"
# Of a 5xx these print the number alone; the others print the status line, where the mirror says which upstream, and why.
TERSE = ("podman", "skopeo", "buildah")

# What is wrong, and what the mirror says of it.
FAULTS = {
    "token service down": ({AUTH: DEAD_AT}, f"mirror of docker.io ({AUTH}): connection refused"),
    "registry down": ({REGISTRY: DEAD_AT}, f"mirror of docker.io ({REGISTRY}): connection refused"),
    "stranger": ({}, f"mirror of docker.io ({REGISTRY}): its certificate is not accepted"),
}


@pytest.fixture(scope="module", params=FAULTS)
def fault(hub, request):
    """The mirror that has this fault, and what it should say."""
    lead, sentence = FAULTS[request.param]
    authority = hub.place.folder("stranger") / "mitmproxy-ca-cert.pem"
    trust = {"ssl_verify_upstream_trusted_ca": str(authority)} if request.param == "stranger" else {}
    with running(hub, request.param.replace(" ", "-"), lead=lead, **trust) as started:
        yield started, sentence


@EVERY
def test_what_is_wrong_upstream_is_in_the_clients_one_line(fault, clients, name) -> None:
    mirror, sentence = fault
    client = clients(name)
    client.forget()
    with mirror.logged() as log:
        run = client.pull(HELLO)
    assert run.code != 0, run
    assert ("502" if name in TERSE else sentence) in run.text, run
    # A body in an answer to HEAD would be taken for the answer to the next request.
    assert "Unsolicited response" not in run.text, run
    assert sentence in mirror.log.read_text()
    assert {one.host for one in log} <= ({REGISTRY} if AUTH in sentence else set())
