"""mitmproxy made ready."""

import pytest
import trustme
from mitmproxy.options import Options
from mitmproxy.proxy.mode_specs import BOTH, TCP, ProxyMode
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
    options.update(mode=["reverse:https://ghcr.io"], mirror_tries="9", ssl_insecure=True, http2=False)
    found = setup.settings_of(options)
    assert (found.default, found.tries, found.upstreams[0].egress.insecure) == ("ghcr.io", 9, True)
    options.update(mirror_auth="x")
    with pytest.raises(Mistakes):
        setup.settings_of(options)


async def test_with_a_certificate_of_its_own_it_speaks_tls_only(options, tmp_path):
    options.update(mode=["reverse:https://ghcr.io"], http2=False)
    assert not setup.settings_of(options).tls
    pair = tmp_path / "pair.pem"
    trustme.CA().issue_cert("m.test").private_key_and_cert_chain_pem.write_to_path(pair)
    options.update(certs=[f"*={pair}"])
    assert setup.settings_of(options).tls


async def test_16_one_client_certificate_for_all_is_refused_and_a_folder_of_them_is_not(options, tmp_path):
    (tmp_path / "all.pem").write_text("")
    options.update(mode=["reverse:https://ghcr.io"], http2=False, client_certs=str(tmp_path / "all.pem"))
    with pytest.raises(Mistakes, match="client_certs: "):
        setup.settings_of(options)
    options.update(client_certs=str(tmp_path))
    assert setup.settings_of(options).default == "ghcr.io"


async def test_42_http_2_is_refused_also_from_the_user(options):
    options.update(http2=True)
    with pytest.raises(Mistakes, match=r"http2: the mirror serves HTTP/1\.1 only"):
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


def test_it_listens_by_tcp_only():
    setup.by_tcp_only(["reverse:https://tcp-only.test", "regular", "no mode"])
    assert ProxyMode.parse("reverse:https://tcp-only.test").transport_protocol == TCP
    assert ProxyMode.parse("reverse:https://another.test").transport_protocol == BOTH
