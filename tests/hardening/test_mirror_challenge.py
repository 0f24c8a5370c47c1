"""hardening.md, part A, lines 1 to 9: challenges and realms as the mirror takes them, on real sockets."""

import base64
import json

import pytest
from kit.upstream import AUTH, HUB, reply

LOGIN = "Basic " + base64.b64encode(b"alice:canary-password").decode()
TOKEN = "GET /token?service=x&scope=repository:team/app:pull"
MANIFEST = "GET /v2/team/app/manifests/latest"

# Where a name of the upstream's own domain leads: all of it inward, in every spelling that a resolver may give.
INNER = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.5",
    "fe80::1", "fd00:ec2::254", "fec0::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::",
]  # fmt: skip

# Hosts that are numbers: what the C library makes of them is an address all the same.
LITERAL = [
    "localhost", "127.0.0.1", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "0", "[::]", "[::1]", "[::ffff:127.0.0.1]",
    "169.254.169.254", "metadata.google.internal",
]  # fmt: skip


def own(tmp_path) -> dict[str, object]:
    """Options of a mirror that has credentials of its own."""
    (tmp_path / "password").write_text("canary-password")
    return {"auth": "own", "credentials": [f"{HUB}=alice:{tmp_path / 'password'}"]}


async def test_A1_a_realm_whose_name_leads_inward_is_never_dialled(mirror, world, net):
    up = await mirror()
    for address in INNER:
        net.names[AUTH] = [[address]]
        got = await up.ask(TOKEN, authorization=LOGIN)
        assert (got.status, AUTH in got.says, "not allowed" in got.says) == (502, True, True), address
    assert net.dialled_by_mirror() == {world.hub.address}


async def test_A1_nor_is_one_that_is_trusted_by_name_but_no_permitted_address(mirror, world, net):
    net.names["metadata.google.internal"] = [["169.254.169.254"]]
    up = await mirror(realms=[f"{HUB}={host.strip('[]')}" for host in LITERAL])
    for host in LITERAL:
        world.challenge = f'Bearer realm="http://{host}/token",service="x"'
        await up.ask("GET /v2/")
        got = await up.ask(TOKEN, authorization=LOGIN)
        assert (got.status, "not allowed" in got.says) == (502, True), host
    assert net.dialled_by_mirror() == {world.hub.address}


async def test_A1_one_address_inward_among_public_ones_is_left_out(mirror, world, net):
    net.names[AUTH] = [["127.0.0.1", "10.0.0.5", world.auth.address]]
    up = await mirror()
    assert (await up.token()).startswith("Bearer token-nobody")
    assert net.dialled_by_mirror() == {world.hub.address, world.auth.address}


@pytest.mark.parametrize("allowed", [AUTH, "10.0.0.0/8", "10.0.0.5"])
async def test_A1_one_that_is_configured_is_dialled(mirror, world, net, allowed):
    net.names[AUTH] = [["10.0.0.5"]]
    net.route("10.0.0.5", 80, world.auth.place)
    up = await mirror(allow_private=[allowed])
    assert (await up.token()).startswith("Bearer token-nobody")
    assert len(world.auth.seen) == 1


async def test_A2_the_address_that_was_judged_is_the_one_that_is_dialled(mirror, world, net):
    trap = await world.trap("127.0.0.9", 80)
    net.names[AUTH] = [[world.auth.address], ["127.0.0.9"]]
    up = await mirror()
    assert (await up.token()).startswith("Bearer token-nobody")
    assert net.asked.count(AUTH) == 1
    world.auth.stop()  # the connection that is kept has to be made anew
    got = await up.ask(TOKEN.replace("team", "other"), authorization=LOGIN)
    assert (got.status, "not allowed" in got.says) == (502, True)
    assert (trap.connections, "127.0.0.9" in net.dialled_by_mirror()) == (0, False)


async def test_A3_the_mirrors_own_credentials_stay_at_home(mirror, world, net, tmp_path):
    other = await world.host("auth.attacker.example.com", world.token)
    world.challenge = f'Bearer realm="{other.url}/token",service="{HUB}"'
    up = await mirror(**own(tmp_path))
    got = await up.ask(MANIFEST)
    assert (got.status, got.code) == (502, "DENIED")
    assert (
        "its realm is on auth.attacker.example.com, which is neither its own domain nor configured"
        in got.says
    )
    # Nobody was told anything: the registry was asked without credentials, the stranger not at all.
    assert (other.seen, [seen for seen in world.hub.seen if "authorization" in seen.headers]) == ([], [])


