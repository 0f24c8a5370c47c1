"""hardening.md, line 70: secrets in the places that nobody thinks of, through a real mitmdump and real sockets.

Each canary has its own place. Not one of them, in no spelling, may be in the capture, in what mitmdump prints, or in any
form of the report; nor in the report of the file that mitmproxy's own ``-w`` has written, which holds them all.
"""

import base64
import contextlib
import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme
from kit.origin import Origin, http1, http2, reply
from kit.proxy import ROOT
from kit.story import IMAGE, MANIFEST_TYPE, image

from inspector.cli.main import run

CANARIES: dict[str, str] = {}


def canary(place: str, shape: str = "{}") -> str:
    """The secret that stands in this place: of letters and digits, or with the signs that passwords have."""
    number = list(CANARIES).index(place) if place in CANARIES else len(CANARIES)
    return CANARIES.setdefault(place, shape.format(f"kanari{number:03d}Zq8tR4mLpW2s"))


def basic(user: str, word: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()


def jwt(place: str) -> str:
    claims = (
        base64.urlsafe_b64encode(json.dumps({"sub": canary(f"{place} claim")}).encode()).rstrip(b"=").decode()
    )
    return f"eyJhbGciOiJSUzI1NiJ9.{claims}.{canary(f'{place} signature')}"


PASSWORD = canary("password", "{}&+/=% !")
SHORT = canary("short password", "hunter2-{:.6}")

SIGNED = (
    f"?token={canary('query token')}&X-Amz-Signature={canary('amz signature')}&X-Amz-Credential={canary('amz credential')}%2F2026"
    f"&X-Amz-Security-Token={canary('amz session')}&Signature={canary('cloudfront')}&sig={canary('azure')}&Policy={canary('policy')}"
    f"&%73ig={canary('escaped name')}&Key-Pair-Id={canary('key pair')}&verify={canary('cloudflare')}"
)
TOKENS = {
    "token": jwt("token"), "Access_Token": canary("other case"), "refresh_token": canary("refresh answered"),
    "id_token": canary("id token"), "nested": {"secret": canary("nested")}, "expires_in": 300,
}  # fmt: skip
ASKED = (
    f"grant_type=password&service=r&scope=repository:{IMAGE}:pull&username={canary('user')}&password={quote(PASSWORD, safe='')}"
    f"&refresh_token={canary('refresh sent')}&client_secret={canary('client secret')}"
)
HEADERS = [
    f"Authorization: Bearer {jwt('bearer')}", f"Cookie: sid={canary('cookie')}; {canary('bare cookie')}", f"X-Registry-Auth: {canary('registry auth')}",
    f"Proxy-Authorization: {basic('u', canary('proxy password'))}", f"Referer: https://u:{canary('referer user')}@cdn.test/x{SIGNED}",
    f"X-Api-Key: {canary('api key')}", f"User-Agent: docker/27 (tok=eyJhbGciOiJub25lIn0.{canary('agent')}.)", f"X-Custom: {canary('custom')}",
]  # fmt: skip
ANSWERED = [
    f"Location: https://u:{canary('location user')}@cdn.test/blob{SIGNED}#t={canary('fragment')}", f"Set-Cookie: s={canary('set-cookie')}; Secure",
    f'WWW-Authenticate: Bearer realm="http://a.test/token?key={canary("realm query")}",service="r",nonce="{canary("nonce")}"',
    f'Link: </v2/x?last=y&token={canary("link")}>; rel="next"', f"X-Trace: {canary('answer field')}", f"X-Amz-Request-Charged: {canary('amz field')}",
    f'Content-Disposition: attachment; filename="eyJhbGciOiJub25lIn0.{canary("disposition")}.tar"', f'Warning: 299 - "password={canary("warning")}"',
]  # fmt: skip


SEEN = [canary("cookie"), jwt("bearer"), canary("registry auth"), canary("api key"), canary("query token")]


def echo(*said: str) -> bytes:
    """An error that repeats what it was sent: as it was, percent-encoded and in base64."""
    spelled = [
        *said,
        *(quote(one, safe="") for one in said),
        *(base64.b64encode(one.encode()).decode() for one in said),
    ]
    errors = [
        {"code": "DENIED", "message": f"bad login {one}", "detail": {"auth": one, "T\u006fken": one}}
        for one in spelled
    ]
    return json.dumps({"errors": errors, "request": f"http://u:{said[0]}@h/?p={quote(said[-1])}"}).encode()


def answer(request: bytes) -> bytes:
    path = request.split(b" ")[1]
    if b"/token-odd" in path:
        text = json.dumps(TOKENS).replace("token", "t\\u006fken").encode()
        return reply("200 OK", text, "Content-Type: application/json")
    if b"/token" in path and b"/v2/" not in path:
        return reply(
            "200 OK",
            json.dumps(TOKENS).encode(),
            "Content-Type: application/json",
            f"Set-Cookie: x={canary('token cookie')}",
        )
    if b"/echo" in path:
        sent = [canary("refresh sent"), canary("user"), PASSWORD] if b"grant_type" in request else []
        sent += [SHORT, basic("bob", SHORT)] if request.startswith(b"POST") else SEEN
        return reply("403 Forbidden", echo(*sent), "Content-Type: application/json")
    if b"/html" in path:
        page = f"<html><title>{jwt('bearer')}</title>{canary('page')}</html>"
        return reply("500 Oops", page.encode(), "Content-Type: text/html")
    if b"/blobs/" in path:
        return reply("307 Temporary Redirect", b"", *ANSWERED)
    if b"/cut" in path:
        return reply("200 OK", b"x", "Connection: close").replace(b"Length: 1\r", b"Length: 99\r")
    if b"/manifests/ok" in path:
        return reply("200 OK", image(b"layer"), f"Content-Type: {MANIFEST_TYPE}")
    if b"/bad" in path:
        return f"HTTP/1.1 200 OK\r\nbad header {canary('bad header')}\r\n\r\n".encode()
    return reply("401 Unauthorized", echo(*SEEN), *ANSWERED)


def requests(origin: int) -> Iterator[bytes]:
    """Requests in the absolute form, as a client sends them to its proxy."""
    paths = [
        "/v2/",
        f"/v2/{IMAGE}/manifests/ok",
        f"/v2/{IMAGE}/manifests/echo",
        f"/v2/{IMAGE}/blobs/sha256:{'a' * 64}",
        "/html",
        "/cut",
        "/bad",
        "/token-odd?service=r",
    ]
    for path in paths:
        where = f"http://127.0.0.1:{origin}{path}{SIGNED if '?' not in path else ''}"
        yield "\r\n".join(
            [f"GET {where} HTTP/1.1", f"Host: 127.0.0.1:{origin}", "Connection: close", *HEADERS, "", ""]
        ).encode()
    for path in ("/token", "/echo"):
        for kind, body in (
            ("application/x-www-form-urlencoded", ASKED),
            ("application/json", json.dumps({"password": canary("json login")})),
        ):
            head = [
                f"POST http://127.0.0.1:{origin}{path} HTTP/1.1",
                f"Host: 127.0.0.1:{origin}",
                "Connection: close",
                f"Content-Type: {kind}",
                f"Content-Length: {len(body)}",
            ]
            yield "\r\n".join([*head, f"Authorization: {basic('bob', SHORT)}", "", body]).encode()
    yield f"GET http://127.0.0.1:1/?token={canary('dead host')} HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n".encode()
    yield f"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nProxy-Authorization: {basic('u', canary('connect'))}\r\n\r\n".encode()
    yield f"GET http://user:{canary('userinfo')}@127.0.0.1:{origin}/ HTTP/1.1\r\nAuthorization: Bearer {canary('no request')}\r\n\r\n".encode()
    yield f"Authorization: Bearer {canary('no protocol')}\r\n\r\n".encode()


def send(port: int, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(1)
        client.sendall(data)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while client.recv(65536):
                pass


def secure(proxy, port: int) -> None:
    """Over CONNECT and HTTP/2, with trailers in the answer; and a tunnel in which no TLS is spoken."""
    word = canary("curl password")
    done = subprocess.run(
        [
            "curl", "-sS", "--http2", "-k", "-x", f"http://pu:{canary('curl proxy')}@127.0.0.1:{proxy.port}", "-u", f"bob:{word}", "-b", f"c={canary('h2 cookie')}",
            "-H", f"X-Secret: {canary('h2 field')}", "-e", f"https://x.test/?sig={canary('h2 referer')}", f"https://localhost:{port}/v2/{IMAGE}/manifests/h2{SIGNED}",
        ], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert "kanari" in done.stdout, done.stderr  # it got the body
    tunnel = f"CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", proxy.port)) as client:
        client.settimeout(2)
        client.sendall(tunnel)
        client.recv(65536)
        client.sendall(f"Bearer {canary('in the tunnel')}\r\n\r\n".encode())
        with contextlib.suppress(TimeoutError, ConnectionError):
            client.recv(65536)


def spellings(secret: str) -> set[bytes]:
    """The secret as it is, percent-encoded, in JSON, in hex, and what base64 makes of its middle at any offset."""
    found = {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1], secret.encode().hex()}
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"x" * offset + secret.encode()).decode()[4 if offset else 0 : -4])
    return {one.lower().encode() for one in found}


