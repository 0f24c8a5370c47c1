"""``pull-inspector watch`` without a command: it stays up, says what to set, and reports what real clients pull."""

import signal
import sys

from stack.place import INNER, PROXY_PORT
from stack.procs import Service, environment, listens, private
from stack.recording import ROOT

HELLO = "docker.io/library/hello-world:latest"
START = "from inspector.cli.main import main; main()"


def test_without_a_command_it_stays_up_and_reports_each_pull(hub, clients, tmp_path) -> None:
    place, out = hub.place, tmp_path / "out"
    command = [
        sys.executable,
        "-c",
        START,
        "watch",
        "--output",
        str(tmp_path / "pull.flow"),
        "--confdir",
        str(place.folder("mitm")),
        "--upstream-ca",
        str(place.pki / "ca.crt"),
        "--host",
        place.at(INNER),
        "--port",
        str(PROXY_PORT),
    ]
    service = Service(private(place, command), log=out, env=environment(place, PYTHONPATH=str(ROOT)))
    try:
        service.wait_for(listens(place.at(INNER), PROXY_PORT))
        assert clients("skopeo").pull(HELLO).code == 0
    finally:
        status = service.stop(first=signal.SIGINT)
    told = out.read_text()
    assert status == 0, told
    for words in (place.proxy, "dockerd", "containerd", "podman", "complete in", "hello-world:latest"):
        assert words in told
    assert "Traceback" not in told
