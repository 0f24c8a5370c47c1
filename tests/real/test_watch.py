"""`pull-inspector watch` with the real clients: the report has what the servers' own log has, and nothing stays.

The commands are those that a person would type; nothing is set for the clients but by ``watch``.
"""

import collections
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from stack.clients import POLICY
from stack.procs import environment, private

ROOT = Path(__file__).parents[2]
IMAGE = "docker.io/library/hello-world:latest"


@pytest.fixture
def watch(hub, tmp_path):
    """Run ``watch`` where the hub's names lead to the hub: the completed process, and what the hub's log has more."""
    place = hub.place
    config = place.folder("home", ".config", "containers")
    (config / "policy.json").write_text(POLICY)

    def run(*words, **more):
        before = len(hub.access_log.read_bytes())
        command = [
            sys.executable,
            "-c",
            "from inspector.cli.main import main; main()",
            "watch",
            "--confdir",
            str(place.folder("watch-ca")),
            "--upstream-ca",
            str(place.pki / "ca.crt"),
            *words,
        ]
        done = subprocess.run(
            private(place, command),
            env=environment(place, PYTHONPATH=str(ROOT), COLUMNS="100") | more,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
        )
        return done, [json.loads(line) for line in hub.access_log.read_bytes()[before:].splitlines()]

    return run


def served(log):
    """What the servers answered; the token server's part too, since it stands behind the same edge."""
    return collections.Counter(
        (entry["method"], entry["host"], urlsplit(entry["uri"]).path, entry["status"]) for entry in log
    )


def reported(document):
    return collections.Counter(
        (step["method"], step["host"], urlsplit(step["url"]).path, step["status"])
        for pull in document["pulls"]
        for step in pull["exchanges"]
    )


COMMANDS = {
    "skopeo inspect": ["skopeo", "inspect", f"docker://{IMAGE}"],
    "skopeo copy": ["skopeo", "copy", f"docker://{IMAGE}", "dir:image"],
    "podman": [
        "podman",
        "--root",
        "root",
        "--runroot",
        "run",
        "--storage-driver",
        "vfs",
        "--cgroup-manager",
        "cgroupfs",
        "--events-backend",
        "none",
        "pull",
        IMAGE,
    ],
    "a script": [
        "sh",
        "-c",
        f"skopeo inspect --raw docker://{IMAGE}; skopeo list-tags docker://docker.io/labuser/big",
    ],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_report_has_each_request_that_the_servers_answered_and_no_other(watch, name):
    done, log = watch("--no-capture", "--format", "json", "--", *COMMANDS[name])
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert served(log)
    assert reported(document) == served(log)
    assert document["other"] == {"exchanges": 0, "connections_failed": 0}


def test_docker_manifest_is_watched_since_docker_asks_in_its_own_process(watch):
    done, log = watch(
        "--no-capture", "--format", "json", "--", "docker", "--config", "docker", "manifest", "inspect", IMAGE
    )
    assert served(log)  # docker 20.10 does not take OCI's media types and ends with 1, but it has asked
    assert reported(json.loads(done.stdout)) == served(log)


def test_a_person_sees_the_clients_words_then_the_report_then_where_the_capture_is(watch, hub, tmp_path):
    done, _ = watch("--", "skopeo", "inspect", "--format", "{{.Digest}}", f"docker://{IMAGE}")
    first, _, report = done.stdout.partition("\n")
    assert first == hub.digests["hello"]
    assert IMAGE in report
    assert "Checks: " in report
    [capture] = [path.name for path in tmp_path.glob("*.flow")]
    assert re.search(rf"The capture is {capture}\. Show it again: .*report {capture}", done.stderr)


def test_a_pull_that_fails_is_reported_and_its_status_passed_on(watch):
    done, _ = watch(
        "--no-capture", "--", "skopeo", "inspect", "docker://docker.io/library/hello-world:no-such-tag"
    )
    assert done.returncode == 1
    assert "hello-world:no-such-tag" in done.stdout
    assert "failed" in done.stdout


@pytest.mark.parametrize("words", [["docker", "pull", IMAGE], ["ctr", "images", "pull", IMAGE]])
def test_docker_and_ctr_are_told_what_to_do_instead_and_nothing_is_asked(watch, words):
    done, log = watch("--", *words)
    assert (done.returncode, done.stdout, log) == (2, "", [])
    assert "Do this instead" in done.stderr


def test_ctr_1_fetches_in_its_own_process_as_the_text_says(watch, clients, hub):
    containerd = clients("containerd")
    containerd.forget()
    socket = hub.place.folder("containerd") / "c.sock"
    pull = [
        "ctr",
        "-a",
        str(socket),
        "-n",
        f"watch{containerd.round}",
        "images",
        "pull",
        "--snapshotter",
        "native",
        IMAGE,
    ]
    done, log = watch("--no-capture", "--format", "json", "--anyway", "--", *pull)
    assert done.returncode == 0, done.stderr
    assert served(log)
    assert reported(json.loads(done.stdout)) == served(log)


def test_the_variables_that_the_set_up_names_are_all_that_a_client_needs(watch, hub, tmp_path):
    """The words for one command, and the daemons' drop-in, hold these: proxy, and the CA's file alone."""
    from inspector.cli._setup_texts import variables

    ca = hub.place.folder("watch-ca") / "mitmproxy-ca-cert.pem"
    script = f"env -u SSL_CERT_FILE {variables('$HTTPS_PROXY', ca)} skopeo inspect --raw docker://{IMAGE}"
    done, log = watch("--no-capture", "--format", "json", "--", "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    assert reported(json.loads(done.stdout)) == served(log)
