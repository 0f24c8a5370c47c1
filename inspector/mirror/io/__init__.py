"""How the mirror talks to upstreams: addresses, connections, one small HTTP client, tokens, redirects.

Knows: sockets, TLS, asyncio, h11; ``dial`` alone knows mitmproxy. Must not know: which client asked, names, policy.
Whatever fails here is a ``Failure``, whose sentence holds no URL, no credential and no text of a peer's making.

The client is made of h11 (which mitmproxy itself requires) and asyncio, and not of a ready-made one, for four reasons:
a signed URL must go out byte for byte as it came in; the address that was judged must be the one that is dialled;
bytes after an answer must end the connection, not become the next answer; nothing may be logged on the way.
"""
