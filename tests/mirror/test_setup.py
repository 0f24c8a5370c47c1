"""mitmproxy made ready."""

import pytest
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from inspector.mirror import setup
from inspector.mirror.config_file import OPTIONS
from inspector.mirror.config_reader import Mistakes
from inspector.mirror.io import dial


@pytest.fixture
async def options():
    made = Options()
    DumpMaster(made, with_termlog=False, with_dumper=False)
    for option in OPTIONS:
        made.add_option(option.name, str if option.kind is str else list, option.default, option.help)
    yield made
    dial.strict(False)


async def test_what_the_user_has_set_stays(options):
    options.update(http2=True)
    setup.prepare(options)
    assert (options.http2, options.connection_strategy, options.keep_host_header) == (True, "lazy", True)


async def test_everything_fits_the_installed_mitmproxy(options):
    assert setup.prepare(options) == []


async def test_settings_come_from_the_options(options):
    options.update(mode=["reverse:https://ghcr.io"], mirror_tries="9", ssl_insecure=True)
    found = setup.settings_of(options)
    assert (found.default, found.tries, found.upstreams[0].egress.insecure) == ("ghcr.io", 9, True)
    options.update(mirror_auth="x")
    with pytest.raises(Mistakes):
        setup.settings_of(options)


@pytest.mark.parametrize(
    ("modes", "target"),
    [
        (["reverse:https://registry-1.docker.io"], "https://registry-1.docker.io:443"),
        (["regular", "reverse:http://127.0.0.1:5000@8080"], "http://127.0.0.1:5000"),
        (["reverse:http://[::1]:5000"], "http://[::1]:5000"),
        (["regular"], None),
    ],
)
def test_the_target_of_reverse_mode(modes, target):
    assert setup.target_of(modes) == target
