r"""hardening.md, line 67: what a terminal would obey comes out as visible text, in the report, live, and in mitmproxy.

``told`` asserts for every capture that nothing obeyed is printed; here each recorded field holds it, and is still told.
"""

import json
import os
import pty
import subprocess
import threading
from pathlib import Path

import pytest
from kit.proxy import MITMDUMP, ROOT
from kit.story import AUTH, IMAGE, REGISTRY, Story, image
from kit.told import OBEYED
from mitmproxy.io import FlowWriter

from inspector.core.events import Trouble
from inspector.recorder.connections import failed_flow
from inspector.sources.metadata import FailedFacts

SIGNS = {
    "clear": "\x1b[2J\x1b[1;1H",
    "clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "link": "\x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\",
    "title": "\x1b]0;owned\x07",
    "c1": "\x9b2J\x9d52;c;eA==\x9c",
    "bidi": "a\u202eb\u2066c\u2069d\u200f",
    "hidden": "a\u200bb\ufeffc\u2060d\u00ad\U000e0041\U000e007f",
    "line": "one\rtwo\nthree\vfour\x85five\u2028six",
    "markup": "[bold red]x[/bold red][link=file:///etc/passwd]y[/link][/nothing] :smile: \\[x]",
    "long": "w" * 10_000,
    "backspace": "abc\x08\x08\x08xyz\x7f\x00",
}


def everywhere(sign: str) -> Story:
    """A pull in which every field of every message holds the sign."""
    raw = sign.encode("utf-8", "surrogateescape")
    story = Story(client=f"192.0.2.7{sign}"[:200], agent=f"docker/27.0{sign} ({sign})")
    story.challenge(
        f'Bearer realm="{AUTH}/t{sign}",service="s{sign}",scope="repository:a{sign}:pull",error="{sign}"'
    )
    story.token(
        {
            "token": "opaque" * 8,
            "scope": sign,
            "expires_in": sign,
            "issued_at": sign,
            sign: sign,
            "error": sign,
        }
    )
    document = json.loads(image(b"x"))
    document |= {
        "annotations": {sign: sign, "org.opencontainers.image.title": sign},
        "mediaType": sign,
        "artifactType": sign,
    }
    document["layers"][0] |= {"digest": f"sha256:{sign}", "mediaType": sign, "urls": [sign]}
    document["config"] |= {"platform": {"os": sign, "architecture": sign}}
    story.manifest(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass"), tag="latest")
    story.manifest(
        json.dumps(
            {
                "schemaVersion": 2,
                "manifests": [document["layers"][0] | {"platform": {"os": sign, "architecture": sign}}],
            }
        ).encode(),
        tag="x",
    )
    error = {
        "errors": [{"code": f"DENIED{sign}", "message": f"no {sign}", "detail": {"name": sign, sign: sign}}]
    }
    story.ask(
        f"{REGISTRY}/v2/{IMAGE}/manifests/gone",
        404,
        {"Content-Type": f"application/json{sign}"},
        json.dumps(error).encode(),
    )
    flow = story.ask(
        f"{REGISTRY}/v2/{IMAGE}/manifests/path",
        403,
        {"Server": sign, "Warning": sign, "Retry-After": sign},
        raw,
        error=f"broke: {sign}",
    )
    flow.request.data.path = b"/v2/" + IMAGE.encode() + b"/manifests/" + raw + b"?ns=" + raw + b"&x=" + raw
    flow.request.data.headers[b"Host"] = b"registry.example.com" + raw
    flow.request.data.method, flow.request.data.http_version = b"GE" + raw[:10], b"HTTP/1.1" + raw[:8]
    flow.request.data.headers.add(b"X-" + raw, raw)
    flow.response.data.reason, flow.response.data.http_version = raw, b"HTTP/" + raw[:8]
    flow.server_conn.alpn, flow.server_conn.sni = raw[:60], sign
    story.ask(
        f"{REGISTRY}/v2/{IMAGE}/blobs/sha256:{'a' * 64}", 307, {"Location": f"https://cdn{sign}/x{sign}"}
    )
    page = f"<html><head><title>{sign}</title></head></html>".encode("utf-8", "surrogateescape")
    story.ask(
        f"{REGISTRY}/v2/{IMAGE}/manifests/page",
        200,
        {"Content-Type": "text/html", "Docker-Content-Digest": sign},
        page,
    )
    facts = FailedFacts(trouble=Trouble.CLIENT_TLS, host=f"h{sign}", port=443, message=sign, alert=48)
    story.flows.append(failed_flow(story.flows[0].client_conn, facts, story.now))
    return story


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
def test_H67_a_sign_in_every_field_is_visible_text(told, sign):
    seen = told(*everywhere(sign).flows)
    assert "file:///etc/passwd" not in "".join(
        part for part in seen.colour.split("\x1b") if part.startswith("]")
    )
    if sign == SIGNS["clear"]:
        assert "\\x1b[2J" in seen.text
        assert "\\x1b[2J" in seen.colour
    if sign == SIGNS["bidi"]:
        assert "\\u202e" in seen.text
    if sign == SIGNS["markup"]:
        assert "[bold red]x[/bold red]" in seen.text.replace("\n", "")


def test_H67_a_files_name_is_visible_text(capsys, tmp_path):
    from inspector.cli.main import run

    name = f"x{SIGNS['clear']}{SIGNS['clipboard']}[bold]".replace("/", "")
    for path in (tmp_path / name, tmp_path / f"{name}.flow"):
        path.touch()
        run(["report", str(path)])
        path.unlink()
        run(["report", str(path)])
    said = capsys.readouterr()
    assert OBEYED.search(said.out + said.err) is None
    assert "\\x1b[2J" in said.err


def live(folder: Path, *words: str, colour: bool) -> str:
    """What mitmdump shows on a terminal (``colour``) or in a pipe."""
    command = [
        *MITMDUMP,
        "-n",
        "-s",
        str(ROOT / "addons" / "record.py"),
        "--set",
        f"confdir={folder}/conf",
        *words,
    ]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"}
    environment.pop("NO_COLOR", None)
    if not colour:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=True
        ).stdout.decode(errors="surrogateescape")
    master, slave = pty.openpty()
    parts: list[bytes] = []

    def drain() -> None:
        try:
            while data := os.read(master, 65536):
                parts.append(data)
        except OSError:  # the other end is closed
            pass

    reader = threading.Thread(target=drain)
    reader.start()
    subprocess.run(
        command, cwd=folder, env=environment, stdout=slave, stderr=slave, stdin=subprocess.DEVNULL, check=True
    )
    os.close(slave)
    reader.join()
    os.close(master)
    return b"".join(parts).decode(errors="surrogateescape").replace("\r\n", "\n")


