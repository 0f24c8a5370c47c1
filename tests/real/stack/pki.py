"""Certificates of one stack: its CA, the hub's leaf, the token server's signing key, the recording proxy's CAs.

Knows: X.509. Must not know: who uses which file. Keys are P-256: short certificates keep the captures small.
"""

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from mitmproxy.certs import CertStore

from stack import place as names

type Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _certificate(
    subject: str, *, issuer: Pair | None = None, hosts: tuple[str, ...] = (), days: int = 30
) -> Pair:
    """A leaf for ``hosts`` when there is an issuer, else a self-signed CA. ``days``: how long it is still valid."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer[0].subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=40))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=issuer is None,
                crl_sign=issuer is None,
                key_encipherment=False,
                content_commitment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if issuer:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(h) for h in hosts]), critical=False
        )
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def _write(folder: Path, name: str, pair: Pair) -> None:
    certificate, key = pair
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    path = folder / f"{name}.key"
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def leaf(place: names.Place, name: str, hosts: tuple[str, ...], *, ca: str = "ca", days: int = 30) -> None:
    """Write ``NAME.crt`` and ``.key`` for ``hosts``, by the stack's CA or by the CA ``ca``, which is made if there is none.

    ``days`` below 0: it has expired.
    """
    if not (place.pki / f"{ca}.key").exists():
        _write(place.pki, ca, _certificate(ca))
    key = serialization.load_pem_private_key((place.pki / f"{ca}.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    issuer = x509.load_pem_x509_certificate((place.pki / f"{ca}.crt").read_bytes()), key
    _write(place.pki, name, _certificate(name, issuer=issuer, hosts=hosts, days=days))


def make(place: names.Place) -> None:
    """Write ca, hub, ours, tunnel and token (``.crt``, ``.key``), two confdirs for mitmdump, and ``bundle.pem``.

    ``bundle.pem`` is what the clients trust: the hub's CA and the CA in the confdir ``mitm``. Nobody trusts the CA
    in the confdir ``stranger``.
    """
    folder = place.pki
    authority = _certificate("pull-inspector test CA")
    _write(folder, "ca", authority)
    _write(
        folder,
        "hub",
        _certificate("hub", issuer=authority, hosts=(names.REGISTRY, names.AUTH, names.CDN, names.MIRROR)),
    )
    _write(folder, "ours", _certificate("mirror", issuer=authority, hosts=(names.OURS, names.SECOND)))
    _write(folder, "tunnel", _certificate("tunnel", issuer=authority, hosts=(names.TUNNEL,)))
    _write(folder, "token", _certificate("token signer"))
    for confdir in ("mitm", "stranger"):
        CertStore.from_store(place.folder(confdir), "mitmproxy", 2048)
    proxy = (place.folder("mitm") / "mitmproxy-ca-cert.pem").read_bytes()
    (folder / "bundle.pem").write_bytes((folder / "ca.crt").read_bytes() + proxy)
