"""A certificate that nobody has signed, for one TLS handshake with a client.

Knows: X.509, OpenSSL. Must not know: flows. The key lives as long as the process, and is never written down.
"""

import datetime as dt
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto

_DAY = dt.timedelta(days=1)


def connection(host: str) -> SSL.Connection:
    """A server's side of TLS that shows a self-signed certificate for ``host``."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.use_certificate(crypto.X509.from_cryptography(_certificate(host)))
    context.use_privatekey(crypto.PKey.from_cryptography_key(_key()))
    made = SSL.Connection(context)
    made.set_accept_state()
    return made


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _certificate(host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody has signed this")])
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(_key(), hashes.SHA256())
    )
