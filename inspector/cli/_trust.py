"""Which certificate authorities are trusted here, and bundles made of them.

Two bundles are written: one for the watched client (what it would trust anyway, and mitmproxy's CA), one for
mitmproxy towards the servers (what clients here trust, so that a registry with a company's CA works as without us).
Knows: where systems and clients keep authorities. Must not know: mitmproxy's process, commands.
"""

import os
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from inspector.cli._clients import CA_VARIABLES

_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older of these
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
_REGISTRY_FOLDERS = ("/etc/docker/certs.d", "/etc/containers/certs.d", "~/.config/containers/certs.d")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----")
_MOST_FILES = (
    1000  # a folder of authorities has some hundred; a limit keeps a wrong SSL_CERT_DIR from being read whole
)
_MOST_BYTES = 8 * 1024 * 1024


def certificates_in(path: Path) -> list[bytes]:
    """The PEM certificates in a file, without whatever else it holds (keys above all); [] if it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return []
        return [bytes(match.group()) for match in _CERTIFICATE.finditer(path.read_bytes())]
    except OSError:
        return []


def client_sources(environment: Mapping[str, str]) -> list[Path]:
    """The files with the authorities that clients started here trust: the system's and those the user has set."""
    named = [Path(environment[name]) for name in CA_VARIABLES if environment.get(name)]
    folder = environment.get("SSL_CERT_DIR", "")
    for part in filter(None, folder.split(os.pathsep)):
        named += _files_in(Path(part), ("*.pem", "*.crt", "*.0"))
    default = ssl.get_default_verify_paths()
    known = [Path(file) for file in (default.openssl_cafile, *_SYSTEM_FILES)]
    system = next((file for file in known if certificates_in(file)), None)
    if system is not None:
        named.append(system)
    return named if any(certificates_in(file) for file in named) else [*named, *_certifi()]


def server_sources(environment: Mapping[str, str]) -> list[Path]:
    """The files with the authorities by which mitmproxy may check servers: those above, those given for single
    registries (certs.d, containers-certs.d(5)), and certifi's, which mitmproxy itself would take."""
    sources = [*client_sources(environment), *_certifi()]
    for folder in _REGISTRY_FOLDERS:
        sources += _files_in(Path(folder).expanduser(), ("*/*.crt",))
    return sources


def write_bundle(target: Path, sources: Iterable[Path]) -> int:
    """Write the certificates of all sources, each once, to ``target``, readable by everyone. Gives their number."""
    seen = dict.fromkeys(certificate for source in sources for certificate in certificates_in(source))
    target.write_bytes(b"".join(certificate + b"\n" for certificate in seen))
    target.chmod(0o644)  # certificates are public, and the client may run as somebody else
    return len(seen)


def _files_in(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    try:
        found = [file for pattern in patterns for file in sorted(folder.glob(pattern))]
    except OSError:
        return
    yield from found[:_MOST_FILES]


def _certifi() -> list[Path]:
    import certifi

    return [Path(certifi.where())]
