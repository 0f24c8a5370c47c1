"""A certificate that nobody has signed is for the right host, and refused."""

import contextlib

import pytest
from OpenSSL import SSL

from inspector.faults.handshake import connection


def shake(server, client):
    for _ in range(10):
        for one, other in ((client, server), (server, client)):
            with contextlib.suppress(SSL.WantReadError):
                one.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65536))


def client_of(context):
    made = SSL.Connection(context)
    made.set_tlsext_host_name(b"registry.test")
    made.set_connect_state()
    return made


def test_who_does_not_check_sees_a_certificate_for_the_host():
    client = client_of(SSL.Context(SSL.TLS_METHOD))
    shake(connection("registry.test"), client)
    names = client.get_peer_certificate(as_cryptography=True).extensions[0].value
    assert names.get_values_for_type(type(names[0])) == ["registry.test"]


def test_who_checks_refuses_it():
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: False)
    with pytest.raises(SSL.Error, match="certificate verify failed"):
        shake(connection("registry.test"), client_of(context))
