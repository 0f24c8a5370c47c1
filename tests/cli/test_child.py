"""The watched command runs as if we were not there, and we outlive its signals."""

import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from inspector.cli._child import CannotRun, find, run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -KILL $$", 137), ("kill -INT $$", 130)]
)
def test_the_status_is_the_commands_as_a_shell_gives_it(script, status):
    assert run(["sh", "-c", script], os.environ) == status


def test_the_command_gets_the_given_environment_and_nothing_else(tmp_path):
    run(["sh", "-c", f"env > {tmp_path}/out.txt"], {"PATH": os.environ["PATH"], "A": "b c"})
    lines = (tmp_path / "out.txt").read_text().splitlines()
    assert "A=b c" in lines
    assert not [line for line in lines if line.startswith("HOME=")]


def test_standard_output_can_be_led_elsewhere(tmp_path):
    with (tmp_path / "out.txt").open("wb") as out:
        run(["echo", "hello"], os.environ, stdout=out.fileno())
    assert (tmp_path / "out.txt").read_text() == "hello\n"


def test_a_command_that_is_not_there_is_127(tmp_path):
    for name in ("no-such-command", str(tmp_path / "missing")):
        with pytest.raises(CannotRun, match="command not found") as caught:
            find(name, {"PATH": str(tmp_path)})
        assert caught.value.status == 127


def test_a_command_that_may_not_be_run_is_126(tmp_path):
    (tmp_path / "text").write_text("hello")
    for name in ("text", str(tmp_path / "text"), str(tmp_path)):
        with pytest.raises(CannotRun, match="no program that may be run") as caught:
            find(name, {"PATH": str(tmp_path)})
        assert caught.value.status == 126


def test_a_command_beside_us_is_not_looked_for_elsewhere(tmp_path, monkeypatch):
    for folder, status in ((tmp_path, 5), (tmp_path / "bin", 6)):
        folder.mkdir(exist_ok=True)
        (folder / "tool").write_text(f"#!/bin/sh\nexit {status}\n")
        (folder / "tool").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert run(["./tool"], {"PATH": str(tmp_path / "bin")}) == 5
    assert run(["tool"], {"PATH": str(tmp_path / "bin")}) == 6


def test_a_file_that_is_no_program_is_126(tmp_path):
    (tmp_path / "noise").write_bytes(b"\x00\x01noise")
    (tmp_path / "noise").chmod(0o755)
    with pytest.raises(CannotRun, match="noise") as caught:
        run(["noise"], {"PATH": str(tmp_path)})
    assert caught.value.status == 126


def test_our_signal_handlers_are_as_before():
    numbers = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    run(["true"], os.environ)
    assert [signal.getsignal(number) for number in numbers] == before


DRIVER = """
import os, sys
sys.path.insert(0, {root!r})
from inspector.cli import _child
_child._PATIENCE = 1
status = _child.run({command!r}, os.environ)
if os.isatty(0):
    print("front" if os.tcgetpgrp(0) == os.getpgrp() else "back", flush=True)
print("status", status, flush=True)
"""


def driver(tmp_path, command, **options):
    file = tmp_path / "driver.py"
    file.write_text(DRIVER.format(root=str(ROOT), command=command))
    return subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True, **options)


def wait_for(path):
    for _ in range(500):
        if path.exists() and path.read_text().strip():
            return path.read_text().strip()
        time.sleep(0.02)
    raise AssertionError(f"{path} never came")


def gone(pid):
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":  # nobody in this container may wait for orphans; it runs no more
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_is_sent_to_us_reaches_the_command(tmp_path, number):
    script = f"trap 'exit 42' {number.name[3:]}; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done"
    process = driver(tmp_path, ["sh", "-c", script])
    wait_for(tmp_path / "pid")
    process.send_signal(number)
    assert process.communicate(timeout=20)[0] == "status 42\n"


def test_a_signal_that_comes_while_the_command_is_being_started_is_not_lost(monkeypatch):
    class Slow(subprocess.Popen):
        def __init__(self, *words, **options):
            super().__init__(*words, **options)
            os.kill(os.getpid(), signal.SIGTERM)  # after the command has begun, before its number is known

    monkeypatch.setattr(subprocess, "Popen", Slow)
    assert run(["sleep", "60"], os.environ) == 128 + signal.SIGTERM


def test_a_command_that_will_not_end_is_ended(tmp_path):
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done"
    process = driver(tmp_path, ["sh", "-c", script])
    wait_for(tmp_path / "pid")
    process.terminate()
    assert process.communicate(timeout=20)[0] == "status 137\n"


def test_ctrl_c_ends_the_command_and_not_us(tmp_path):
    script = f"echo $$ > {tmp_path}/pid; exec sleep 60"
    process = driver(tmp_path, ["sh", "-c", script], process_group=0)
    wait_for(tmp_path / "pid")
    os.killpg(process.pid, signal.SIGINT)  # as the terminal sends it: to the whole group in the foreground
    assert process.communicate(timeout=20)[0] == "status 130\n"


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_when_we_are_killed_outright_the_command_ends_too(tmp_path):
    process = driver(tmp_path, ["sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60"])
    pid = int(wait_for(tmp_path / "pid"))
    process.kill()
    process.communicate()
    assert gone(pid)


def at_terminal(tmp_path, command):
    """Run the driver as a shell would, in a session with a terminal. Its exit status and what the terminal showed."""
    file = tmp_path / "driver.py"
    file.write_text(DRIVER.format(root=str(ROOT), command=command))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, str(file)])
    return pid, terminal


def read_until(terminal, text):
    seen = b""
    while text not in seen:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    return seen


def test_the_command_has_the_terminal_and_may_prompt(tmp_path):
    script = "test -t 0 && test -t 1 && printf 'name? ' && read name && echo hello $name"
    pid, terminal = at_terminal(tmp_path, ["sh", "-c", script])
    assert b"name? " in read_until(terminal, b"name? ")
    os.write(terminal, b"ada\n")
    assert b"hello ada" in read_until(terminal, b"status 0")
    os.waitpid(pid, 0)
    os.close(terminal)


def test_ctrl_c_at_the_terminal_goes_to_the_command(tmp_path):
    pid, terminal = at_terminal(tmp_path, ["sh", "-c", "echo ready; exec sleep 60"])
    read_until(terminal, b"ready")
    os.write(terminal, b"\x03")
    assert b"status 130" in read_until(terminal, b"status 130")
    os.waitpid(pid, 0)
    os.close(terminal)


def test_a_command_that_dies_at_a_password_prompt_leaves_the_echo_on(tmp_path):
    pid, terminal = at_terminal(tmp_path, ["sh", "-c", "stty -echo; kill -KILL $$"])
    read_until(terminal, b"status 137")
    assert termios.tcgetattr(terminal)[3] & termios.ECHO
    os.waitpid(pid, 0)
    os.close(terminal)


GRABBER = """
import os, signal
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.setpgid(0, 0)
os.tcsetpgrp(0, os.getpgrp())
os._exit(7)
"""


def test_a_command_that_kept_the_terminal_gives_it_back(tmp_path):
    pid, terminal = at_terminal(tmp_path, [sys.executable, "-c", GRABBER])
    assert b"front" in read_until(terminal, b"status 7")
    os.waitpid(pid, 0)
    os.close(terminal)
