"""`mirror`: the command line that it makes, what it refuses, and a mirror that answers."""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from inspector.cli.main import run
from inspector.cli.mirror import address, command

ROOT = Path(__file__).parents[2]


def line_of(*words):
    result = CliRunner().invoke(command, [*words, "--print"])
    assert result.exit_code == 0, result.output
    return shlex.split(result.output)


def refused(capsys, *words):
    assert run(["mirror", *words, "--print"]) == 2
    return capsys.readouterr().err


def settings_in(line):
    return [line[at + 1] for at, word in enumerate(line) if word == "--set"]


def test_the_line_is_one_for_mitmdump():
    line = line_of("docker.io", "ghcr.io")
    assert line[:3] == ["mitmdump", "--mode", "reverse:https://registry-1.docker.io"]
    assert line[line.index("-s") + 1].endswith("addons/mirror.py")
    for needed in (
        "connection_strategy=lazy",
        "keep_host_header=true",
        "http2=false",
        "mirror_upstreams=docker.io",
    ):
        assert needed in settings_in(line)


def test_without_a_registry_it_is_docker_hub():
    assert line_of()[2] == "reverse:https://registry-1.docker.io"


def test_the_first_registry_is_the_default(capsys):
    assert (
        line_of("reg=http://127.0.0.1:5000,https://b.test", "docker.io")[2] == "reverse:http://127.0.0.1:5000"
    )
    assert "no registry" in refused(capsys, "a b")


def test_options_become_the_addons(tmp_path):
    (tmp_path / "m.toml").write_text('default = "docker.io"')
    (tmp_path / "c.pem").write_text("x")
    line = line_of(
        "--auth", "own", "--redirects", "rewrite", "--proxy", "socks5://p.test", "--allow-private", "10.0.0.0/8", "--record",
        "--config", str(tmp_path / "m.toml"), "--cert", str(tmp_path / "c.pem"), "--upstream-ca", str(tmp_path / "c.pem"),
    )  # fmt: skip
    found = settings_in(line)
    for needed in (
        "mirror_auth=own", "mirror_redirects=rewrite", "mirror_proxy=socks5://p.test", "mirror_allow_private=10.0.0.0/8",
        f"mirror_config={tmp_path}/m.toml", f"certs=*={tmp_path}/c.pem", f"ssl_verify_upstream_trusted_ca={tmp_path}/c.pem",
    ):  # fmt: skip
        assert needed in found
    assert [Path(line[at + 1]).name for at, word in enumerate(line) if word == "-s"] == [
        "mirror.py",
        "record.py",
    ]


def test_an_option_of_the_users_takes_the_place_of_ours():
    found = settings_in(
        line_of("--set", "http3=true", "--set", "mirror_hosts=a.test", "--set", "mirror_hosts=b.test")
    )
    assert [item for item in found if item.startswith(("http3=", "mirror_hosts="))] == [
        "http3=true", "mirror_hosts=a.test", "mirror_hosts=b.test",
    ]  # fmt: skip


def test_a_proxys_password_is_not_printed():
    result = CliRunner().invoke(command, ["--proxy", "socks5://u:hunter2@p.test", "--print"])
    assert "hunter2" not in result.output
    assert "u:***@p.test" in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--host", "0.0.0.0"], "--cert"),
        (["--set", "mirror_tries=x"], "mirror_tries: is a number"),
        (["--set", "mirror_nothing=x"], "no option mirror_nothing"),
        (["--set", "x"], "OPTION=VALUE"),
        (["--proxy", "nonsense"], "mirror_proxy: is socks5://"),
        (["ghcr.io=ftp://x"], "no registry"),
    ],
)
def test_mistakes_end_it_with_one_line_each(capsys, words, says):
    said = refused(capsys, *words)
    assert says in said
    assert "Traceback" not in said


def test_a_mistake_in_the_file_has_its_place(capsys, tmp_path):
    (tmp_path / "m.toml").write_text('\nauth = "x"\ntries = -1\n')
    said = refused(capsys, "--config", str(tmp_path / "m.toml"))
    assert f"{tmp_path}/m.toml:2: auth: " in said
    assert f"{tmp_path}/m.toml:3: tries: " in said
    assert "2 mistakes" in said


def test_plain_http_from_outside_has_to_be_said():
    assert "0.0.0.0" in line_of("--host", "0.0.0.0", "--plain-http")


def test_the_address_is_one_that_is_reached_from_here(tmp_path):
    def at(**options):
        return address({"host": "127.0.0.1", "port": 5000, "cert": None} | options)

    assert at() == "http://127.0.0.1:5000"
    assert at(host="::", cert=tmp_path) == "https://[::1]:5000"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_mirror_comes_up_and_ends_well(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", "from inspector.cli.main import main; main()", "mirror", "--port", str(port),
         "--set", f"confdir={tmp_path}"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        while process.poll() is None:
            with contextlib.suppress(OSError):
                answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
                break
            time.sleep(0.05)
        assert answer == b"ok\n"
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=20)[0]
    finally:
        process.kill()
    assert process.returncode == 0
    assert f"The mirror's home page: http://127.0.0.1:{port}/" in said


def test_a_port_that_is_taken_is_told(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["mirror", "--port", str(taken.getsockname()[1])]) == 2
    assert "name another with --port" in capsys.readouterr().err
