"""A mitmdump of one's own starts on a free port, stops with its block, and does not outlive the one who started it."""

import os
import select
import socket
import subprocess
import sys

import pytest

from inspector.lab import proxy
from inspector.lab.proxy import Mitmdump, ProxyError


def test_it_listens_within_its_block_and_not_after():
    with Mitmdump() as running:
        socket.create_connection(running.address, timeout=5).close()
        assert b"BEGIN CERTIFICATE" in running.ca_file.read_bytes()
        folder = running.ca_file.parent
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(running.address, timeout=5)


def test_it_ends_by_itself_with_a_clean_exit():
    with Mitmdump() as running:
        assert running.stop() == 0


def test_a_mitmdump_that_does_not_start_says_why():
    with pytest.raises(ProxyError, match=r"ended before it listened.*no_such_mode"):
        Mitmdump("--mode", "no_such_mode").__enter__()


def test_a_mitmdump_that_never_listens_is_given_up_and_stopped(monkeypatch):
    monkeypatch.setattr(proxy, "START_LIMIT", 0.0)
    stuck = Mitmdump()
    with pytest.raises(ProxyError, match="did not listen"):
        stuck.__enter__()
    assert stuck.pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(stuck.pid, 0)


def test_one_that_does_not_heed_sigterm_is_killed(monkeypatch, tmp_path):
    stub = tmp_path / "mitmdump"
    stub.write_text(
        "#!/bin/sh\ntrap '' TERM\n"
        'for word; do case $word in lab_ready=*) echo 1234 >"${word#lab_ready=}" ;; esac; done\n'
        "while :; do sleep 0.1; done\n"
    )
    stub.chmod(0o755)
    monkeypatch.setattr(proxy, "mitmdump", lambda: stub)
    monkeypatch.setattr(proxy, "STOP_LIMIT", 0.2)
    with Mitmdump() as running:
        assert running.stop() == -9


def test_it_ends_when_the_one_who_started_it_is_killed():
    starter = (
        "import sys, time\nfrom inspector.lab.proxy import Mitmdump\n"
        "with Mitmdump() as running:\n    print(running.pid, running.ca_file.parent, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid, folder = process.stdout.readline().decode().split()
        descriptor = os.pidfd_open(int(pid))
        process.kill()
    try:
        ended, _, _ = select.select([descriptor], [], [], 20)
        assert ended
    finally:
        os.close(descriptor)
        subprocess.run(["rm", "-rf", folder], check=True)
