"""Redirects followed inside: where they may lead, what goes along, how they end, and HEAD on a URL signed for GET."""

import pytest

from inspector.mirror.io import redirects
from inspector.mirror.model import Call, Egress, Failure, Proxy, Reply, Trouble

SECRETS = (
    ("authorization", "Bearer secret-9"),
    ("Cookie", "secret-9"),
    ("referer", "https://hub.example/?sig=secret-9"),
    ("proxy-authorization", "secret-9"),
    ("x-registry-auth", "secret-9"),
    ("private-token", "secret-9"),
)
HARMLESS = (("accept", "a/b"), ("range", "bytes=5-"), ("if-none-match", '"e"'), ("user-agent", "docker"))


@pytest.fixture(autouse=True)
def _hosts(names):
    names["hub.example"] = names["cdn.example"] = names["other.example"] = [["127.0.0.1"]]


@pytest.fixture(name="hub")
async def _hub(serve):
    return await serve({}, tls=("hub.example",))


@pytest.fixture(name="follow")
def _follow(client, egress, hub):
    """follow(location of /blob, ...) -> Landing; the answers of the hub and of the CDN are set before."""

    async def follow(
        path="/blob",
        hops=None,
        *,
        method="GET",
        headers=SECRETS + HARMLESS,
        egress=egress,
        head_only=True,
        **more,
    ):
        url = hub.url(path, "hub.example")
        call = Call(method=method, url=url, egress=egress, headers=headers, head_only=head_only)
        return await redirects.follow(client, call, [] if hops is None else hops, **more)

    return follow


@pytest.fixture(name="send")
def _send(hub, http):
    """send(location, path, status): what the hub answers to ``path``."""

    def send(location, path="/blob", status=307, **fields):
        answers[path] = http(status, b"<a>", Location=location, **fields)

    async def answer(seen, _writer):
        return answers.get(seen.target.partition("?")[0], http(404))

    answers = {}
    hub.answers["*"] = answer
    return send


@pytest.fixture(name="cdn")
async def _cdn(serve, http):
    return await serve(http(200, b"blob"), tls=("cdn.example",))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_B16_across_origins_nothing_goes_along_but_what_is_harmless(follow, send, cdn, hub, status):
    send(cdn.url("/b?sig=%2fA", "cdn.example"), status=status)
    hops = []
    landing = await follow(hops=hops)
    assert landing.url == cdn.url("/b?sig=%2fA", "cdn.example")
    assert landing.headers == HARMLESS
    assert (landing.reply.status, landing.redirect.status, landing.hops) == (200, status, 1)
    assert landing.addresses == ("127.0.0.1",)
    assert "secret-9" in str(hub.requests[0].headers)
    assert "secret-9" not in str(cdn.requests)
    assert cdn.requests[0].target == "/b?sig=%2fA"
    assert cdn.requests[0].headers["range"] == "bytes=5-"
    assert [(hop.status, hop.url) for hop in hops] == [
        (status, hub.url("/blob", "hub.example")),
        (200, landing.url),
    ]


async def test_B16_another_port_is_another_origin_and_the_way_back_brings_nothing_back(
    follow, send, hub, serve, http
):
    back = await serve(http(302, Location=hub.url("/again", "hub.example")), tls=("hub.example",))
    send(back.url("/x", "hub.example"))
    await follow()
    assert "authorization" not in back.requests[0].headers
    assert hub.requests[1].target == "/again"
    assert "authorization" not in hub.requests[1].headers


async def test_a_document_comes_whole_from_where_the_redirects_end(follow, send, cdn):
    send(cdn.url("/m", "cdn.example"))
    assert (await follow()).reply.body == b""
    assert (await follow(head_only=False)).reply.body == b"blob"


def landing_of(
    location, base="https://hub.example/v2/x/blobs/y", *, allow=("cdn.example",), status=307, **more
):
    egress = Egress(upstream="hub.example", allow=allow)
    call = Call(method="GET", url=base, egress=egress, headers=SECRETS + HARMLESS)
    return redirects.land(call, Reply(status=status, headers=(("location", location),)), **more)


async def test_B16_landing_asks_nothing_and_drops_the_same():
    landing = await landing_of("https://cdn.example/b?sig=%2fA#x")
    assert (landing.url, landing.headers) == ("https://cdn.example/b?sig=%2fA", HARMLESS)
    assert (landing.addresses, landing.hops) == (("127.0.0.1",), 1)
    assert (await landing_of("/b", allow=("hub.example",))).headers == SECRETS + HARMLESS


