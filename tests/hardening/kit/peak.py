"""How much memory the command takes for a file, in a process of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PEAK = """
import sys
from inspector.cli.main import run
status = run(["report", sys.argv[1]])
# Of the memory map since exec: ru_maxrss counts the process that was forked, which is the whole of pytest.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024, file=sys.stderr)
sys.exit(status)
"""


def peak(path: Path, status: int = 0) -> tuple[int, str]:
    """Peak memory of the command in MB, and what it printed."""
    done = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == status, done.stderr
    return int(done.stderr.splitlines()[-1]), done.stdout
