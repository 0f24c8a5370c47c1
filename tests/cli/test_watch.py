"""`watch` from end to end, with a real mitmdump and the real addon: curl and Python against a small TLS origin."""

import http.server
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trustme

ROOT = Path(__file__).parents[2]
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": "sha256:" + "a" * 64,
            "size": 2,
        },
        "layers": [],
    }
).encode()
PYTHON_CLIENT = """
import os, sys, urllib.request
assert os.environ["http_proxy"]
print(urllib.request.urlopen(sys.argv[1]).status)
"""


class Origin(http.server.BaseHTTPRequestHandler):
    """A registry with one manifest."""

    def do_GET(self):
        known = self.path.startswith("/v2/team/app/manifests/")
        body = MANIFEST if known else b"hello"
        self.send_response(200)
        kind = "application/vnd.oci.image.manifest.v1+json" if known else "text/plain"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Silence."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return ca, file


@pytest.fixture(scope="module")
def origin(authority):
    """The URL of the origin's manifest; call it with another path."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority[0].issue_cert("localhost").configure_cert(context)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield lambda path="/v2/team/app/manifests/latest": f"https://localhost:{server.server_port}{path}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def confdir(tmp_path_factory):
    return tmp_path_factory.mktemp("conf")


@pytest.fixture
def environment(tmp_path):
    """A clean environment: no proxy or authority of whoever runs the tests."""
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "TMPDIR": str(tmp_path / "tmp"),
    }


@pytest.fixture
def start(tmp_path, environment, confdir, authority):
    """Start ``watch`` in a folder of its own."""
    started = []

    def run(*words, **more):
        command = [sys.executable, "-c", "from inspector.cli.main import main; main()", "watch"]
        options = ["--confdir", str(confdir), "--upstream-ca", str(authority[1])]
        started.append(
            subprocess.Popen(
                [*command, *options, *words],
                cwd=tmp_path,
                env=environment | more,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                process_group=0,
            )
        )
        return started[-1]

    yield run
    for process in started:  # after a test that failed
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture
def watch(start):
    def run(*words, **more):
        process = start(*words, **more)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return run


def captures(folder):
    return sorted(path.name for path in folder.glob("*.flow"))


def left_running(confdir):
    """Whatever still runs with our confdir: mitmdump gets it through a pipe, so its files are looked at."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"launch.py" in words and (entry / "environ").read_bytes().find(str(confdir).encode()) >= 0:
            found.append(entry.name)
    return found


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@needs_curl
def test_curl_is_recorded_and_reported(watch, origin, tmp_path, environment):
    done = watch("--", "curl", "-sS", "-o", "out.json", origin())
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.json").read_bytes() == MANIFEST
    assert "team/app" in done.stdout
    assert "curl" in done.stdout
    [capture] = captures(tmp_path)
    assert re.fullmatch(r"pull-\d{8}-\d{6}\.flow", capture)
    assert f"The capture is {capture}. Show it again:" in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == [], "nothing temporary stays"
    assert left_running(environment["TMPDIR"]) == []


def test_another_client_is_recorded_too_and_the_report_takes_its_options(watch, origin, tmp_path):
    done = watch("--no-capture", "--show", "hosts", "--", sys.executable, "-c", PYTHON_CLIENT, origin())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("200\n")
    assert "localhost" in done.stdout
    assert captures(tmp_path) == []


def test_the_json_document_is_alone_on_standard_output(watch, origin):
    done = watch("--no-capture", "--format", "json", "--", sys.executable, "-c", PYTHON_CLIENT, origin())
    assert [pull["repository"] for pull in json.loads(done.stdout)["pulls"]] == ["team/app"]
    assert "200\n" in done.stderr, "what the command prints goes to the other stream"


def test_the_exit_status_is_the_commands(watch):
    assert watch("--no-capture", "--", "sh", "-c", "exit 7").returncode == 7
    assert watch("--no-capture", "--", "sh", "-c", "kill -TERM $$").returncode == 143


def test_a_command_that_pulled_nothing_is_told_why_that_may_be_and_leaves_no_capture(watch, tmp_path):
    done = watch("--", "true")
    assert done.stdout == ""
    assert "No pull to report: nothing came through the proxy" in done.stderr
    assert captures(tmp_path) == []


def test_traffic_that_is_no_registrys_is_counted(watch, origin):
    done = watch("--no-capture", "--", sys.executable, "-c", PYTHON_CLIENT, origin("/index.html"))
    assert "One request came through the proxy" in done.stderr


def test_a_client_that_does_not_trust_the_proxy_is_reported_as_that(watch, origin, authority):
    client = ["env", f"SSL_CERT_FILE={authority[1]}", sys.executable, "-c", PYTHON_CLIENT, origin()]
    done = watch("--no-capture", "--", *client)
    assert done.returncode == 1
    assert "certificate" in done.stdout, "the report says so, and not that nothing came"
    assert "nothing came through" not in done.stderr


def test_the_command_trusts_what_it_trusted_and_the_proxy(watch, authority, tmp_path):
    script = "cat $SSL_CERT_FILE > bundle.pem; echo $NO_PROXY$no_proxy; test -r $SSL_CERT_FILE"
    done = watch("--no-capture", "--", "sh", "-c", script, SSL_CERT_FILE=str(authority[1]), NO_PROXY="*")
    assert (done.returncode, done.stdout.strip()) == (0, "")
    bundle = (tmp_path / "bundle.pem").read_text()
    assert authority[0].cert_pem.bytes().decode().strip() in bundle
    assert bundle.count("BEGIN CERTIFICATE") > 2, "the system's, too"


