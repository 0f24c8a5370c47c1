"""Answers that a fault gives in place of a server: errors as registries, storages and proxies word them.

Knows: the registries' error body (distribution-spec, Error Codes), S3's, a plain web page. Must not know: stages, faults.
"""

import json
from collections.abc import Mapping

from mitmproxy import http

PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head><body><h1>Sign in</h1></body></html>\n"


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> http.Response:
    """An answer with these fields, its Content-Length set."""
    fields = {"Content-Length": str(len(body)), **(headers or {})}
    return http.Response.make(status, body, fields)


def registry_error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> http.Response:
    """An error body as distribution-spec has it."""
    body = json.dumps({"errors": [{"code": code, "message": message, "detail": None}]}).encode() + b"\n"
    return answer(status, body, {"Content-Type": "application/json", **(headers or {})})


def storage_error(status: int, code: str, message: str) -> http.Response:
    """An error body as S3 and those who do as it does have it."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>\n'
    return answer(status, body.encode(), {"Content-Type": "application/xml"})


def page(status: int = 200, body: bytes = PAGE) -> http.Response:
    """A web page."""
    return answer(status, body, {"Content-Type": "text/html; charset=utf-8"})


def redirect(location: str) -> http.Response:
    """307 to ``location`` (RFC 9110 section 15.4.8)."""
    return answer(307, b"", {"Location": location})


def bearer(realm: str, service: str, scope: str | None = None, error: str | None = None) -> str:
    """A Bearer challenge (RFC 6750 section 3)."""
    text = f'Bearer realm="{realm}",service="{service}"'
    text += f',scope="{scope}"' if scope else ""
    return text + (f',error="{error}"' if error else "")


def unauthorized(challenge: str, message: str = "authentication required", **headers: str) -> http.Response:
    """401 with this challenge; further fields have ``_`` for ``-`` in their names."""
    more = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return registry_error(401, "UNAUTHORIZED", message, {"WWW-Authenticate": challenge, **more})
