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
    # hold their window, which makes mitmproxy buffer.
    "http2": False,
    # The mirror's certificate is the operator's; no upstream is asked for the names to put into one.
    "upstream_cert": False,
    "http3": False,
    "websocket": False,
    "rawtcp": False,
    # With its pings a stalled upstream is never noticed.
    "http2_ping_keepalive": 0,
}
"""What a mirror needs of mitmproxy's options, unless the user has set them."""
