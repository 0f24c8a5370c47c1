"""mitmproxy's options as a mirror needs them.

Knows: their names. Must not know: mitmproxy itself: ``pull-inspector mirror`` writes them into a command line.
"""

from collections.abc import Mapping
from typing import Any

NEEDS: Mapping[str, Any] = {
    # A default upstream that is dead must not fail requests for the others.
    "connection_strategy": "lazy",
    # The name by which the client came chooses the upstream and stands in the challenge.
    "keep_host_header": True,
    # Every registry client speaks HTTP/1.1. The pinned h2 lets several Host headers and floods pass, and Go's clients
    # hold their window, which makes mitmproxy buffer. ``setup`` refuses it from the user too.
    "http2": False,
    # mitmproxy turns clients with public addresses away, lest it be an open proxy; a mirror is none, and is there for them.
    "block_global": False,
    # mitmproxy's own web application answers to a Host of its own, and is no part of a mirror.
    "onboarding": False,
    # The mirror's certificate is the operator's; no upstream is asked for the names to put into one.
    "upstream_cert": False,
    "http3": False,
    "websocket": False,
    "rawtcp": False,
    # With its pings a stalled upstream is never noticed.
    "http2_ping_keepalive": 0,
}
"""What a mirror needs of mitmproxy's options, unless the user has set them."""
