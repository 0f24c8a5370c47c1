"""The hub's token server: ``tokenserver.py ADDRESS PORT PKI JOURNAL [SETTINGS]`` serves ``/token`` until it is killed.

Knows: the Docker token specification (GET with Basic, POST with password or refresh token; JWT, ES256). Every answer
is one line of JSON in JOURNAL, secrets included: the tests look for them where they must not be. Must not know: who asks.
Users: admin may push and pull everything, alice may pull private/*, everybody may pull the rest.
"""

import base64
import hashlib
import json
import secrets
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization

USERS = {"admin": "adminpw", "alice": "alicepw"}
LIFE = 300
# What may be set otherwise, as JSON: who issues, how long a token lives (what is told of it: `expires_in`), how far the clock
# is ahead (s), for whom tokens are (else whoever the client names), the key's name, whether alice is somebody else here.
SETTINGS: dict = {
    "issuer": "auth.docker.io", "life": LIFE, "told": None, "ahead": 0, "audience": None, "key": "token", "users": None,
}  # fmt: skip
REFUSED = {"details": "incorrect username or password"}


class Signer:
    """Mints JWTs that distribution accepts: key id in libtrust's form, certificate in ``x5c``."""

    def __init__(self, pki: Path) -> None:
        key = SETTINGS["key"]
        self.key = serialization.load_pem_private_key((pki / f"{key}.key").read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((pki / f"{key}.crt").read_bytes())
        public = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        short = base64.b32encode(hashlib.sha256(public).digest()[:30]).decode()
        der = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
        self.headers = {"kid": ":".join(short[i : i + 4] for i in range(0, 48, 4)), "x5c": [der]}

    def mint(self, user: str, audience: str, access: list[dict]) -> str:
        now = int(time.time()) + SETTINGS["ahead"]
        claims = {
            "iss": SETTINGS["issuer"],
            "sub": user,
            "aud": SETTINGS["audience"] or audience,
            "exp": now + SETTINGS["life"],
            "nbf": now - 5,
            "iat": now,
            "jti": secrets.token_hex(8),
            "access": access,
        }
        return jwt.encode(claims, self.key, algorithm="ES256", headers=self.headers)


def grant(user: str, scopes: list[str]) -> list[dict]:
    """What of the scopes this user gets. A smaller grant is no error (token specification)."""
    access = []
    for scope in " ".join(scopes).split():
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        public = kind == "repository" and (not name.startswith("private/") or user == "alice")
        granted = [one for one in actions.split(",") if user == "admin" or (public and one == "pull")]
        if granted:
            access.append({"type": kind, "name": name, "actions": granted})
    return access


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    signer: Signer
    journal: Path
    refresh_tokens: dict[str, str] = {}  # noqa: RUF012 - one server, one book
    lock = threading.Lock()

    def log_message(self, *_: object) -> None:
        """The journal says it better."""

    def answer(self, status: int, body: dict, **note: object) -> None:
        data = json.dumps(body).encode()
        with self.lock, self.journal.open("a") as journal:
            journal.write(
                json.dumps({"method": self.command, "status": status, **note, "answer": body}) + "\n"
            )
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def reply(self, user: str, query: dict[str, list[str]], *, refresh: bool) -> None:
        audience, scopes = query.get("service", ["registry.docker.io"])[0], query.get("scope", [])
        token = self.signer.mint(user, audience, grant(user, scopes))
        issued = datetime.now(UTC) + timedelta(seconds=SETTINGS["ahead"])
        told = SETTINGS["told"] or SETTINGS["life"]
        body = {"access_token": token, "expires_in": told, "issued_at": issued.isoformat()}
        body |= {"scope": " ".join(scopes)} if self.command == "POST" else {"token": token}
        if refresh:
            body["refresh_token"] = "dckr_jti_" + secrets.token_urlsafe(18)
            self.refresh_tokens[body["refresh_token"]] = user
        self.answer(200, body, user=user, scopes=scopes)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query, kind, credentials = parse_qs(url.query), *self.headers.get("Authorization", " ").split(" ", 1)
        if url.path != "/token":
            return self.answer(404, {"details": "not found"})
        user, _, password = base64.b64decode(credentials).decode().partition(":")
        if kind and USERS.get(user) != password:
            return self.answer(401, REFUSED)
        return self.reply(user, query, refresh=bool(user) and query.get("offline_token") == ["true"])

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        first = {name: values[0] for name, values in form.items()}
        user = self.refresh_tokens.get(first.get("refresh_token", ""))
        if first.get("grant_type") == "password" and USERS.get(first.get("username")) == first.get(
            "password"
        ):
            user = first["username"]
        if not user:
            return self.answer(401, REFUSED)
        return self.reply(
            user, form, refresh="refresh_token" in first or first.get("access_type") == "offline"
        )


if __name__ == "__main__":
    SETTINGS |= json.loads(sys.argv[5]) if len(sys.argv) > 5 else {}
    USERS |= SETTINGS["users"] or {}
    Handler.signer, Handler.journal = Signer(Path(sys.argv[3])), Path(sys.argv[4])
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