async def test_A3_nor_do_the_clients_go_to_a_stranger(mirror, world):
    other = await world.host("auth.attacker.example.com", world.token)
    world.challenge = f'Bearer realm="{other.url}/token",service="{HUB}"'
    up = await mirror()
    for line in ("GET /v2/", TOKEN, TOKEN.replace("GET", "POST")):
        got = await up.ask(line, authorization=LOGIN)
        assert (got.status, "auth.attacker.example.com" in got.says) == (502, True)
    assert other.seen == []


async def test_A3_a_realm_that_is_listed_or_of_the_same_domain_gets_them(mirror, world, tmp_path):
    other = await world.host("auth.somewhere.example.com", world.token)
    up = await mirror(**own(tmp_path), realms=[f"{HUB}=auth.somewhere.example.com"])
    world.challenge = f'Bearer realm="{other.url}/token",service="{HUB}"'
    assert (await up.ask(MANIFEST)).body == world.manifest
    world.challenge = None
    second = await mirror(**own(tmp_path))
    assert (await second.ask(MANIFEST)).body == world.manifest
    for service in (other, world.auth):
        assert [seen.headers["authorization"] for seen in service.seen] == [LOGIN]


@pytest.mark.parametrize(
    "realm", [f"http://{AUTH}/token", f"HTTP://{AUTH}/token", f"Http://{AUTH.upper()}:80/token"]
)
async def test_A6_no_credentials_in_clear_beside_a_registry_with_tls(mirror, bare_world, realm, tmp_path):
    world = await bare_world.build(scheme="https")
    world.challenge = f'Bearer realm="{realm}",service="x"'
    up = await mirror(f"https://{HUB}")
    form = b"grant_type=password&username=alice&password=canary-password&service=x&scope=repository:team/app:pull"
    for got in (
        await up.ask(TOKEN, authorization=LOGIN),
        await up.ask("POST /token", form, content_type="application/x-www-form-urlencoded"),
    ):
        assert (got.status, got.code, "plain HTTP" in got.says) == (502, "DENIED", True)
    assert world.auth.seen == []
    mine = await mirror(f"https://{HUB}", **own(tmp_path))
    await mine.ask(MANIFEST)
    assert [seen.headers.get("authorization") for seen in world.auth.seen] == [None]


async def test_A7_a_realm_that_nobody_answers_is_named(mirror, world):
    world.challenge = f'Bearer realm="http://{AUTH}:8443/token",service="x"'
    up = await mirror()
    got = await up.ask(TOKEN)
    assert got.status == 502
    assert got.says == f"mirror of {HUB} ({AUTH}): connection refused"


async def test_A7_the_mirrors_own_realm_is_the_outer_one_where_a_trusted_proxy_says_so(mirror, world):
    outer = {"x_forwarded_proto": "https", "x_forwarded_host": "mirror.example.org"}
    up = await mirror(trusted_proxies=["127.0.0.0/8"])
    got = await up.ask("GET /v2/", **outer)
    assert (
        got.headers["www-authenticate"]
        == 'Bearer realm="https://mirror.example.org/token",service="the.registry"'
    )
    stranger = await mirror(trusted_proxies=["10.0.0.0/8"])
    got = await stranger.ask("GET /v2/", **outer)
    assert (
        got.headers["www-authenticate"]
        == f'Bearer realm="http://{stranger.host}/token",service="the.registry"'
    )


async def test_A8_separators_never_become_a_parameter(mirror, world):
    service = "a&scope=repository:secret:pull#x=1&account=root"
    world.challenge = f'Bearer realm="{world.auth.url}/token?fixed=1",service="{service}"'
    up = await mirror()
    await up.ask("GET /token?scope=repository:team/app:pull%26account=root%23&service=evil&offline_token=a%26b%0d%0aX:+y",
                 authorization=LOGIN)  # fmt: skip
    (seen,) = world.auth.seen
    assert seen.query == {
        "fixed": ["1"],
        "service": [service],
        "scope": ["repository:team/app:pull&account=root#"],
        "offline_token": ["a&b\r\nX: y"],
    }
    assert "x" not in seen.headers


async def test_A8_what_no_scope_can_hold_is_refused(mirror, world):
    up = await mirror()
    for scope in ("repository:a:pull%0d%0aX-Evil:%201", "repository:a:pull%00", "a%22,realm=%22http://evil"):
        got = await up.ask(f"GET /token?scope={scope}")
        assert (got.status, got.code) == (400, "NAME_INVALID"), scope
    assert world.auth.seen == []