def test_hosts_may_be_left_alone(watch):
    done = watch("--no-capture", "--no-proxy", "a.test", "--", "sh", "-c", "echo $NO_PROXY $no_proxy")
    assert done.stdout == "a.test a.test\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("docker", "pull", "alpine"), "docker.service.d"),
        (("ctr", "images", "pull", "x"), "containerd.service.d"),
        (("sudo", "docker", "pull", "alpine"), "docker.service.d"),
    ],
)
def test_who_leaves_the_pulling_to_a_daemon_is_told_what_to_do_instead(watch, words, text, confdir, tmp_path):
    done = watch("--port", "4711", "--", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr
    assert "http://127.0.0.1:4711" in done.stderr
    assert f"{confdir}/mitmproxy-ca-cert.pem" in done.stderr
    assert captures(tmp_path) == []


def test_the_proxy_for_the_daemon_has_the_options_that_were_given(watch, confdir):
    asked = ("--host", "127.0.0.2", "--redact", "strict", "--insecure", "--no-capture")
    done = watch("--port", "4711", *asked, "--", "docker", "pull", "x")
    said = next(line for line in done.stderr.splitlines() if line.startswith("pull-inspector watch --port"))
    assert f"--confdir {confdir}" in said
    assert all(word in said.split() for word in asked)


def test_anyway_runs_it_all_the_same(watch, tmp_path):
    (tmp_path / "docker").write_text("#!/bin/sh\necho ran $1\n")
    (tmp_path / "docker").chmod(0o755)
    done = watch("--no-capture", "--anyway", "--", "./docker", "pull")
    assert (done.returncode, done.stdout) == (0, "ran pull\n")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--", "no-such-command"), 127, "pull-inspector: no-such-command: command not found"),
        (("--", "/"), 126, "pull-inspector: /: is there, but is no program that may be run"),
        (("--format", "json"), 2, "there is none"),
        (("--no-capture", "-o", "x", "--", "true"), 2, "exclude each other"),
        (("-o", "missing/x.flow", "--", "true"), 2, "cannot be written"),
        (("-o", "there.flow", "--", "true"), 2, "is there already"),
        (("--upstream-ca", "there.flow", "--", "true"), 2, "holds no certificate"),
        (("--show", "nonsense", "--", "true"), 2, "no section nonsense"),
        (("--redact", "nonsense", "--", "true"), 2, "registry_redact"),
    ],
)
def test_what_does_not_do_is_one_line(watch, tmp_path, words, status, message):
    (tmp_path / "there.flow").write_text("precious")
    done = watch(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "there.flow").read_text() == "precious"


@pytest.mark.parametrize("value", ["socks5://me:secret@h:1", "http://me:secret@127.0.0.1:1"])
def test_the_password_of_the_users_own_proxy_is_never_shown(watch, value):
    done = watch("--no-capture", "--", "true", HTTPS_PROXY=value)
    assert "secret" not in done.stdout + done.stderr
    assert "HTTPS_PROXY" in done.stderr or "http://127.0.0.1:1 stays in between" in done.stderr


def test_the_users_own_proxy_stays_in_between(watch, origin, tmp_path):
    """The inner watch has the outer one as the proxy that was there before: both record."""
    program = f"{sys.executable} -c 'from inspector.cli.main import main; main()'"
    options = "--confdir $PWD/inner --insecure -o inner.flow"
    inner = f"{program} watch {options} -- {sys.executable} client.py {origin()}"
    (tmp_path / "client.py").write_text(PYTHON_CLIENT)
    done = watch("-o", "outer.flow", "--", "sh", "-c", inner)
    assert done.returncode == 0, done.stderr
    assert "stays in between" in done.stderr
    assert captures(tmp_path) == ["inner.flow", "outer.flow"]
    assert done.stdout.count("team/app") >= 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_us_ends_the_command_and_then_us(start, number, environment):
    process = start("--no-capture", "--", "sh", "-c", "echo ready; exec sleep 60")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert left_running(environment["TMPDIR"]) == []


def test_ctrl_c_is_for_the_command_alone_the_proxy_serves_it_to_its_end(start, origin, tmp_path, environment):
    (tmp_path / "client.py").write_text(PYTHON_CLIENT)
    script = (
        f"trap '{sys.executable} client.py {origin()}; exit 42' INT; echo ready; while :; do sleep 0.05; done"
    )
    process = start("--", "sh", "-c", script)
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 42, err
    assert out.startswith("200\n"), "asked after Ctrl-C, and through the proxy"
    assert "team/app" in out
    assert len(captures(tmp_path)) == 1
    assert left_running(environment["TMPDIR"]) == []


def read_until(stream, text):
    seen = ""
    while text not in seen:
        line = stream.readline()
        assert line, seen
        seen += line
    return seen


def test_without_a_command_it_stays_up_reports_each_pull_and_ends_well_with_ctrl_c(
    start, origin, tmp_path, confdir, environment
):
    process = start()
    shown = read_until(process.stdout, "Ctrl-C ends.")
    proxy = re.search(r"Recording on (http://127\.0\.0\.1:\d+)", shown)[1]
    assert "docker" in shown
    assert f'"HTTPS_PROXY={proxy}"' in shown
    assert f"SSL_CERT_FILE={confdir}/mitmproxy-ca-cert.pem" in shown
    client = environment | {
        "https_proxy": proxy,
        "http_proxy": proxy,
        "SSL_CERT_FILE": f"{confdir}/mitmproxy-ca-cert.pem",
    }
    subprocess.run(
        [sys.executable, "-c", PYTHON_CLIENT, origin()], env=client, check=True, capture_output=True
    )
    assert "team/app:latest" in read_until(process.stdout, "Checks:")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    [capture] = captures(tmp_path)
    assert f"The capture is {capture}" in err
    assert left_running(environment["TMPDIR"]) == []
