"""The pull client goes the way of a real one, checks what it gets, and resumes what is cut. Through a bare tunnel here:
the client is under test, not mitmproxy."""

import asyncio
import threading

import pytest

from inspector.lab import client
from inspector.lab.client import PullClient, PullError, choose, parse_challenge
from inspector.lab.hub import REGISTRY
from inspector.lab.serving import Fault


class Tunnel:
    """An HTTP proxy that knows CONNECT and the hub's names, and nothing else."""

    def __init__(self, names):
        self.names = names
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.address = self.server.sockets[0].getsockname()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    async def serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        host = head.split()[1].decode().partition(":")[0]
        up_reader, up_writer = await asyncio.open_connection(*self.names[host])
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(self.pump(reader, up_writer), self.pump(up_reader, writer))

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def close(self):
        async def end():
            self.server.close()
            pumps = asyncio.all_tasks() - {asyncio.current_task()}
            for task in pumps:
                task.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(name="pull")
def fixture_pull(hub):
    tunnel = Tunnel(hub.addresses)
    yield lambda **more: PullClient(tunnel.address, hub.ca_file).pull(REGISTRY, "demo/app", "latest", **more)
    tunnel.close()


def places(hub):
    return [(served.place, served.method, served.status) for served in hub.log]


def test_a_pull_takes_the_steps_of_a_real_client(hub, pull, repository):
    pulled = pull()
    steps = places(hub)
    assert steps[:5] == [
        ("ping", "GET", 401),
        ("token", "GET", 200),
        ("manifest", "HEAD", 200),
        ("manifest", "GET", 200),
        ("manifest", "GET", 200),
    ]
    assert sorted(steps[5:]) == [("blob", "GET", 307)] * 5 + [("cdn", "GET", 200)] * 5
    assert pulled.reference == "registry.demo.test/demo/app:latest"
    assert pulled.blobs == {digest: len(repository.blobs[digest]) for digest in pulled.blobs}
    assert len(pulled.blobs) == 5


def test_the_other_platform(pull):
    assert pull(architecture="arm64").digest != pull().digest


def test_a_cut_blob_is_resumed_where_it_broke_off(hub, pull):
    hub.faults["cdn"] = Fault(cut=500, times=1)
    pull()
    assert sorted(status for place, _, status in places(hub) if place == "cdn") == [200] * 5 + [206]


def test_a_blob_that_is_cut_each_time_is_given_up(hub, pull):
    hub.faults["cdn"] = Fault(cut=10)
    with pytest.raises(
        PullError, match=r"GET https://cdn\.demo\.test/registry-v2/.*IncompleteRead"
    ) as caught:
        pull()
    assert "verify=" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "fault", "said"),
    [
        ("ping", Fault(status=500), r"GET https://registry\.demo\.test/v2/: 500 UNAUTHORIZED$"),
        ("ping", Fault(headers={"WWW-Authenticate": 'Basic realm="x"'}), "401 without a Bearer challenge"),
        ("token", Fault(status=503), r"GET https://auth\.demo\.test/token: 503$"),
        ("token", Fault(body=b"<html>"), "the answer is not JSON"),
        ("token", Fault(body=b"[]"), "not a JSON object"),
        ("manifest", Fault(headers={"Docker-Content-Digest": None}), "HEAD .*/manifests/latest: 200"),
        ("manifest", Fault(body=b"{}"), "the manifest's digest is sha256:"),
        ("blob", Fault(status=404), r"blobs/sha256:\w+: 404"),
        ("cdn", Fault(status=403), r"data: 403"),
        ("cdn", Fault(body=b"other bytes"), "bytes expected, got 11 with sha256:"),
    ],
)
def test_what_is_not_as_it_should_be_ends_the_pull_with_one_sentence(hub, pull, place, fault, said):
    hub.faults[place] = fault
    with pytest.raises(PullError, match=said) as caught:
        pull()
    assert "\n" not in str(caught.value)


def test_the_token_does_not_go_to_the_cdn(hub, pull):
    # The CDN answers 400 to one that comes with a token.
    pull()
    assert {s for p, _, s in places(hub) if p == "cdn"} == {200}


def test_a_proxy_that_is_not_there_is_a_sentence_too(hub):
    with pytest.raises(PullError, match=r"GET https://registry\.demo\.test/v2/: .*refused"):
        PullClient(("127.0.0.1", 9), hub.ca_file).pull(REGISTRY, "demo/app", "latest")


def test_a_platform_that_the_index_lacks():
    with pytest.raises(PullError, match="no manifest for linux/riscv64"):
        choose({"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}, {}]}, "riscv64")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('Bearer realm="https://a/t",service="s"', {"realm": "https://a/t", "service": "s"}),
        ('bearer realm="https://a/t"', {"realm": "https://a/t"}),
        ('Basic realm="x"', {}),
        ("", {}),
    ],
)
def test_challenges(value, expected):
    assert parse_challenge(value) == expected


def test_it_names_itself():
    assert client.USER_AGENT == "pull-inspector-demo/0.1"
