"""What the real tests need from the machine, what of it is missing, and whether they left it as it was.

Knows: programs, rights, /proc. Must not know: how they are used.
"""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from stack.procs import PATH

# program: Debian's package
PROGRAMS = {
    "docker-registry": "docker-registry",
    "nginx": "nginx-light",
    "skopeo": "skopeo",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "dockerd": "docker.io",
    "docker": "docker.io",
    "containerd": "containerd",
    "ctr": "containerd",
    "podman": "podman",
    "buildah": "buildah",
    "trojan": "trojan",
    "microsocks": "microsocks",
    "tinyproxy": "tinyproxy-bin",
}


def missing() -> list[str]:
    """A sentence for each thing that is missing; empty when the real tests can run."""
    if os.name != "posix" or os.geteuid() != 0:
        return ["not root: mount namespaces, port 443 and dockerd need it"]
    lacking = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if lacking:
        packages = " ".join(sorted({PROGRAMS[name] for name in lacking}))
        return [f"not installed: {' '.join(lacking)} (Debian: apt-get install {packages})"]
    refused = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "mount", "--bind", "/etc/hosts", "/etc/hosts"],
        capture_output=True,
        text=True,
        env={"PATH": PATH},
    )
    return [f"no private mounts: {refused.stderr.strip()}"] if refused.returncode else []


# What other set-ups of such a stack change on the machine; ours may not.
OURS_TO_LEAVE = (
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/docker",
    "/etc/containers",
    "/etc/containerd",
    "/etc/ssl/certs",
)


def footprint() -> dict[str, tuple[int, int]]:
    """Modification time and size of what is not ours, and of what lies directly in it."""
    found = {}
    for name in OURS_TO_LEAVE:
        for path in (Path(name), *(sorted(Path(name).iterdir()) if Path(name).is_dir() else ())):
            if path.exists():
                found[str(path)] = (path.stat().st_mtime_ns, path.stat().st_size)
    return found


def left_behind(root: Path) -> list[str]:
    """Processes and mounts that still have to do with the stack in ``root``."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if str(root) in line]
    processes = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            command = entry.read_bytes()
            if str(root).encode() in command:
                processes.append(
                    f"{entry.parent.name}: {command.replace(b'\0', b' ').decode(errors='replace')}"
                )
    return mounts + processes
