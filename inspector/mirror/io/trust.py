"""Whom the mirror's own connections believe: the same as mitmproxy's connections to upstreams.

Knows: ssl. Must not know: hosts, HTTP. mitmproxy trusts certifi's list, or the one file of
``ssl_verify_upstream_trusted_ca`` in its place; metadata and blobs would otherwise disagree about one upstream.
"""

import ssl
from functools import lru_cache

import certifi


@lru_cache(maxsize=64)
def context(ca: str | None = None, *, insecure: bool = False) -> ssl.SSLContext:
    """A TLS client context (1.2 at least). ``ca`` is a PEM file to trust in place of certifi's; OSError without one.

    Made from the bare protocol: Python 3.13's ``create_default_context`` sets VERIFY_X509_STRICT, which refuses
    company CAs without keyUsage that mitmproxy, and every registry client, accepts.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    if insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    else:
        made.load_verify_locations(cafile=ca or certifi.where())
    return made


def why(error: ssl.SSLError) -> str:
    """What was wrong with the handshake, as a sentence; OpenSSL's own words, none of the peer's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    reason = (error.reason or "unknown").replace("_", " ").lower()
    if reason in {"wrong version number", "http request", "record layer failure", "packet length too long"}:
        return f"no TLS is spoken there ({reason})"
    return f"the TLS handshake failed: {reason}"