@pytest.mark.parametrize(
    ("location", "more", "trouble"),
    [
        ("http://cdn.example/b", {}, Trouble.REDIRECT),  # B18
        ("file:///b", {}, Trouble.REDIRECT),  # B17
        ("https://u:p@cdn.example/b", {}, Trouble.REDIRECT),
        ("https://cdn.example/b", {"allow": ()}, Trouble.FORBIDDEN),  # B19
        ("https://[::ffff:127.0.0.1]/b", {}, Trouble.FORBIDDEN),
        ("https://0x7f.1/b", {}, Trouble.NAME),  # the test's resolver; the system's makes an address of it
        ("https://nowhere.example/b", {}, Trouble.NAME),
    ],
)
async def test_B17_B18_B19_landing_refuses_the_same(location, more, trouble):
    with pytest.raises(Failure) as failed:
        await landing_of(location, **more)
    assert failed.value.trouble is trouble


async def test_within_one_origin_all_goes_along(follow, send, hub, http):
    send("/second?x=1")
    landing = await follow(headers=SECRETS)
    assert landing.headers == SECRETS
    assert hub.requests[1].headers["authorization"] == "Bearer secret-9"


async def test_an_answer_that_is_no_redirect_is_the_landing(follow, hub, http):
    hub.answers["*"] = http(404, b'{"errors":[]}')
    landing = await follow()
    assert (landing.hops, landing.redirect, landing.reply.status) == (0, None, 404)
    assert landing.reply.body == b'{"errors":[]}'
    assert landing.headers == SECRETS + HARMLESS


@pytest.mark.parametrize(
    "location",
    ["", "file:///etc/passwd", "data:,x", "https://u:p@cdn.example/", "https://cdn.example/" + "x" * 17_000],
)
async def test_B17_a_location_that_cannot_be_followed(follow, send, location):
    send(location)
    with pytest.raises(Failure, match=r"no http or https URL|no Location") as failed:
        await follow()
    assert failed.value.trouble is Trouble.REDIRECT
    assert "u:p" not in str(failed.value)


async def test_B17_two_locations_and_none(follow, hub, http):
    two = b"HTTP/1.1 307 Go\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    hub.answers["*"] = two
    with pytest.raises(Failure, match="several Location fields"):
        await follow()
    hub.answers["*"] = http(307)
    with pytest.raises(Failure, match="no Location"):
        await follow()


async def test_B18_a_circle_ends(follow, send):
    send("/second")
    send("/third", "/second")
    send("/second", "/third")
    with pytest.raises(Failure, match="circle, after 3") as failed:
        await follow()
    assert failed.value.trouble is Trouble.REDIRECT


async def test_B18_five_are_followed_and_no_sixth(follow, send, hub):
    for number in range(6):
        send(f"/{number + 1}", f"/{number}")
    assert (await follow("/1")).hops == 5
    before = len(hub.requests)
    with pytest.raises(Failure, match="more than 5 redirects"):
        await follow("/0")
    assert len(hub.requests) - before == 6


async def test_B18_from_https_to_http_only_where_it_is_allowed(follow, send, serve, http):
    plain = await serve(http(200, b"blob"))
    send(plain.url("/b?sig=secret-9", "cdn.example"))
    with pytest.raises(Failure, match=r"from https to http \(cdn.example\)") as failed:
        await follow()
    assert "secret-9" not in str(failed.value)
    assert plain.requests == []
    assert (await follow(downgrade=True)).reply.status == 200


@pytest.mark.parametrize(
    "inner", ["http://169.254.169.254/", "https://minio.svc:9000/b?sig=secret-9", "https://127.0.0.1/"]
)
async def test_B19_a_redirect_inside_is_followed_only_where_it_is_configured(
    follow, send, names, inner, egress
):
    names["minio.svc"] = [["10.255.255.1"]]
    hub_only = Egress(upstream="hub.example", allow=("hub.example",), ca=egress.ca)
    send(inner)
    hops = []
    with pytest.raises(Failure, match=r"not allowed for hub.example") as failed:
        await follow(hops=hops, downgrade=True, egress=hub_only)
    assert failed.value.trouble is Trouble.FORBIDDEN
    assert "secret-9" not in str(failed.value)
    assert hops[-1].error == failed.value.sentence


