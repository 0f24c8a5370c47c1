"""What a server does when it is busy, broken, or has had enough of a client."""

from mitmproxy import http

from inspector.core.pull import Stage
from inspector.faults.fault import NAMED, REGISTRY, Asked, Fault, Head, Reply
from inspector.faults.replies import answer, registry_error

LIMIT = "100;w=21600"
TOO_LARGE = b"Request Header Fields Too Large\n"


def _limited(_: Asked) -> http.Response:
    said = "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading"
    headers = {"Retry-After": "1", "RateLimit-Limit": LIMIT, "RateLimit-Remaining": "0;w=21600"}
    return registry_error(429, "TOOMANYREQUESTS", said, headers)


def _near(_: Asked, response: http.Response) -> bool:
    if response.status_code != 200:
        return False
    response.headers["ratelimit-limit"] = LIMIT
    response.headers["ratelimit-remaining"] = "3;w=21600"
    return True


FAULTS = (
    Fault(
        name="rate-limited",
        what="manifests are answered 429 with Retry-After and the limit's fields",
        stages=NAMED,
        act=Reply(_limited),
    ),
    Fault(
        name="rate-limit-near",
        what="manifests come with three pulls left of a hundred",
        stages=NAMED,
        act=Head(_near),
    ),
    Fault(
        name="server-error",
        what="registry and storage answer 503",
        stages=REGISTRY | {Stage.CDN},
        act=Reply(lambda _: answer(503, b"upstream unavailable\n", {"Content-Type": "text/plain"})),
    ),
    Fault(
        name="header-too-large",
        what="manifests and blobs are answered 431, the request's head being too large",
        stages=REGISTRY,
        act=Reply(lambda _: answer(431, TOO_LARGE, {"Content-Type": "text/plain"})),
    ),
)
