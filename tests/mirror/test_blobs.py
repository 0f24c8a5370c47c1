"""Blobs: where they lie, and where to go on."""

import pytest

from inspector.mirror.asking import Asking, Job
from inspector.mirror.blobs import MOST_REDIRECTS, Blobs
from inspector.mirror.model import Answer, Failure, Follow, Kind, Reply, Target

DIGEST = "sha256:" + "a" * 64
MOVED = Reply(
    status=307, headers=(("location", "https://cdn.test/x?sig=1"), ("docker-content-digest", DIGEST))
)
HEADERS = (("accept", "*/*"), ("authorization", "Bearer t"), ("range", "bytes=5-"))

pytestmark = pytest.mark.usefixtures("no_names")


@pytest.fixture
def finding(settings, client, request_for):
    def make(**options):
        setup = settings(pause="0", **options)
        target = Target(
            kind=Kind.BLOB,
            upstream=setup.upstreams[0],
            path=f"/v2/a/b/blobs/{DIGEST}",
            own="https://m.test",
            reference=DIGEST,
        )
        return Blobs(setup, Asking(client, "feed", lambda: 0.0)), target, Job(request=request_for("GET /x"))

    return make


async def test_the_registry_is_asked_for_one_byte_and_the_storage_for_nothing(finding, client):
    blobs, target, job = finding()
    client.on(DIGEST, MOVED)
    stream = await blobs.locate(job, target, HEADERS)
    assert client.asked == [f"GET https://registry-1.docker.io/v2/a/b/blobs/{DIGEST}"]
    assert ("range", "bytes=0-0") in client.calls[0].headers
    assert client.calls[0].head_only
    assert stream.url == "https://cdn.test/x?sig=1"
    assert (stream.endpoint.host, stream.endpoint.port, stream.endpoint.addresses) == (
        "cdn.test",
        443,
        ("192.0.2.7",),
    )


async def test_16_authorization_stays_with_the_registry_and_range_goes_on(finding, client):
    blobs, target, job = finding()
    client.on(DIGEST, MOVED)
    assert dict((await blobs.locate(job, target, HEADERS)).headers) == {"accept": "*/*", "range": "bytes=5-"}


@pytest.mark.parametrize("status", [200, 206, 416])
async def test_a_registry_that_has_it_itself_is_asked_again_for_the_whole(finding, client, status):
    blobs, target, job = finding()
    client.on(DIGEST, Reply(status=status, headers=()))
    stream = await blobs.locate(job, target, HEADERS)
    assert (stream.url, stream.headers, stream.redirects) == (client.calls[0].url, HEADERS, 0)


async def test_a_refusal_is_the_answer(finding, client, error):
    blobs, target, job = finding()
    client.on(
        DIGEST, Reply(status=404, headers=(), body=b'{"errors":[{"code":"BLOB_UNKNOWN","message":"no"}]}')
    )
    assert error(await blobs.locate(job, target, HEADERS)) == (404, "BLOB_UNKNOWN", "no")


async def test_a_redirect_is_passed_on(finding, client, fields):
    blobs, target, job = finding(redirects="pass")
    client.on(DIGEST, MOVED)
    answer = await blobs.locate(job, target, HEADERS)
    assert answer.status == 307
    assert fields(answer) == {
        "docker-content-digest": DIGEST,
        "location": "https://cdn.test/x?sig=1",
        "content-length": "0",
    }


async def test_a_rewritten_redirect_leads_back(finding, client, fields, request_for):
    blobs, target, job = finding(redirects="rewrite")
    client.on(DIGEST, MOVED)
    location = fields(await blobs.locate(job, target, HEADERS))["location"]
    assert location.startswith("https://m.test/redirect/")
    key = location.rpartition("/")[2]
    again = Job(request=request_for("GET /x", range="bytes=9-", authorization="Bearer t", cookie="c"))
    stream = await blobs.follow(again, Follow(own="", key=key))
    assert (stream.url, dict(stream.headers)) == ("https://cdn.test/x?sig=1", {"range": "bytes=9-"})
    assert again.target == target
    client.on("sig=1", Reply(status=200, headers=(("content-length", "7"),)))
    head = Job(request=request_for("HEAD /x"))
    assert fields(await blobs.follow(head, Follow(own="", key=key)))["content-length"] == "7"
    assert isinstance(await blobs.follow(again, Follow(own="", key="other")), Answer)


@pytest.mark.parametrize("redirects", ["rewrite", "pass"])
async def test_what_has_begun_goes_on_inside_whatever_becomes_of_redirects(finding, client, redirects):
    """The client waits for the rest of a body: there is nobody to hand another redirect to."""
    blobs, target, job = finding(redirects=redirects)
    job.inside = True
    client.on(DIGEST, MOVED)
    assert (await blobs.locate(job, target, HEADERS)).url == "https://cdn.test/x?sig=1"


async def test_18_going_onward_ends(finding, client):
    blobs, target, job = finding()
    client.on(DIGEST, MOVED)
    stream = await blobs.locate(job, target, HEADERS)
    for _ in range(MOST_REDIRECTS - 1):
        stream = await blobs.onward(stream, 302, (("location", "there"),))
    assert stream.url == "https://cdn.test/there"
    with pytest.raises(Failure, match="more than"):
        await blobs.onward(stream, 302, (("location", "there"),))


@pytest.mark.parametrize("location", ["http://cdn.test/", "ftp://x", "", "//u:p@"])
async def test_17_a_redirect_that_leads_nowhere_good_fails(finding, client, location):
    blobs, target, job = finding()
    client.on(DIGEST, Reply(status=302, headers=(("location", location),)))
    with pytest.raises(Failure):
        await blobs.locate(job, target, HEADERS)


@pytest.mark.parametrize(
    ("attempt", "status", "refused", "again"),
    [
        (1, None, 0, True),
        (4, None, 0, True),
        (5, None, 0, False),
        (1, 503, 0, True),
        (1, 403, 1, True),
        (2, 403, 1, True),  # the first after a cut
        (2, 403, 2, False),
        (5, 403, 1, False),
        (1, 429, 0, False),
    ],
)
async def test_when_to_ask_again(finding, attempt, status, refused, again):
    blobs, _, _ = finding(tries="4")
    assert await blobs.may_retry(attempt, status, refused=refused) == again


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [(403, (403, b"<Error/>"), b"<Error/>"), (403, (200, b"x"), b""), (503, None, b""), (None, None, b"")],
)
async def test_22_a_refusal_is_asked_for_its_words(finding, client, status, answer, said):
    blobs, target, job = finding()
    client.on(DIGEST, MOVED)
    stream = await blobs.locate(job, target, HEADERS)
    if answer:
        client.on("sig=1", Reply(status=answer[0], headers=(), body=answer[1]))
    assert await blobs.words_of(job, stream, status) == said
    assert [call.url for call in client.calls[1:]] == ([stream.url] if answer else [])