async def test_B21_no_redirect_is_used_twice(follow, send, cdn, hub):
    send(cdn.url("/b?sig=1", "cdn.example"), status=301, Cache_Control="max-age=3600")
    await follow()
    send(cdn.url("/b?sig=2", "cdn.example"), status=301)
    assert (await follow()).url.endswith("sig=2")


@pytest.fixture(name="get_only")
async def _get_only(serve, http):
    """A CDN whose URLs are signed for GET: S3's answer to HEAD is a 403 without a body."""

    async def answer(seen, _writer):
        if seen.method == "HEAD":
            return http(403)
        if seen.headers.get("range") == "bytes=0-0":
            fields = {"Content-Range": "bytes 0-0/300000", "ETag": '"e"', "Content-Type": "application/x"}
            return http(206, b"x", **fields)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 1000

    return await serve(answer, tls=("cdn.example",))


async def test_B20_a_head_whose_redirect_is_signed_for_get_only_is_answered(follow, send, get_only):
    send(get_only.url("/b?sig=1", "cdn.example"), Docker_Content_Digest="sha256:aa")
    hops = []
    landing = await follow(method="HEAD", hops=hops)
    fields = dict(landing.reply.headers)
    assert (landing.reply.status, fields["content-length"], fields["etag"]) == (200, "300000", '"e"')
    assert "content-range" not in fields
    assert dict(landing.redirect.headers)["docker-content-digest"] == "sha256:aa"
    assert [(hop.method, hop.status) for hop in hops] == [("HEAD", 307), ("HEAD", 403), ("GET", 206)]
    assert "secret-9" not in str(get_only.requests)


async def test_B20_where_the_url_was_signed_for_head_the_registry_is_asked_for_another(
    follow, hub, serve, http
):
    async def by_method(seen, _writer):
        return http(307, Location=cdn.url(f"/b?for={seen.method}", "cdn.example"))

    async def strict(seen, _writer):  # no HEAD at all, and each URL for its own method only
        if seen.method == "HEAD" or not seen.target.endswith("for=GET"):
            return http(403)
        return http(200, b"blob")

    cdn = await serve(strict, tls=("cdn.example",))
    hub.answers["*"] = by_method
    landing = await follow(method="HEAD")
    assert (landing.reply.status, dict(landing.reply.headers)["content-length"]) == (200, "4")
    assert [seen.method for seen in hub.requests] == ["HEAD", "GET"]


async def test_B20_an_empty_blob_has_no_first_byte(follow, send, serve, http):
    async def empty(seen, _writer):
        return http(403) if seen.method == "HEAD" else http(416, Content_Range="bytes */0")

    cdn = await serve(empty, tls=("cdn.example",))
    send(cdn.url("/b", "cdn.example"))
    landing = await follow(method="HEAD")
    assert (landing.reply.status, dict(landing.reply.headers)["content-length"]) == (200, "0")


async def test_a_head_that_is_refused_for_good_says_what_the_cdn_said(follow, send, serve, http):
    cdn = await serve(http(403, b"<Error>"), tls=("cdn.example",))
    send(cdn.url("/b", "cdn.example"))
    assert (await follow(method="HEAD")).reply.status == 403


async def test_a_head_that_works_is_asked_once(follow, send, cdn):
    send(cdn.url("/b", "cdn.example"))
    landing = await follow(method="HEAD")
    assert dict(landing.reply.headers)["content-length"] == "4"
    assert [seen.method for seen in cdn.requests] == ["HEAD"]


async def test_through_a_proxy_every_hop_goes_through_it_and_no_address_is_known(
    follow, send, hub, cdn, connect_proxy, egress
):
    port, heads = await connect_proxy(names={"hub.example": "127.0.0.1", "cdn.example": "127.0.0.1"})
    send(cdn.url("/b", "cdn.example"))
    proxied = Egress(
        upstream="hub.example", proxy=Proxy(scheme="http", host="127.0.0.1", port=port), ca=egress.ca
    )
    landing = await follow(egress=proxied)
    assert (landing.reply.status, landing.addresses) == (200, ())
    asked = [head.split(" ")[1] for head in heads]
    assert asked == [f"hub.example:{hub.port}", f"cdn.example:{cdn.port}"]
