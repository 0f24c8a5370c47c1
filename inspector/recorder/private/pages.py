"""mitmproxy's own error pages as a registry client can read them. A part of ``private``; installed by the mirror only.

What mitmproxy refuses by itself (a malformed request, CONNECT where it is no proxy, an upstream that is away) it answers
with an HTML page that names itself. Here it becomes the error body of distribution-spec v1.1. Must not know: registries' names.
"""

import json
from typing import Any

from mitmproxy import http
from mitmproxy.net.http import http1, status_codes
from mitmproxy.proxy.layers.http import _http1, _http2

from inspector.recorder.private.fit import DoesNotFit, require_parameters
from inspector.wire.clean import clean

MARK = "_pull_inspector_pages"
_h2: Any = _http2  # it does not export what it has imported
_CONNECT = "HTTP CONNECT"


def install() -> list[str]:
    """Replace the pages. Once a process; one sentence when mitmproxy is not fit for it."""
    if hasattr(_http1, MARK):
        return []
    setattr(_http1, MARK, "installed")
    try:
        require_parameters(_http1.make_error_response, "status_code", "message")
        require_parameters(_h2.format_error, "status_code", "message")
    except (DoesNotFit, AttributeError) as error:
        return [f"error pages that a registry client can read do not fit this mitmproxy: {error}"]
    _http1.make_error_response = page
    _h2.format_error = body
    return []


def body(status_code: int, message: str) -> bytes:
    """The error body; what mitmproxy says of itself is left out of it."""
    code = "UNSUPPORTED" if status_code < 500 else "UNAVAILABLE"
    text = clean(" ".join(message.split()), 500).replace("mitmproxy received", "the mirror received")
    said = text.partition(" This usually indicates")[0]
    status = f"{status_code} {status_codes.RESPONSES.get(status_code, '')}".strip()
    return json.dumps({"errors": [{"code": code, "message": f"{status}: {said}"}]}).encode()


def page(status_code: int, message: str = "") -> bytes:
    """A whole HTTP/1 answer, after which the connection ends. CONNECT gets a 405: the method is what is wrong."""
    status = 405 if _CONNECT in message else status_code
    fields = {"connection": "close", "content-type": "application/json"}
    if status == 405:
        fields["allow"] = "GET, HEAD"
    answer = http.Response.make(status, body(status, message), fields)
    whole: bytes = http1.assemble_response(answer)  # type: ignore[no-untyped-call]
    return whole
