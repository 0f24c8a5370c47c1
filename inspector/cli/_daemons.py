"""Which commands leave the pulling to somebody else, who does not read the environment that we would set.

Knows: command lines of docker, ctr and their like, and of the wrappers in front of them. Must not know: what is said
about it (`_setup_texts`), processes.
"""

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path


class Elsewhere(StrEnum):
    """Who pulls in place of the command."""

    DOCKERD = "dockerd"
    CONTAINERD = "containerd"
    KUBELET = "kubelet"  # and containerd or CRI-O below it
    BUILDKITD = "buildkitd"
    PODMAN = "podman"  # a podman service, on this machine or in a virtual one
    SUDO = "sudo"  # the command itself pulls, but sudo takes its environment away


# Commands that run another: options that take a value, and how many words stand before the command.
_WRAPPERS: dict[str, tuple[frozenset[str], int]] = {
    "sudo": (
        frozenset(
            {
                "-u",
                "-g",
                "-h",
                "-p",
                "-C",
                "-r",
                "-t",
                "-T",
                "-U",
                "-D",
                "-R",
                "--user",
                "--group",
                "--host",
                "--prompt",
                "--chdir",
            }
        ),
        0,
    ),
    "doas": (frozenset({"-u", "-C"}), 0),
    "env": (frozenset({"-u", "-C", "--unset", "--chdir"}), 0),
    "time": (frozenset({"-f", "-o", "--format", "--output"}), 0),
    "timeout": (frozenset({"-k", "-s", "--kill-after", "--signal"}), 1),
    "nice": (frozenset({"-n", "--adjustment"}), 0),
    "ionice": (frozenset({"-c", "-n"}), 0),
    "stdbuf": (frozenset({"-i", "-o", "-e", "--input", "--output", "--error"}), 0),
    "nohup": (frozenset(), 0),
    "setsid": (frozenset(), 0),
    "strace": (frozenset({"-o", "-e", "-s", "-P", "-E"}), 0),
    "command": (frozenset(), 0),
    "exec": (frozenset(), 0),
}
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_MORE_THAN_ONE = re.compile(r"[;&|\n`]|\$\(")

_DOCKER_VALUES = frozenset(
    {
        "-H",
        "--host",
        "-c",
        "--context",
        "--config",
        "-l",
        "--log-level",
        "--tlscacert",
        "--tlscert",
        "--tlskey",
    }
)
# These the docker command does itself, in its own process, with its own environment.
_DOCKER_ITSELF = (("manifest",), ("buildx", "imagetools"), ("trust",))
_PODMAN_VALUES = frozenset(
    {
        "--root",
        "--runroot",
        "--storage-driver",
        "--storage-opt",
        "--cgroup-manager",
        "--log-level",
        "--events-backend",
        "--tmpdir",
        "--identity",
        "--network-cmd-path",
        "--conmon",
        "--runtime",
        "--hooks-dir",
        "--namespace",
        "--volumepath",
        "--imagestore",
        "--module",
    }
)
_PODMAN_REMOTE = frozenset({"--remote", "-r", "--url", "-c", "--connection"})
_SIMPLE = {
    "docker-compose": Elsewhere.DOCKERD,
    "com.docker.cli": Elsewhere.DOCKERD,
    "podman-remote": Elsewhere.PODMAN,
    "nerdctl": Elsewhere.CONTAINERD,
    "crictl": Elsewhere.KUBELET,
    "kubectl": Elsewhere.KUBELET,
    "oc": Elsewhere.KUBELET,
    "minikube": Elsewhere.KUBELET,
    "buildctl": Elsewhere.BUILDKITD,
}
_MULTICALL = {  # one program that carries others as its subcommands
    "k3s": {"ctr": Elsewhere.CONTAINERD, "crictl": Elsewhere.KUBELET, "kubectl": Elsewhere.KUBELET},
    "microk8s": {"ctr": Elsewhere.CONTAINERD, "kubectl": Elsewhere.KUBELET},
    "microk8s.ctr": {"": Elsewhere.CONTAINERD},
    "lima": {"nerdctl": Elsewhere.CONTAINERD},
    "colima": {"nerdctl": Elsewhere.CONTAINERD},
}


