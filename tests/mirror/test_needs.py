"""What a mirror needs of mitmproxy's options: mitmproxy has them, and takes these values."""

from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from inspector.mirror.needs import NEEDS


async def test_mitmproxy_takes_them():
    options = Options()
    DumpMaster(options, with_termlog=False, with_dumper=False)
    options.update(**NEEDS)
    assert {name: getattr(options, name) for name in NEEDS} == dict(NEEDS)
    assert (NEEDS["connection_strategy"], NEEDS["keep_host_header"], NEEDS["http2"]) == ("lazy", True, False)
