"""The texts can be copied: what they say to run runs, and does what it says."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from inspector.cli import _setup_texts as texts
from inspector.cli._daemons import Elsewhere

OPTIONS = ["--port", "4711", "--confdir", "/a folder"]
PROXY, CA = "http://127.0.0.1:4711", Path("/var/lib/ada/.mitmproxy/mitmproxy-ca-cert.pem")


def commands(text):
    """The shell commands of the first block, up to the empty line."""
    return text.partition("\n\n")[0]


@pytest.mark.parametrize(
    ("text", "service"),
    [
        (texts.dockerd, "docker"),
        (texts.containerd, "containerd"),
        (texts.buildkitd, "buildkit"),
    ],
)
def test_the_systemd_set_up_runs_as_it_is_printed_and_is_undone_as_it_says(tmp_path, text, service):
    stub = tmp_path / "bin"
    stub.mkdir()
    for name, body in {"sudo": 'exec "$@"', "systemctl": f'echo "$@" >> {tmp_path}/systemctl'}.items():
        (stub / name).write_text(f"#!/bin/sh\n{body}\n")
        (stub / name).chmod(0o755)
    script = commands(text(PROXY, CA)).replace("/etc/systemd", f"{tmp_path}/etc/systemd")
    doing, undoing = script.split("# undo: ")
    env = {"PATH": f"{stub}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-eu", "-c", doing], env=env, check=True, stdout=subprocess.DEVNULL)
    drop_in = tmp_path / f"etc/systemd/system/{service}.service.d/pull-inspector.conf"
    assert drop_in.read_text() == (
        "[Service]\n"
        f'Environment="HTTPS_PROXY={PROXY}" "HTTP_PROXY={PROXY}" "NO_PROXY="\n'
        f'Environment="SSL_CERT_FILE={CA}"\n'
    )
    assert (tmp_path / "systemctl").read_text() == f"daemon-reload\nrestart {service}\n"
    subprocess.run(["sh", "-eu", "-c", undoing], env=env, check=True)
    assert not drop_in.exists()
    assert (tmp_path / "systemctl").read_text() == f"daemon-reload\nrestart {service}\n" * 2


def test_the_common_set_up_serves_docker_and_containerd(tmp_path):
    block = texts.everything(PROXY, CA).split("\n\n")[1]
    assert block.startswith("# dockerd or containerd")
    assert "S=docker " in block
    assert "/etc/systemd/system/$S.service.d/pull-inspector.conf" in block
    assert "systemctl restart $S" in block


def test_the_variables_are_such_as_a_shell_takes_before_a_command():
    line = f"{texts.variables(PROXY, CA)} env"
    seen = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout.splitlines()
    assert {f"HTTPS_PROXY={PROXY}", f"HTTP_PROXY={PROXY}", f"SSL_CERT_FILE={CA}"} <= set(seen)


def test_everything_names_each_client_with_the_port_and_the_ca_filled_in():
    text = texts.everything(PROXY, CA)
    for name in (
        "dockerd",
        "containerd",
        "podman",
        "skopeo",
        "buildah",
        "crictl",
        "k3s",
        "ctr ",
        "Docker Desktop",
    ):
        assert name in text
    assert str(CA) in text
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", text)) == {"4711"}
    assert not [line for line in text.splitlines() if line.startswith(" ")], (
        "an indented END would not end the document"
    )


@pytest.mark.parametrize("elsewhere", [member for member in Elsewhere if member is not Elsewhere.SUDO])
def test_instead_says_why_and_what_to_do(elsewhere):
    text = texts.instead(elsewhere, ["/usr/bin/thing", "pull"], proxy=PROXY, options=OPTIONS, ca=CA)
    assert text.startswith("thing ")
    assert "does not read the environment" in text
    assert "pull-inspector watch --port 4711 --confdir '/a folder'\n" in text
    assert str(CA) in text
    assert "--anyway" in text


def test_ctr_is_told_that_ctr_1_fetches_itself():
    text = texts.instead(Elsewhere.CONTAINERD, ["ctr"], proxy=PROXY, options=OPTIONS, ca=CA)
    assert "ctr of containerd 1" in text
    assert "containerd.service.d" in text


def test_sudo_is_told_to_go_in_front():
    text = texts.instead(Elsewhere.SUDO, ["sudo", "podman"], proxy=PROXY, options=OPTIONS, ca=CA)
    assert "sudo pull-inspector watch -- COMMAND" in text
    assert "-- sudo -E COMMAND" in text


def test_why_nothing_counts_what_was_no_registry_traffic():
    assert "3 requests came through" in texts.why_nothing(["curl"], others=3)
    assert "One request came through" in texts.why_nothing(["curl"], others=1)


def test_why_nothing_thinks_of_daemons_proxies_and_certificates():
    text = texts.why_nothing(["./pull.sh"], others=0)
    for reason in ("nothing came through", "daemon", "HTTPS_PROXY"):
        assert reason in text
    assert "localhost" not in text


@pytest.mark.parametrize(
    "word", ["docker://localhost:5000/x", "localhost/x", "127.0.0.1:5000/x", "http://[::1]:5000/v2/"]
)
def test_a_registry_on_localhost_is_the_first_reason(word):
    lines = texts.why_nothing(["skopeo", "inspect", word], others=0).splitlines()
    assert "localhost" in lines[1]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("podman run alpine wget x", True),
        ("buildah bud .", True),
        ("podman run --http-proxy=false alpine", False),
        ("podman pull alpine", False),
        ("skopeo run", False),
    ],
)
def test_who_starts_containers_is_told_that_they_inherit_the_proxy(line, told):
    assert bool(texts.hint(line.split())) is told
