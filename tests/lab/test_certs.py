"""The CA and its leaves pass the strictest check that a client of today makes."""

import socket
import ssl
import threading
from pathlib import Path

import pytest

from inspector.lab.certs import Authority


def handshake(leaf: Path, ca: bytes, name: str) -> None:
    """One TLS handshake over a socket pair; raises what the client's side raises."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(leaf)
    client = ssl.create_default_context(cadata=ca.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # what 3.13 does by default, on 3.12 too
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    finally:
        ours.close()
        thread.join()


def test_a_leaf_is_accepted_for_its_name_under_strict_verification(tmp_path):
    authority = Authority()
    leaf = authority.issue("registry.demo.test", tmp_path)
    handshake(leaf, authority.pem, "registry.demo.test")
    assert b"PRIVATE KEY" not in authority.pem


def test_a_leaf_is_refused_for_another_name(tmp_path):
    authority = Authority()
    leaf = authority.issue("registry.demo.test", tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(leaf, authority.pem, "auth.demo.test")


def test_a_leaf_of_one_authority_is_refused_by_those_who_trust_another(tmp_path):
    leaf = Authority().issue("registry.demo.test", tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(leaf, Authority().pem, "registry.demo.test")


def test_the_key_is_readable_by_its_owner_only(tmp_path):
    leaf = Authority().issue("registry.demo.test", tmp_path)
    assert leaf.stat().st_mode & 0o077 == 0
