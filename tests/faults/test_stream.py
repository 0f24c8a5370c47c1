"""Faults strike below the hooks: every addon sees what the client gets; and over HTTP/2 as over HTTP/1."""

import functools
import socket
import ssl

import h2.config
import h2.connection
import h2.events
import mitmproxy.proxy.layers.http as layers
import pytest
from mitmproxy import exceptions

from inspector.faults import stream
from inspector.faults.stream import FaultyStream
from inspector.lab.hub import REGISTRY

TAG = "/v2/demo/app/manifests/latest"


class Http2:
    """One HTTP/2 connection to the registry through the proxy. ``ask`` gives status, fields, body and how it ended."""

    def __init__(self, world):
        plain = socket.create_connection(world.address, timeout=10)
        plain.sendall(f"CONNECT {REGISTRY}:443 HTTP/1.1\r\nHost: {REGISTRY}:443\r\n\r\n".encode())
        assert b" 200 " in plain.recv(65536)
        context = ssl.create_default_context(cafile=world.ca_file)
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(plain, server_hostname=REGISTRY)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()

    def ask(self, method, path, **headers):
        number = self.h2.get_next_available_stream_id()
        own = [(":method", method), (":scheme", "https"), (":authority", REGISTRY), (":path", path)]
        self.h2.send_headers(number, own + list(headers.items()), end_stream=True)
        fields, body = {}, b""
        while True:
            self.socket.sendall(self.h2.data_to_send())
            for event in self.h2.receive_data(self.socket.recv(65536)):
                match event:
                    case h2.events.ResponseReceived():
                        fields = dict(event.headers)
                    case h2.events.DataReceived():
                        body += event.data
                        self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    case h2.events.StreamEnded() | h2.events.StreamReset():
                        self.socket.sendall(self.h2.data_to_send())
                        return fields, body, type(event).__name__

    def close(self):
        self.socket.close()


@pytest.fixture
def http2(world):
    strategy = functools.partial(world.master.options.update, connection_strategy="lazy")
    world.call(strategy)  # an eager proxy offers the client no more than the hub speaks, HTTP/1.1
    made = Http2(world)
    yield made
    made.close()
    world.call(functools.partial(strategy, connection_strategy="eager"))


def blob_path(world):
    kept = world.hub.repositories["demo/app"].blobs
    return "/v2/demo/app/blobs/" + max(kept, key=lambda digest: len(kept[digest]))


def test_http2_a_reply(world, http2):
    world.order("tag-not-found:1")
    auth = world.bearer()
    fields, body, _ = http2.ask("GET", TAG, authorization=auth)
    assert (fields[":status"], b"MANIFEST_UNKNOWN" in body) == ("404", True)
    assert http2.ask("GET", TAG, authorization=auth)[0][":status"] == "200"


def test_http2_a_head_without_length_has_no_body(world, http2):
    world.order("length-missing")
    fields, body, end = http2.ask("HEAD", TAG, authorization=world.bearer())
    assert (fields[":status"], "content-length" in fields, body, end) == ("200", False, b"", "StreamEnded")


def test_http2_another_document(world, http2):
    world.order("not-an-image")
    auth = world.bearer()
    head, none, _ = http2.ask("HEAD", TAG, authorization=auth)
    fields, body, _ = http2.ask("GET", TAG, authorization=auth)
    assert none == b""
    assert head["docker-content-digest"] == fields["docker-content-digest"]
    assert fields["content-length"] == str(len(body))


def test_http2_a_cut_and_the_connection_lives(world, http2):
    world.order("body-truncated:1", fault_after="3")
    world.hub.faults["blob"] = served_at_once(world)
    try:
        auth = world.bearer()
        _, body, end = http2.ask("GET", blob_path(world), authorization=auth)
        assert (body, end) == (b"abc", "StreamReset")
        _, body, end = http2.ask("GET", blob_path(world), authorization=auth)
        assert (body, end) == (b"abcdef", "StreamEnded")
    finally:
        del world.hub.faults["blob"]


def served_at_once(world):
    from inspector.lab.serving import Fault

    return Fault(status=200, body=b"abcdef", headers={"Location": None})


def test_every_addon_sees_what_the_client_gets(world):
    world.order("digest-mismatch:1")
    came = world.pull("digest-mismatch:1")
    broken = [step for pull in came.pulls for step in pull.steps if step.verified is False]
    assert len(broken) == 1
    assert came.root == "digest-mismatch"


def test_without_a_fault_nothing_changes(world):
    came = world.pull()
    assert came.said is None
    assert came.findings == []
    assert came.log == []


def test_what_the_filter_leaves_out_is_left_alone(world):
    came = world.pull("cdn-denied", fault_filter="~d elsewhere.test")
    assert (came.said, came.findings) == (None, [])


def test_a_mistake_while_it_runs_is_refused_and_what_was_ordered_stays(world):
    world.order("cdn-denied:7")
    with pytest.raises(exceptions.OptionsError, match="did you mean cdn-denied"):
        world.order("cdn-deneid")
    assert [(one.fault.name, one.left) for one in world.addon.injector.plan.entries] == [("cdn-denied", 7)]


def test_bodies_are_not_held(world):
    came = world.pull("cdn-denied:1")
    assert all(flow.response.stream for flow in came.flows if flow.response is not None)


def test_what_fails_in_a_fault_costs_the_fault_alone(world, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("canary")

    monkeypatch.setattr(world.addon.injector, "asks", fails)
    came = world.pull("cdn-denied")
    assert came.said is None
    assert came.log[0] == "a fault could not strike (RuntimeError); the traffic goes on"


def test_it_stands_before_whatever_stream_is_there_and_once(world, monkeypatch):
    class Healing(layers.HttpStream.__mro__[2]):
        pass

    monkeypatch.setattr(layers, "HttpStream", Healing)
    options = object()
    stream.enlist(options, world.addon.injector)
    stream.enlist(options, world.addon.injector)
    assert [c.__name__ for c in layers.HttpStream.__mro__[:3]] == ["FaultyStream", "FaultyStream", "Healing"]
    assert issubclass(layers.HttpStream, FaultyStream)
    stream.dismiss(options)
    assert id(options) not in stream._INJECTORS
