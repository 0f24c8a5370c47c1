"""mitmdump as a servant: it says where it listens, and goes when its master does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.recorder import launch

LAUNCH = Path(launch.__file__)


def servant(*words, line=None):
    """A process of launch.py, and the descriptor from which its port is read."""
    ready, theirs = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-P", str(LAUNCH), str(theirs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(theirs,),
    )
    os.close(theirs)
    process.stdin.write(json.dumps(list(words)).encode() + b"\n" if line is None else line)
    process.stdin.flush()
    return process, ready


def arguments(tmp_path, *more):
    sets = {
        "confdir": tmp_path,
        "listen_host": "127.0.0.1",
        "listen_port": 0,
        "flow_detail": 0,
        "termlog_verbosity": "error",
    }
    return [*(word for name, value in sets.items() for word in ("--set", f"{name}={value}")), *more]


def test_it_says_its_port_and_ends_when_its_input_does(tmp_path):
    process, ready = servant(*arguments(tmp_path))
    assert json.loads(os.read(ready, 100))["port"] > 0
    os.close(ready)
    assert process.poll() is None
    assert process.communicate(timeout=30)[0] == b""  # communicate closes its input
    assert process.returncode == 0


def test_what_it_is_told_stands_in_no_process_list(tmp_path):
    process, ready = servant(*arguments(tmp_path, "--set", "upstream_auth=me:secret"))
    os.read(ready, 100)
    os.close(ready)
    shown = Path(f"/proc/{process.pid}/cmdline").read_bytes() if sys.platform == "linux" else b""
    assert b"secret" not in shown
    process.communicate(timeout=30)


def test_input_that_ends_before_it_is_up_ends_it_too(tmp_path):
    process, ready = servant(*arguments(tmp_path))
    process.stdin.close()
    process.stdin = None
    process.communicate(timeout=30)
    os.close(ready)
    assert process.returncode == 0


@pytest.mark.parametrize("line", [b"", b"nonsense\n", b'{"a": 1}\n', b"[1]\n"])
def test_a_first_line_that_is_none_is_refused_in_one_line(line):
    process, ready = servant(line=line)
    words = process.communicate(timeout=30)[0]
    os.close(ready)
    assert process.returncode == 1
    assert words.startswith(b"launch: ")
    assert len(words.splitlines()) == 1


def test_nothing_behind_the_first_line_is_read_with_it():
    ours, theirs = os.pipe()
    os.write(theirs, b'["-q"]\nrest')
    assert launch.read_arguments(ours) == ["-q"]
    assert os.read(ours, 10) == b"rest"
    os.close(ours)
    os.close(theirs)
