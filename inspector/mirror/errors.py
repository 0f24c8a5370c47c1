"""Refusals: what a client gets when the mirror, or the upstream, could not do it.

Knows: the error body of distribution-spec v1.1 (Error Codes), and which status and code say what. Must not know: flows, how
it failed. A client prints one line of it, the first message: so that names the upstream and the reason.
"""

import json

from inspector.mirror.model import Answer, Failure, Headers, Trouble
from inspector.wire.clean import clean

_LONGEST = 500
_LONGEST_PHRASE = 300

_STATUS = {Trouble.TIMEOUT: 504, Trouble.BUSY: 503, Trouble.TOO_LARGE: 413}
_CODE = {Trouble.TOO_LARGE: "SIZE_INVALID", Trouble.BUSY: "TOOMANYREQUESTS"}
_RETRY_SECONDS = "5"


def refuse(status: int, code: str, message: str, headers: Headers = ()) -> Answer:
    """An answer of ours with an OCI error body; ``message`` is one sentence, cleaned here."""
    text = clean(" ".join(message.split()), _LONGEST)
    body = json.dumps({"errors": [{"code": code, "message": text}]}).encode()
    fields = (
        ("content-type", "application/json"),
        ("docker-distribution-api-version", "registry/2.0"),
        ("content-length", str(len(body))),
        *headers,
    )
    # docker, containerd and skopeo read the body of a 4xx; of a 5xx they print the status line (distribution's client).
    phrase = text.encode("ascii", "replace").decode()[:_LONGEST_PHRASE] if status >= 500 else ""
    return Answer(status=status, headers=fields, body=body, reason=text, phrase=phrase)


def refuse_failure(upstream: str, failure: Failure) -> Answer:
    """What the client hears when the mirror could not ask, or not understand, the upstream."""
    status = _STATUS.get(failure.trouble, 502)
    code = _CODE.get(failure.trouble, "UNAVAILABLE")
    headers: Headers = (("retry-after", _RETRY_SECONDS),) if status == 503 else ()
    if failure.reply is not None and failure.reply.status >= 400:
        status = failure.reply.status
        code = {401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS"}.get(status, code)
        headers = tuple(pair for pair in failure.reply.headers if pair[0] == "retry-after")[:1]
    where = upstream if failure.host == upstream else f"{upstream} ({failure.host})"
    return refuse(status, code, f"mirror of {where}: {failure.sentence}", headers)
