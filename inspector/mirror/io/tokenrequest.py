"""One request to a token service: how it is written, and where its redirects may lead.

Knows: the token and oauth2 specifications' parameters, RFC 9110 section 15.4. Must not know: connections, caches, and what
comes back but its redirects. Everything here is computed; nothing is sent.
"""

from urllib.parse import urlencode

from inspector.mirror.io import lifetime, urls
from inspector.mirror.model import Call, Failure, Reply, TokenAsk, Trouble
from inspector.wire.clean import clean
from inspector.wire.httpdate import parse_http_date

DEADLINE = 20.0
"""Seconds for one token, redirects included."""

# Parameters that name nobody, and without which the same token comes.
_NOBODYS = frozenset({"client_id"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPING_REDIRECTS = frozenset({307, 308})  # RFC 9110 section 15.4: method and body stay


def names_nobody(ask: TokenAsk) -> bool:
    """Whether the answer may be shared: no credentials, no parameter that could name a user."""
    return (
        not ask.key.credential
        and ask.authorization is None
        and all(name in _NOBODYS for name, _ in ask.pairs)
    )


def request(ask: TokenAsk) -> Call:
    """The request: parameters are encoded one by one, so that none can become another."""
    key, url = ask.key, ask.key.realm
    scopes = tuple(dict.fromkeys(key.scopes))
    own = [("service", key.service)] if key.service else []
    pairs = [(name, value.reveal()) for name, value in ask.pairs if name not in {"service", "scope"}]
    headers = [
        ("accept", "application/json"),
        ("accept-encoding", "identity"),
        ("user-agent", "pull-inspector"),
    ]
    if ask.authorization is not None:
        headers.append(("authorization", ask.authorization.reveal()))
    body = b""
    if ask.method == "POST":
        own += [("scope", " ".join(scopes))] if scopes else []
        headers.append(("content-type", "application/x-www-form-urlencoded"))
        body = urlencode(own + pairs).encode()
    else:
        query = urlencode(own + [("scope", scope) for scope in scopes] + pairs)
        url = url.partition("#")[0]
        url += ("&" if "?" in url else "?") + query if query else ""
    if urls.place(url) is None:
        raise Failure(
            Trouble.TOKEN, urls.host_of(key.realm), "its realm is no http or https URL that can be asked"
        )
    return Call(
        method=ask.method,
        url=url,
        egress=ask.egress,
        headers=tuple(headers),
        body=body,
        most_bytes=lifetime.LIMIT,
        deadline=DEADLINE,
    )


def following(call: Call, reply: Reply, *, secret: bool) -> str:
    """Where a token service's redirect leads, when it may be followed: within its own origin only."""
    host = urls.host_of(call.url)
    location = next((value for name, value in reply.headers if name == "location"), "")
    url = urls.located(call.url, location)
    if url is None:
        raise Failure(
            Trouble.TOKEN, host, "its token service redirects to what is no http or https URL", reply
        )
    here, there = urls.required(call.url), urls.required(url)
    if here.origin != there.origin:
        sentence = (
            f"its token service redirects to another origin ({clean(there.host, 100)}), which is not followed"
        )
        raise Failure(Trouble.TOKEN, host, sentence, reply)
    if (secret or call.method == "POST") and reply.status not in _KEEPING_REDIRECTS:
        sentence = f"its token service redirects by {reply.status}, which loses what was sent"
        raise Failure(Trouble.TOKEN, host, sentence, reply)
    return url


def retry_after(reply: Reply, now: float) -> float | None:
    """Seconds that a Retry-After asks to wait (RFC 9110 section 10.2.3); None when there is none that can be read."""
    value = next((value.strip() for name, value in reply.headers if name == "retry-after"), "")
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    moment = parse_http_date(value)
    return None if moment is None else max(0.0, moment - now)