async def test_A8_nothing_breaks_out_of_the_challenge_that_the_client_sees(mirror, world):
    world.challenge = f'Bearer realm="{world.auth.url}/token",service="x\\",realm=\\"http://evil.example.com/",scope="a\\"b c"'
    up = await mirror()
    (value,) = (await up.ask("GET /v2/")).all("www-authenticate")
    assert (
        value
        == f'Bearer realm="http://{up.host}/token",service="x,realm=http://evil.example.com/",scope="ab c"'
    )


REALM = f'realm="http://{AUTH}/token"'
ODD = {
    "several in one field": ([f'Negotiate, Basic realm="x", Bearer {REALM},service="r"'],
                             ['Basic realm="{0}"', 'Bearer realm="http://{0}/token",service="r"']),
    "in several fields": (['Basic realm="x"', f'Bearer {REALM},service="r"'],
                          ['Basic realm="{0}"', 'Bearer realm="http://{0}/token",service="r"']),
    "unknown first": ([f'Hawk x="1", Bearer {REALM}'], ['Bearer realm="http://{0}/token"']),
    "Basic after Bearer": ([f'Bearer {REALM}, Basic realm="x"'],
                           ['Bearer realm="http://{0}/token"', 'Basic realm="{0}"']),
    "upper case": ([f'BEARER {REALM.replace("realm", "REALM")}, BASIC REALM="y"'],
                   ['Bearer realm="http://{0}/token"', 'Basic realm="{0}"']),
    "BASIC alone": (['BASIC REALM="y"'], ['Basic realm="{0}"']),
    "quoted commas": ([f'Bearer {REALM},service="a, b",scope="repository:team/app:pull,push"'],
                      ['Bearer realm="http://{0}/token",service="a, b",scope="repository:team/app:pull,push"']),
    "unquoted": ([f"Bearer realm=http://{AUTH}/token,service=r"], ['Bearer realm="http://{0}/token",service="r"']),
    "a stranger's first": ([f'Bearer realm="http://evil.example.com/t", Bearer {REALM}'],
                           ['Bearer realm="http://{0}/token"']),
}  # fmt: skip


@pytest.mark.parametrize(("values", "shown"), ODD.values(), ids=ODD)
async def test_A9_what_can_be_satisfied_is_forwarded(mirror, world, values, shown):
    world.hub.handle = lambda _: reply(401, b"{}", *[("www-authenticate", value) for value in values])
    up = await mirror()
    for line in ("GET /v2/", "HEAD /v2/", MANIFEST, MANIFEST.replace("GET", "HEAD")):
        got = await up.ask(line)
        assert (got.status, got.all("www-authenticate")) == (401, [text.format(up.host) for text in shown])


NO_USE = ["Negotiate", 'Bearer realm="', "Bearer", ',,=,"', "", 'Bearer realm="ftp://x/"', f'Bearer realm="//{AUTH}/token"',
     f'Bearer realm="http://u:p@{AUTH}/token"', 'Digest realm="x",nonce="y"', 'Bearer realm="' + "x" * 60_000,
]  # fmt: skip


async def test_A9_what_cannot_is_an_error_that_says_so(mirror, world):
    up = await mirror()
    for value in NO_USE:
        world.hub.handle = lambda _, value=value: reply(401, b"{}", www_authenticate=value)
        got = await up.ask("GET /v2/")
        assert (got.status, got.code, got.all("www-authenticate")) == (502, "DENIED", []), value
        assert f"mirror of {HUB}: its " in got.says
        assert (await up.ask(TOKEN)).status == 502
    assert world.auth.seen == []


async def test_A9_a_header_of_a_megabyte_is_not_read(mirror, world):
    world.hub.handle = lambda _: reply(401, b"{}", www_authenticate='Bearer realm="' + "x" * (1 << 20))
    up = await mirror()
    got = await up.ask("GET /v2/")
    assert (got.status, got.says) == (502, f"mirror of {HUB}: its header is too long")


async def test_A9_an_open_quote_is_read_to_its_end(mirror, world):
    world.challenge = f'Bearer service="r",realm="http://{AUTH}/token'
    up = await mirror()
    assert (await up.ask("GET /v2/")).all("www-authenticate") == [
        f'Bearer realm="http://{up.host}/token",service="r"'
    ]
    assert json.loads((await up.ask(TOKEN)).body)["token"].startswith("token-nobody")
