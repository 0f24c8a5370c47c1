"""What a mirror needs of mitmproxy's options: mitmproxy has them, and takes these values."""

from mitmproxy.addons.block import Block
from mitmproxy.options import Options
from mitmproxy.test import taddons
from mitmproxy.test.tflow import tclient_conn
from mitmproxy.tools.dump import DumpMaster

from inspector.mirror.needs import NEEDS


async def test_mitmproxy_takes_them():
    options = Options()
    DumpMaster(options, with_termlog=False, with_dumper=False)
    options.update(**NEEDS)
    assert {name: getattr(options, name) for name in NEEDS} == dict(NEEDS)
    assert (NEEDS["connection_strategy"], NEEDS["keep_host_header"]) == ("lazy", True)
    assert (NEEDS["http2"], NEEDS["onboarding"]) == (False, False)


def test_clients_with_public_addresses_are_served():
    client = tclient_conn()
    client.peername = ("93.184.216.34", 50000)
    blocking = Block()
    with taddons.context(blocking) as context:
        context.options.update(block_global=NEEDS["block_global"])
        blocking.client_connected(client)
    assert client.error is None
