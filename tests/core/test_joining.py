"""What is taken for a mirror's own request, and what is not."""

import pytest

from inspector.core.joining import links


def linked(*recordings):
    """Host and path of each request that was found to be a mirror's, with the host of the one that it was made for."""
    from inspector.core.engine import Engine

    pulls, sources = [], []
    for number, traffic in enumerate(recordings):
        engine = Engine()
        for event in traffic.events:
            engine.feed(event)
        found = engine.finish()
        pulls += found
        sources += [number] * len(found)
    made = links(pulls, sources)
    return {
        step.exchange.path: made[id(step.exchange)].step.exchange.host
        for pull in pulls
        for step in pull.steps
        if id(step.exchange) in made
    }


TOKEN = "‹token 000000aa›"
TAG = "/v2/library/app/manifests/latest"


def one_request(mirrored, **inner):
    """The client waits for 100 ms, from second 1000."""
    mirrored.client.head(mirrored.MIRROR + TAG, 404, at=1000.0, taking=0.1)
    mirrored.upstream.head("https://registry-1.docker.io" + TAG, 404, **{"at": 1000.02, **inner})
    return linked(mirrored.client, mirrored.upstream)


def test_what_is_asked_while_a_client_waits_for_the_same(mirrored):
    assert one_request(mirrored) == {TAG: "mirror.test"}


@pytest.mark.parametrize(
    "inner",
    [{"at": 999.9}, {"at": 1000.2}, {"at": 1000.02, "taking": 0.5}],
    ids=["before", "afterwards", "answered after the client was"],
)
def test_one_request_that_does_not_fit_is_no_mirrors(mirrored, inner):
    """And one alone sets no clock: two clocks would have to be assumed for it."""
    assert one_request(mirrored, **inner) == {}


def test_a_client_that_tries_the_next_host_at_once_waits_for_none(mirrored):
    for number, tag in enumerate(("latest", "sha256:" + "ab" * 32, "sha256:" + "cd" * 32)):
        path = TAG.replace("latest", tag)
        mirrored.client.head(mirrored.MIRROR + path, 404, at=1000.0 + number, taking=0.001)
        mirrored.client.head("https://registry-1.docker.io" + path, 200, at=1000.002 + number, taking=0.02)
    assert linked(mirrored.client) == {}


def test_the_same_host_is_the_client_again(mirrored):
    mirrored.client.head(mirrored.MIRROR + TAG, 404, at=1000.0, taking=0.1)
    mirrored.upstream.head(mirrored.MIRROR + TAG, 404, at=1000.02)
    assert linked(mirrored.client, mirrored.upstream) == {}


def test_another_tag_is_another_request(mirrored):
    mirrored.client.head(mirrored.MIRROR + TAG, 404, at=1000.0, taking=0.1)
    mirrored.upstream.head("https://registry-1.docker.io/v2/library/app/manifests/old", 404, at=1000.02)
    assert linked(mirrored.client, mirrored.upstream) == {}


def test_a_redirect_sends_the_client_on_itself(mirrored):
    target = "https://other.test" + TAG
    mirrored.client.get(mirrored.MIRROR + TAG, 307, headers={"location": target}, at=1000.0, taking=0.1)
    mirrored.client.get(target, 404, at=1000.05)
    assert linked(mirrored.client) == {}


def test_another_path_under_which_the_mirror_has_it(mirrored):
    mirrored.client.head(f"{mirrored.MIRROR}/v2/app/manifests/latest", 404, at=1000.0, taking=0.1)
    mirrored.upstream.head("https://registry-1.docker.io" + TAG, 404, at=1000.02)
    assert linked(mirrored.client, mirrored.upstream) == {TAG: "mirror.test"}


def test_by_another_clock_a_client_of_its_own_needs_a_tie(mirrored, image):
    """A whole row fits, thirty seconds later: by one token it is the mirror's, by two it is another pull."""
    one, other = type(mirrored)(), type(mirrored)()
    img = image()
    one.pull(img)
    other.pull(img, at=1030.0)
    assert len(linked(one.client, other.upstream)) == 5
    stranger = type(mirrored)()
    stranger.pull(img, at=1030.0, token="‹token 000000ff›")
    assert linked(one.client, stranger.upstream) == {}


def test_by_another_clock_a_forwarded_address_is_a_tie_for_few_requests(mirrored):
    told = {"x-forwarded-for": "10.0.0.1"}
    assert one_request(mirrored, at=1030.02, request=told) == {TAG: "mirror.test"}


def test_a_quick_answer_that_would_fit_either_way_fits_by_the_clock_as_it_is(mirrored):
    """The mirror loses a millisecond or two with each: by a clock that is one off, its client could be the upstream."""
    for number, tag in enumerate(("latest", "sha256:" + "ab" * 32, "sha256:" + "cd" * 32)):
        path = TAG.replace("latest", tag)
        mirrored.client.get(mirrored.MIRROR + path, 200, at=1000.0 + number, taking=0.009, token=TOKEN)
        outside = "https://registry-1.docker.io" + path
        mirrored.upstream.get(outside, 200, at=1000.002 + number, taking=0.004, token=TOKEN)
    assert set(linked(mirrored.client, mirrored.upstream).values()) == {"mirror.test"}
    assert set(linked(mirrored.upstream, mirrored.client).values()) == {"mirror.test"}


def test_clocks_minutes_apart_are_two_times(mirrored, image):
    one, late = type(mirrored)(), type(mirrored)()
    img = image()
    one.pull(img, cache=True)
    late.pull(img, cache=True, at=1000.0 + 300)
    assert linked(one.client, late.upstream) == {}


@pytest.mark.parametrize(
    ("agent", "found"),
    [("Go-http-client/2.0", {TAG: "mirror.test"}), ("docker/24.0.7", {}), ("containerd/1.7.2", {})],
)
def test_two_recordings_of_a_pull_that_failed_at_its_tag_and_clocks_apart(mirrored, agent, found):
    """One request each: a program that is no client of registries asks for all that the other one asked."""
    mirrored.upstream.ua = agent
    assert one_request(mirrored, at=1004.0) == found


def test_what_else_was_recorded_leaves_it_open(mirrored):
    mirrored.upstream.ua = "Go-http-client/2.0"
    mirrored.upstream.head("https://registry-1.docker.io/v2/library/app/manifests/2", 404, at=1004.5)
    assert one_request(mirrored, at=1004.0) == {}
