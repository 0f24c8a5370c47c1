"""Following an upstream's redirects to where the bytes are, without carrying anything along that does not belong there.

Knows: RFC 9110 section 15.4, origins (RFC 6454), signed URLs that are good for GET only. Must not know: what is fetched, or
who reads the body. Nothing is remembered: a redirect is never used twice (a signed URL expires).
"""

import re

import msgspec

from inspector.mirror.io import addresses, urls
from inspector.mirror.io.client import Client
from inspector.mirror.model import Call, Failure, Headers, Hop, Landing, Reply, Trouble
from inspector.wire.clean import clean

FOLLOWED = frozenset({301, 302, 303, 307, 308})

# What may be told to another origin. All else stays: what is not known to be harmless could be a credential.
_CROSSING = frozenset({"accept", "accept-encoding", "if-none-match", "if-range", "range", "user-agent"})

# What a CDN answers to a HEAD on a URL that was signed for GET (S3, GCS, CloudFront, Azure; 405 and 501: no HEAD at all).
_NOT_FOR_HEAD = frozenset({400, 401, 403, 405, 501})

_CONTENT_RANGE = re.compile(r"bytes\s+[0-9]+-[0-9]+/([0-9]{1,19})")


async def follow(
    client: Client, call: Call, hops: list[Hop], *, downgrade: bool = False, most: int = 5
) -> Landing:
    """Where ``call`` leads in the end: the first answer that is no redirect, by at most ``most`` redirects.

    Failure(REDIRECT) for a loop, one too many, a Location that cannot be asked, https to http without ``downgrade``;
    Failure(FORBIDDEN | NAME) where a hop leads to what ``call.egress`` does not allow. A HEAD that the last host refuses
    is asked again as a GET of one byte; ``landing.reply`` is then the HEAD's answer, with the whole Content-Length.
    """
    landing = await _walk(client, call, hops, downgrade=downgrade, most=most)
    if call.method != "HEAD" or not landing.hops or landing.reply.status not in _NOT_FOR_HEAD:
        return landing
    # The registry signs for the method that it is asked with: first the URL in hand, then one that is made for GET.
    one_byte = msgspec.structs.replace(
        call, method="GET", headers=_one_byte(landing.headers), url=landing.url
    )
    sized = _as_head(await client.send(msgspec.structs.replace(one_byte, head_only=True), hops))
    if sized is None:
        asked = msgspec.structs.replace(call, method="GET", headers=_one_byte(call.headers))
        again = await _walk(client, asked, hops, downgrade=downgrade, most=most)
        sized = _as_head(again.reply)
    return landing if sized is None else msgspec.structs.replace(landing, reply=sized)


async def land(call: Call, reply: Reply, *, downgrade: bool = False) -> Landing:
    """Where the redirect ``reply`` to ``call`` leads: judged, but not asked, since a signed URL may be good for one use.

    Failure(REDIRECT | FORBIDDEN | NAME) as ``follow``.
    """
    url = _next(call, reply, downgrade=downgrade)
    where = urls.required(url)
    found = await addresses.resolve(where.host, where.port, call.egress)
    headers = crossing(call.headers, call.url, url)
    return Landing(url=url, headers=headers, reply=reply, addresses=found, redirect=reply, hops=1)


async def _walk(client: Client, call: Call, hops: list[Hop], *, downgrade: bool, most: int) -> Landing:
    first: Reply | None = None
    seen = {call.url}
    for count in range(most + 1):
        reply = await client.send(call, hops)
        if reply.status not in FOLLOWED:
            found = await client.addresses(call.egress, call.url, reply.address)
            return Landing(
                url=call.url, headers=call.headers, reply=reply, addresses=found, redirect=first, hops=count
            )
        first = first or reply
        url = _next(call, reply, downgrade=downgrade)
        if url in seen:
            raise _refused(call, f"its redirects go round in a circle, after {count + 1}")
        seen.add(url)
        # Where it leads is judged by the client, as it dials.
        headers = crossing(call.headers, call.url, url)
        method = "GET" if reply.status == 303 and call.method != "HEAD" else call.method
        call = msgspec.structs.replace(call, url=url, headers=headers, method=method, body=b"")
    raise _refused(call, f"more than {most} redirects")


def crossing(headers: Headers, origin: str, url: str) -> Headers:
    """Those of ``headers`` that may go along from ``origin`` to ``url``: all within one origin, a few across."""
    here, there = urls.place(origin), urls.place(url)
    if here is not None and there is not None and here.origin == there.origin:
        return headers
    return tuple((name, value) for name, value in headers if name.lower() in _CROSSING)


def _next(call: Call, reply: Reply, *, downgrade: bool) -> str:
    locations = [value for name, value in reply.headers if name == "location"]
    if len(set(locations)) != 1:
        many = "several Location fields" if locations else "no Location"
        raise _refused(call, f"it answered {reply.status} with {many}", reply)
    url = urls.located(call.url, locations[0])
    if url is None:
        raise _refused(
            call, f"it answered {reply.status} with a Location that is no http or https URL", reply
        )
    if call.url.startswith("https:") and url.startswith("http:") and not downgrade:
        host = clean(urls.host_of(url), 100)
        raise _refused(call, f"it redirects from https to http ({host}), which is not allowed here", reply)
    return url


def _refused(call: Call, sentence: str, reply: Reply | None = None) -> Failure:
    return Failure(Trouble.REDIRECT, urls.host_of(call.url), sentence, reply)


def _one_byte(headers: Headers) -> Headers:
    kept = tuple(
        (name, value) for name, value in headers if name not in {"range", "if-range", "accept-encoding"}
    )
    return (*kept, ("range", "bytes=0-0"), ("accept-encoding", "identity"))


def _as_head(reply: Reply) -> Reply | None:
    """What HEAD would have said, from the answer to a GET of one byte; None when that tells no size."""
    fields = dict(reversed(reply.headers))
    if reply.status == 206:
        match = _CONTENT_RANGE.fullmatch(fields.get("content-range", "").strip())
        size = match[1] if match else None
    elif reply.status == 416:  # no first byte: the blob is empty
        size = "0" if fields.get("content-range", "").replace(" ", "") == "bytes*/0" else None
    else:
        size = fields.get("content-length") if reply.status == 200 else None
    if size is None or not size.isdigit():
        return None
    dropped = {"content-range", "content-length", "transfer-encoding", "connection"}
    kept = tuple((name, value) for name, value in reply.headers if name not in dropped)
    return msgspec.structs.replace(reply, status=200, headers=(*kept, ("content-length", size)), body=b"")
