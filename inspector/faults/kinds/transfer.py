"""What goes wrong while bytes are on their way: cut, held, slow, altered, coded, or of another length."""

from mitmproxy import http

from inspector.faults.effects import Cut, Effect, Flips, Pads, Stops, Trickles, Wait, Zips
from inspector.faults.fault import BODIES, NAMED, Ask, Asked, Fault, Head, Pour, Reply
from inspector.faults.replies import answer

MORE = b"\n<!-- and what a proxy added -->\n"
TRICKLE = 256
PAUSE = 0.25


def _has_body(response: http.Response) -> bool:
    return response.status_code in (200, 206)


def length_of(response: http.Response) -> int | None:
    """Content-Length, as far as it is a number."""
    text = str(response.headers.get("content-length", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _place(response: http.Response, after: int | None) -> int:
    """Where a body is struck: where it was said, else in the middle."""
    return after if after is not None else (length_of(response) or 2) // 2


def _truncated(response: http.Response, after: int | None) -> Effect | None:
    return Stops(_place(response, after), Cut()) if _has_body(response) else None


def _stalled(response: http.Response, after: int | None) -> Effect | None:
    return Stops(_place(response, after), Wait(None)) if _has_body(response) else None


def _slow(response: http.Response, _: int | None) -> Effect | None:
    return Trickles(TRICKLE, PAUSE) if _has_body(response) else None


def _altered(response: http.Response, after: int | None) -> Effect | None:
    return Flips(_place(response, after)) if _has_body(response) else None


def _padded(response: http.Response, _: int | None) -> Effect | None:
    length = length_of(response)
    if response.status_code != 200 or length is None:
        return None
    response.headers["content-length"] = str(length + len(MORE))
    return Pads(MORE)


def _zipped(response: http.Response, _: int | None) -> Effect | None:
    if not _has_body(response) or "content-encoding" in response.headers:
        return None
    response.headers["content-encoding"] = "gzip"
    response.headers.pop("content-length", None)
    return Zips()


def _without_length(_: Asked, response: http.Response) -> bool:
    return response.status_code == 200 and response.headers.pop("content-length", None) is not None


def _resumes(request: http.Request) -> bool:
    text = str(request.headers.get("range", ""))
    return text.startswith("bytes=") and not text.startswith(("bytes=0-", "bytes=-"))


def _without_range(request: http.Request) -> bool:
    if not _resumes(request):
        return False
    del request.headers["range"]
    request.headers.pop("if-range", None)
    return True


def _range_refused(asked: Asked) -> http.Response | None:
    return answer(416, b"", {"Content-Range": "bytes */1"}) if _resumes(asked.request) else None


FAULTS = (
    Fault(
        name="body-truncated",
        what="a blob's body breaks off in the middle",
        stages=BODIES,
        act=Pour(_truncated),
    ),
    Fault(
        name="stalled",
        what="a blob's body stops in the middle, and the connection stays open",
        stages=BODIES,
        act=Pour(_stalled),
    ),
    Fault(
        name="slow",
        what="a blob's body comes at 1 KiB a second",
        stages=BODIES,
        act=Pour(_slow),
    ),
    Fault(
        name="digest-mismatch",
        what="one byte of a blob is altered",
        stages=BODIES,
        act=Pour(_altered),
    ),
    Fault(
        name="size-mismatch",
        what="a blob has some bytes more than its manifest says",
        stages=BODIES,
        act=Pour(_padded),
    ),
    Fault(
        name="content-encoding",
        what="manifests and blobs are compressed with gzip, asked or not",
        stages=BODIES | NAMED,
        act=Pour(_zipped),
    ),
    Fault(
        name="length-missing",
        what="manifests come without Content-Length",
        stages=NAMED,
        act=Head(_without_length),
    ),
    Fault(
        name="range-ignored",
        what="a Range is answered with the whole blob",
        stages=BODIES,
        act=Ask(_without_range),
        needs="a client that resumes: body-truncated:1,range-ignored",
    ),
    Fault(
        name="range-refused",
        what="a Range is answered 416",
        stages=BODIES,
        act=Reply(_range_refused),
        needs="a client that resumes: body-truncated:1,range-refused",
    ),
)