def leaks(data: bytes) -> list[str]:
    low = data.lower()
    return [place for place, secret in CANARIES.items() if any(one in low for one in spellings(secret))]


def reports(path: Path, captured) -> bytes:
    """Everything that the command can say of the file, both streams."""
    forms = [["--full", "--width", "1000"], ["--format", "json"], ["--format", "concise"], ["--svg"]]
    forms += [["--request", str(n), "--width", "1000", "--pull", "1"] for n in range(1, 10)]
    captured.readouterr()
    for words in forms:
        assert run(["report", str(path), *words]) in {0, 2}  # 2: there is no such request
    said = captured.readouterr()
    return said.out + said.err


@pytest.mark.parametrize("level", ["default", "strict"])
def test_H70_no_canary_is_anywhere(start, tmp_path, capfdbinary, level):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    plain = Origin(http1(answer))
    body = json.dumps({"errors": [{"code": "DENIED", "message": f"bad {canary('h2 field')}"}]}).encode()
    fields = [
        (":status", "401"),
        ("content-type", "application/json"),
        ("set-cookie", f"k={canary('h2 set-cookie')}"),
        ("www-authenticate", f"Custom {canary('h2 challenge')}"),
    ]
    h2 = Origin(http2(fields, body, [("x-trailer", canary("trailer"))]), context)
    raw = tmp_path / "raw.flow"
    proxy = start("--set", f"registry_redact={level}", "--set", "ssl_insecure=true", "-w", str(raw))
    for request in requests(plain.port):
        send(proxy.port, request)
    secure(proxy, h2.port)
    said = proxy.stop()
    plain.close()
    h2.close()
    assert len(leaks(raw.read_bytes())) > 50  # the traffic did hold them
    assert leaks(proxy.capture.read_bytes()) == []
    assert leaks(said.encode("utf-8", "surrogateescape")) == []
    assert "Traceback" not in said
    for path in (proxy.capture, raw):
        text = reports(path, capfdbinary)
        assert len(text) > 10_000
        assert leaks(text) == []


def test_H70_a_files_name_is_searched_too(start, tmp_path):
    secret = f"ghp_{canary('file name')}"
    proxy = start("--set", f"registry_capture={tmp_path}/pull-{secret}.flow")
    said = proxy.stop()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from inspector.cli.main import main; main()",
            "report",
            f"{tmp_path}/token={secret}.flow",
        ],
        capture_output=True,
        cwd=ROOT,
    )
    assert leaks(done.stdout + done.stderr + said.encode()) == []