def who_pulls(command: Sequence[str], environment: Mapping[str, str]) -> Elsewhere | None:
    """Who pulls when ``command`` is run; None when it does so itself, or when that cannot be told beforehand."""
    words, stripped = _unwrap(list(command))
    if not words:
        return None
    return _of_program(words, environment) or (Elsewhere.SUDO if stripped else None)


def _unwrap(words: list[str]) -> tuple[list[str], bool]:
    """The words of the command behind sudo, env, time and so on, and whether one of them clears the environment."""
    stripped = False
    while words:
        name = Path(words[0]).name
        if name in _SHELLS:
            inner = _shell_words(words[1:])
            if inner is None:
                return words, stripped
            words = inner
        elif name in _WRAPPERS:
            values, before = _WRAPPERS[name]
            options, rest = _split_options(words[1:], values)
            stripped |= name == "doas" or (name == "sudo" and not _keeps_environment(options))
            words = _without_assignments(rest)[before:]
        else:
            return words, stripped
    return [], stripped


def _keeps_environment(options: Sequence[str]) -> bool:
    return any(
        option.startswith("--preserve-env") or (option[:1] == "-" and option[1:2] != "-" and "E" in option)
        for option in options
    )


def _shell_words(words: Sequence[str]) -> list[str] | None:
    """The command in ``sh -c COMMAND`` when it is a single one; None for scripts, which are run and seen."""
    for index, word in enumerate(words):
        if word.startswith("-") and not word.startswith("--") and "c" in word and index + 1 < len(words):
            text = words[index + 1]
            if _MORE_THAN_ONE.search(text):
                return None
            try:
                return _without_assignments(shlex.split(text))
            except ValueError:
                return None
    return None


def _split_options(words: Sequence[str], values: frozenset[str]) -> tuple[list[str], list[str]]:
    """The options in front, without their values, and the words from the first that is none."""
    options: list[str] = []
    index = 0
    while index < len(words) and words[index].startswith("-") and words[index] != "-":
        if words[index] == "--":
            index += 1
            break
        options.append(words[index])
        index += 2 if words[index] in values else 1
    return options, list(words[index:])


def _without_assignments(words: Sequence[str]) -> list[str]:
    index = 0
    while index < len(words) and _ASSIGNMENT.match(words[index]):
        index += 1
    return list(words[index:])


def _of_program(words: Sequence[str], environment: Mapping[str, str]) -> Elsewhere | None:
    name = Path(words[0]).name
    if name == "docker":
        return _of_podman(words, environment) if _is_podman(words[0], environment) else _of_docker(words)
    if name == "podman":
        return _of_podman(words, environment)
    if name == "ctr":
        # ctr 2 asks containerd to transfer, unless --local; ctr 1 has no such option and fetches in its own process.
        return None if "--local" in words or "--local=true" in words else Elsewhere.CONTAINERD
    if name in _MULTICALL:
        table = _MULTICALL[name]
        rest = _split_options(words[1:], frozenset())[1]
        return table.get("") or table.get(rest[0] if rest else "")
    return _SIMPLE.get(name)


def _of_docker(words: Sequence[str]) -> Elsewhere | None:
    rest = _split_options(words[1:], _DOCKER_VALUES)[1]
    itself = any(tuple(rest[: len(subcommand)]) == subcommand for subcommand in _DOCKER_ITSELF)
    return None if itself else Elsewhere.DOCKERD


def _of_podman(words: Sequence[str], environment: Mapping[str, str]) -> Elsewhere | None:
    """podman pulls itself, but on macOS and Windows, and where a service is named, it asks a service."""
    options = _split_options(words[1:], _PODMAN_VALUES)[0]
    named = any(option.partition("=")[0] in _PODMAN_REMOTE for option in options)
    return Elsewhere.PODMAN if named or environment.get("CONTAINER_HOST") or _needs_a_machine() else None


def _needs_a_machine() -> bool:
    return os.uname().sysname == "Darwin"


def _is_podman(program: str, environment: Mapping[str, str]) -> bool:
    """Whether this ``docker`` is the package podman-docker: a link, or a script that runs podman."""
    found = shutil.which(program, path=environment.get("PATH"))
    if found is None:
        return False
    try:
        path = Path(found).resolve()
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return path.name == "podman" or (head.startswith(b"#!") and b"podman" in head)