SPY = """
import json, logging
class Spy:
    def done(self):
        print("SPIED " + json.dumps(kept))
    def response(self, flow): kept.append([flow.comment, flow.marked])
    error = response
kept = []
addons = [Spy()]
"""


@pytest.mark.parametrize("colour", [True, False], ids=["terminal", "pipe"])
def test_H67_live_and_in_mitmproxys_comments_too(tmp_path, colour):
    path = tmp_path / "x.flow"
    flows = [flow for name in SIGNS if name != "long" for flow in everywhere(SIGNS[name]).flows]
    with path.open("wb") as file:
        for flow in flows:
            flow.id = str(id(flow))
            FlowWriter(file).add(flow)
    (tmp_path / "spy.py").write_text(SPY)
    said = live(tmp_path, "-r", str(path), "-s", str(tmp_path / "spy.py"), colour=colour)
    spied = next(line for line in said.splitlines() if line.startswith("SPIED "))
    shown = said.replace(spied, "")
    assert (hidden := OBEYED.search(shown)) is None, repr(shown[max(0, hidden.start() - 80) :][:160])
    assert "\\x1b[2J" in shown
    assert "Traceback" not in shown
    comments = json.loads(spied.removeprefix("SPIED "))
    assert sum(bool(comment) for comment, _ in comments) > len(flows) / 2
    assert all(OBEYED.search(comment + marker) is None for comment, marker in comments)
