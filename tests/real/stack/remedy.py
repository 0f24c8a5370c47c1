"""Remedies as a person would carry them out: the configuration lines of a printed remedy, put where they belong.

Knows: how remedies are written (what stands in backticks is a line), how nginx, distribution and the clients are configured.
Must not know: codes, what a remedy should say. Nothing is added to the lines, and nothing of them is left out.
"""

import base64
import json
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.clients import Client, Containerd, Docker, Podman, Run, Skopeo
from stack.procs import until

# What a clause of a remedy may be for. A clause ends where the next begins.
PRODUCTS = (
    "nginx",
    "Worker",
    "distribution",
    "docker",
    "containerd",
    "podman",
    "Harbor",
    "mitmproxy",
    "crane",
)
_LABEL = re.compile(rf"\b({'|'.join(PRODUCTS)})\b", re.IGNORECASE)
_SENTENCE = re.compile(r"\. (?=[A-Z])")
_CODE = re.compile(r"`([^`]*)`")
_REMOVED = re.compile(r"\b(?:[Nn]o|[Ww]ithout|[Rr]emove|[Dd]rop) (?:the line )?$")
# Directives of nginx of which a block may have several, told apart by their first word; of the rest it has one.
_SEVERAL = {"proxy_set_header", "add_header", "proxy_hide_header", "proxy_pass_header"}
_ANY = {"rewrite", "proxy_redirect", "set", "error_page", "return", "if"}
_SERVER_LEVEL = {
    "large_client_header_buffers",
    "client_header_buffer_size",
    "listen",
    "server_name",
    "resolver",
}


def clause(remedy: str, product: str) -> str:
    """What of the remedy is for this product: from its name to another's, or to the sentence's end. Code does not count."""
    masked = _CODE.sub(lambda found: "`" + "\0" * len(found[1]) + "`", remedy)
    ends = [*(found.start() for found in _LABEL.finditer(masked)), *_SENTENCE.finditer(masked), len(remedy)]
    ends = sorted(end if isinstance(end, int) else end.start() for end in ends)
    return " ".join(
        remedy[found.end() : next(end for end in ends if end > found.start())]
        for found in _LABEL.finditer(masked)
        if found[1].lower() == product.lower()
    )


def _coded(remedy: str, product: str) -> Iterator[tuple[str, bool]]:
    """Each piece in backticks, and whether the words before it say that it must not be there."""
    text = clause(remedy, product)
    for found in _CODE.finditer(text):
        yield found[1].strip(), bool(_REMOVED.search(text[: found.start()]))


def lines_for(remedy: str, product: str) -> list[str]:
    """The lines that the remedy has for this product, as they are printed."""
    return [line for line, removed in _coded(remedy, product) if not removed]


def unlisted(remedy: str, product: str) -> list[str]:
    """What the remedy says to take away."""
    return [line for line, removed in _coded(remedy, product) if removed]


# -- nginx -------------------------------------------------------------------------------------------------------------


def into_nginx(server: str, lines: Iterable[str], removed: Iterable[str] = (), *, at: str) -> str:
    """A server block's inside with these lines in it: locations beside its own, directives in the block ``at``."""
    for line in lines:
        for statement in _statements(line):
            server = _with(server, statement, at)
    for directive in removed:
        server = re.sub(rf"(?<![\w-]){re.escape(directive.rstrip(';'))}\b[^;{{}}]*;", "", server)
    return server


def _statements(text: str) -> list[str]:
    """Directives, each with its semicolon, and blocks, each with its braces; quotes are respected."""
    found, current, depth, quote = [], "", 0, ""
    for letter in text:
        current += letter
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "{}":
            depth += 1 if letter == "{" else -1
        if not quote and depth == 0 and letter in ";}":
            found.append(current.strip())
            current = ""
    assert not current.strip(), f"no nginx configuration: {text!r} (does a semicolon lack?)"
    return found


def _with(server: str, statement: str, at: str) -> str:
    if statement.startswith("location"):
        header = statement.partition("{")[0].strip()
        start, end = _block(server, header)
        return server[:start] + statement + server[end:] if end else f"{server}\n    {statement}"
    if statement.split(maxsplit=1)[0] in _SERVER_LEVEL:
        return f"    {statement}\n{_without(server, statement)}"
    start, end = _block(server, at)
    assert end, f"no block {at} in\n{server}"
    inside = start + server[start:end].index("{") + 1
    return f"{server[:inside]} {statement}{_without(server[inside:end], statement)}{server[end:]}"


