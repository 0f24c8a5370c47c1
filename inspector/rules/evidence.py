"""Evidence in words: the very header, the very status, in the very exchange.

Knows: steps and failed connections. Must not know: rules. Text from the traffic is clean when it comes here, and is cut
to a length that a terminal can bear.
"""

from http import HTTPStatus

from inspector.core.events import ConnectionFailed
from inspector.core.finding import Evidence
from inspector.core.pull import Step
from inspector.wire.mediatypes import base_type

_LONGEST = 300
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_HTML = (b"<!doctype", b"<html")


def saw(step: Step, what: str) -> Evidence:
    """Something in this exchange, in words."""
    return Evidence(exchange=step.n, what=what if len(what) <= _LONGEST else what[:_LONGEST] + "…")


def saw_header(step: Step, name: str) -> Evidence:
    """A field of the response; says so when it is absent."""
    value = step.exchange.response_header(name)
    return saw(step, f"{name}: {value}" if value is not None else f"no {name}")


def saw_request_header(step: Step, name: str) -> Evidence:
    """A field of the request; says so when it is absent."""
    value = step.exchange.request_header(name)
    return saw(step, f"{name}: {value}" if value is not None else f"no {name}")


def saw_status(step: Step) -> Evidence:
    """``400 Bad Request, text/html: "the title"``, or what broke the exchange."""
    exchange = step.exchange
    if exchange.status is None:
        return saw(step, f"no response: {exchange.error}" if exchange.error else "no response")
    parts = [status_words(exchange.status)]
    kind = base_type(exchange.response_header("content-type"))
    said = words_of(step)
    if kind and exchange.status >= 400:
        parts.append(f", {kind}")
    if said and exchange.status >= 400 and said != parts[0]:
        parts.append(f": {said}")
    return saw(step, "".join(parts))


def saw_failure(failed: ConnectionFailed) -> Evidence:
    """The proxy's own words about a connection that failed."""
    where = failed.host or "an unnamed host"
    what = f"{where}:{failed.port}: {failed.message}" if failed.port else f"{where}: {failed.message}"
    return Evidence(exchange=None, what=what[:_LONGEST])


def status_words(status: int) -> str:
    """``404 Not Found``; only the number where it has no name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def body_of(step: Step) -> bytes:
    """The response's body where it was kept; else nothing."""
    body = step.exchange.response_body
    return body.document if body is not None and body.document is not None else b""


def is_html(step: Step) -> bool:
    """The answer says that it is HTML, or begins as HTML does."""
    if base_type(step.exchange.response_header("content-type")) in _HTML_TYPES:
        return True
    start = body_of(step)[:200].lstrip()
    if not start.startswith(b"<"):
        return False
    error = step.exchange.registry_error
    return (error is not None and error.html) or start.lower().startswith(_HTML)


def words_of(step: Step) -> str | None:
    """What a refusal says: the registry error's codes and message, the storage's ``<Code>``, a page's title."""
    error = step.exchange.registry_error
    if error is None:
        return None
    said = [*error.codes[:2], error.xml_code, error.message or error.title]
    return ": ".join(part for part in said if part)[:_LONGEST] or None


def storage_code(step: Step) -> str | None:
    """The ``<Code>`` of a storage's XML error (S3, Azure, GCS)."""
    error = step.exchange.registry_error
    return error.xml_code if error is not None else None


def beginning(step: Step, length: int = 40) -> str | None:
    """The first bytes of the body, in quotes; None when it was not kept."""
    body = body_of(step)
    return f'"{printable(body[:length])}"' if body else None


def printable(raw: bytes) -> str:
    """Bytes as text on one line; what is not printable becomes ``\\x..``."""
    text = raw.decode("utf-8", "backslashreplace").strip()
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in " ".join(text.split()))


def codes_of(step: Step) -> frozenset[str]:
    """The registry error's codes in upper case."""
    error = step.exchange.registry_error
    return frozenset(code.upper() for code in error.codes) if error is not None else frozenset()


def challenge_error(step: Step) -> str | None:
    """The ``error`` parameter of a Bearer challenge (RFC 6750 §3.1), in lower case."""
    for challenge in step.exchange.challenges:
        error = challenge.params.get("error")
        if error:
            return error.lower()
    return None


def count(number: int, what: str) -> str:
    """``1 request``, ``3 requests``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def short(digest: str | None) -> str:
    """The first 12 digits of a digest, as people quote it."""
    return (digest or "").partition(":")[2][:12] or "?"
