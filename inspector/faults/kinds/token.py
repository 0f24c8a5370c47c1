"""What goes wrong with a token: it is not to be had, is no token, or the registry does not take it."""

import json
import time
from email.utils import formatdate

from mitmproxy import http

from inspector.core.pull import Stage
from inspector.faults.fault import REGISTRY, Ask, Asked, Dead, Fault, Reply, Whole
from inspector.faults.replies import answer, bearer, page, unauthorized

TOKEN = frozenset({Stage.TOKEN})
DAY = 86400.0
OTHER = "repository:other/image:pull"


def _denied(_: Asked) -> http.Response:
    body = json.dumps({"details": "incorrect username or password"}).encode()
    return answer(401, body, {"Content-Type": "application/json"})


def _other_scope(request: http.Request) -> bool:
    if not request.query.get_all("scope"):
        return False
    request.query.set_all("scope", [OTHER])
    return True


def _without_token(_: Asked, response: http.Response) -> bool:
    if response.status_code != 200:
        return False
    response.raw_content = b'{"expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}'
    response.headers.pop("content-encoding", None)
    return True


def _refused(error: str | None) -> Reply:
    """401 to whoever brings a bearer."""

    def make(asked: Asked) -> http.Response | None:
        if asked.scheme != "bearer":
            return None
        scope = f"repository:{asked.repository}:pull"
        return unauthorized(bearer(asked.realm, asked.service, scope, error))

    return Reply(make)


def _expired(asked: Asked) -> http.Response | None:
    """As if the registry's clock had gone on: its Date is what the token's end is held against."""
    if asked.scheme != "bearer":
        return None
    challenge = bearer(asked.realm, asked.service, f"repository:{asked.repository}:pull", "invalid_token")
    return unauthorized(challenge, date=formatdate(time.time() + DAY, usegmt=True))


FAULTS = (
    Fault(
        name="realm-unreachable",
        what="the token service cannot be reached",
        stages=TOKEN,
        act=Dead(),
    ),
    Fault(
        name="token-other-scope",
        what="the token is asked for another repository; the registry does the rest",
        stages=TOKEN,
        act=Ask(_other_scope),
    ),
    Fault(
        name="token-denied",
        what="the token service answers 401",
        stages=TOKEN,
        act=Reply(_denied),
    ),
    Fault(
        name="token-not-json",
        what="the token service answers with a web page",
        stages=TOKEN,
        act=Reply(lambda _: page()),
    ),
    Fault(
        name="token-field-missing",
        what="the token's answer holds no token",
        stages=TOKEN,
        act=Whole(_without_token),
    ),
    Fault(
        name="token-expired",
        what="the registry refuses the token, its time being over by the registry's clock",
        stages=REGISTRY,
        act=Reply(_expired),
    ),
    Fault(
        name="token-ignored",
        what="the registry refuses the token as if there were none",
        stages=REGISTRY,
        act=_refused(None),
    ),
    Fault(
        name="insufficient-scope",
        what="the registry says that the token is not for blobs",
        stages=frozenset({Stage.BLOB}),
        act=_refused("insufficient_scope"),
    ),
)