def _block(server: str, header: str) -> tuple[int, int]:
    """Where the block with this header begins and ends; (0, 0) if there is none."""
    found = re.search(rf"{re.escape(header)}\s*\{{", server)
    if not found:
        return 0, 0
    depth = 1
    for place in range(found.end(), len(server)):
        depth += {"{": 1, "}": -1}.get(server[place], 0)
        if not depth:
            return found.start(), place + 1
    raise AssertionError(f"the block {header} does not end")


def _without(block: str, statement: str) -> str:
    """The block without what this statement replaces."""
    name, *words = statement.rstrip(";").split()
    if name in _ANY:
        return block
    key = rf"{name}\s+{re.escape(words[0])}" if name in _SEVERAL else name
    return re.sub(
        rf"(?<![\w-]){key}(?=[\s;])(?:'[^']*'|\"[^\"]*\"|[^;'\"])*;", "", block, flags=re.IGNORECASE
    )


# -- distribution ------------------------------------------------------------------------------------------------------


def into_settings(settings: dict, path: str, value: object) -> None:
    """Set ``a.b.c`` in a configuration of distribution; a text is read as YAML reads a plain scalar."""
    *above, last = path.strip().split(".")
    for key in above:
        settings = settings.setdefault(key, {})
    if value is None:
        settings.pop(last, None)
        return
    if isinstance(value, str) and (value in ("true", "false") or re.fullmatch(r'\d+|".*"|\[.*\]', value)):
        value = json.loads(value)
    settings[last] = value


# -- the clients' own files --------------------------------------------------------------------------------------------


@contextmanager
def daemon_json(client: Docker, *lines: str) -> Iterator[None]:
    """docker with these members in its daemon.json, as long as the context lasts."""
    _reload(client, json.loads("{" + ", ".join(line.strip().rstrip(",") for line in lines) + "}"))
    try:
        yield
    finally:
        _reload(client, {})


def _reload(client: Docker, settings: dict) -> None:
    """dockerd reads its file anew at SIGHUP, and says so in its log."""
    assert client.daemon
    log = client.daemon.log
    before = log.read_text(errors="replace").count("Reloaded configuration")
    (client.place.folder("dockerd") / "daemon.json").write_text(json.dumps(settings))
    client.daemon.process.send_signal(signal.SIGHUP)
    until(lambda: log.read_text(errors="replace").count("Reloaded configuration") > before)
    client.mirror = (settings.get("registry-mirrors") or [""])[0].removeprefix("https://")


@contextmanager
def etc_docker(client: Docker, path: str, data: bytes) -> Iterator[Path]:
    """A file where a remedy says: below /etc/docker, which every client sees as a folder of its own."""
    assert path.startswith("/etc/docker/"), path
    file = client.place.folder("private", "etc-docker") / path.removeprefix("/etc/docker/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    try:
        yield file
    finally:
        file.unlink()


@contextmanager
def logged_in(client: Client, host: str, user: str, password: str) -> Iterator[Path]:
    """docker, podman and what reads their logins have one for this host, in the file that is given; ctr has none."""
    file = Path(client.auth(login=False))
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    file.write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    try:
        yield file
    finally:
        file.write_text("{}")


def hosts_toml(client: Containerd, reference: str, *lines: str, **how: str) -> Run:
    """A pull by ctr with these lines in the hosts.toml of the reference's registry."""
    host = reference.partition("/")[0]
    folder = client.place.folder("containerd", f"hosts-{client.round}", host)
    (folder / "hosts.toml").write_text("\n".join(lines) + "\n")
    words = ("images", "pull", "--snapshotter", "native", "--hosts-dir", str(folder.parent))
    return client.ctr(*words, reference, **how)


def registries_conf(client: Podman | Skopeo, reference: str, *lines: str) -> Run:
    """A pull by podman, buildah or skopeo with these lines in registries.conf, which is otherwise empty."""
    path = client.place.folder(client.name) / "remedy.conf"
    path.write_text("\n".join(lines) + "\n")
    if isinstance(client, Skopeo):  # 1.9 does not read the variable
        target = client.place.folder("skopeo", f"remedy{client.round}")
        return client.skopeo("--registries-conf", str(path), "copy", f"docker://{reference}", f"dir:{target}")
    client.env["CONTAINERS_REGISTRIES_CONF"] = str(path)
    try:
        return client.pull(reference)
    finally:
        del client.env["CONTAINERS_REGISTRIES_CONF"]
