"""Both sides of a mirror become one pull; what only looks so does not."""

import pytest

from inspector.core.pull import Outcome

CONTAINERD = "containerd/1.7.2"
PODMAN = "containers/5.23.1 (github.com/containers/image)"


def told(pull):
    """The client's steps, each with what the mirror asked for it."""
    return [
        (s.exchange.method, [f"{u.exchange.method} {u.exchange.host}" for u in s.upstream])
        for s in pull.steps
    ]


HUB, CDN, AUTH = "registry-1.docker.io", "production.cloudflare.docker.com", "auth.docker.io"
PASSED_ON = [
    ("GET", [f"GET {HUB}"]),
    ("GET", []),
    ("HEAD", [f"HEAD {HUB}"]),
    ("GET", [f"GET {HUB}"]),
    ("GET", [f"GET {HUB}"]),
    ("GET", [f"GET {HUB}", f"GET {CDN}"]),
    ("GET", [f"GET {HUB}", f"GET {CDN}"]),
]
OF_A_CACHE = [("GET", [f"GET {HUB}", f"GET {AUTH}"]), *PASSED_ON[2:]]


@pytest.fixture(params=[False, True], ids=["passes on", "cache"])
def cache(request):
    return request.param


@pytest.fixture
def expected(cache):
    return OF_A_CACHE if cache else PASSED_ON


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("seconds", [0.0, 0.4, 30.0, -30.0, 7.25])
def test_two_recordings_whatever_their_order_and_clocks(
    mirrored, together, image, by_another_clock, cache, expected, seconds, turned
):
    mirrored.pull(image(), cache=cache)
    sides = [mirrored.client.events, by_another_clock(mirrored.upstream.events, seconds)]
    (pull,) = together(*(reversed(sides) if turned else sides))
    assert told(pull) == expected
    assert pull.outcome is Outcome.COMPLETE
    assert pull.reference == "mirror.test/library/app:latest"
    (side,) = pull.behind
    assert side.shift + seconds == pytest.approx(0.0, abs=0.05)
    assert abs(side.shift + seconds) <= side.within + 0.005 or side.shift == 0.0
    assert side.matched == 5


def test_the_calls_are_told_by_the_clients_clock(mirrored, together, image, by_another_clock):
    mirrored.pull(image())
    (pull,) = together(mirrored.client.events, by_another_clock(mirrored.upstream.events, 30.0))
    for step in pull.steps:
        for call in step.exchange.calls or ():
            assert step.exchange.request.time <= call.start <= call.end <= step.exchange.last_time
    assert [call.n for step in pull.steps for call in step.exchange.calls or ()] == list(range(8, 16))
    assert [step.n for step in pull.upstream] == list(range(8, 16))
    assert pull.step(15) is pull.steps[-1].upstream[-1]
    assert pull.find(16) is None
    assert pull.steps[-1].upstream[-1].follows == pull.steps[-1].upstream[0].n
    assert [call.body for call in pull.steps[-1].exchange.calls] == [False, True]


@pytest.mark.parametrize("order", ["client first", "upstream first", "as it came"])
@pytest.mark.parametrize("seconds", [0.0, 30.0, -30.0])
@pytest.mark.parametrize("one_machine", [False, True])
def test_both_sides_in_one_recording(
    mirrored, together, image, by_another_clock, cache, expected, order, seconds, one_machine
):
    mirrored.upstream.address = "10.0.0.1" if one_machine else "10.9.9.9"
    mirrored.pull(image(), cache=cache)
    mirrored.upstream.events = named_apart(by_another_clock(mirrored.upstream.events, seconds))
    both = [*mirrored.client.events, *mirrored.upstream.events]
    if order == "upstream first":
        both = [*mirrored.upstream.events, *mirrored.client.events]
    if order == "as it came":
        both = as_it_came(both)
    (pull,) = together(both)
    assert told(pull) == expected
    assert pull.outcome is Outcome.COMPLETE


def named_apart(events):
    from msgspec.structs import replace

    return [replace(event, id=f"up {event.id}") for event in events]


def as_it_came(events):
    """Exchange by exchange, in order of their ends: so a flow file is written."""
    exchanges = {}
    for event in events:
        exchanges.setdefault(event.id, []).append(event)
    return [event for told in sorted(exchanges.values(), key=lambda told: told[-1].time) for event in told]


@pytest.mark.parametrize("seconds", [0.0, 12.5])
def test_two_clients_at_once(mirrored, together, image, by_another_clock, seconds):
    """The same image, at the same time, through one mirror: each gets what was asked with its token."""
    one = image()
    mirrored.pull(one, token="‹token 0000000a›", address="10.0.0.1")
    mirrored.pull(one, token="‹token 0000000b›", address="10.0.0.2", at=1000.01)
    pulls = together(mirrored.client.events, by_another_clock(mirrored.upstream.events, seconds))
    assert [pull.address for pull in pulls] == ["10.0.0.1", "10.0.0.2"]
    for pull in pulls:
        assert told(pull)[2:] == PASSED_ON[2:]
        assert {u.exchange.bearer for s in pull.steps for u in s.upstream} - {None} == {
            s.exchange.bearer for s in pull.steps
        } - {None}


def test_two_images_at_once_through_a_cache(mirrored, together, image):
    mirrored.pull(image("one"), repository="library/one", cache=True, address="10.0.0.1")
    mirrored.pull(image("two"), repository="library/two", cache=True, address="10.0.0.2", at=1000.01)
    pulls = together(mirrored.client.events, mirrored.upstream.events)
    assert [pull.repository for pull in pulls] == ["library/one", "library/two"]
    for pull in pulls:
        asked = {u.exchange.route.repository for s in pull.steps for u in s.upstream if u.exchange.route}
        assert asked - {None} == {pull.repository}


@pytest.mark.parametrize("ua", [None, PODMAN, CONTAINERD])
@pytest.mark.parametrize("later", [0.0, 0.03, 20.0, -45.0])
def test_an_unrelated_pull_of_the_same_image(mirrored, together, image, ua, later):
    """The client's side of one, and a pull past every mirror: nothing ties the two."""
    one = image()
    mirrored.pull(one)
    mirrored.upstream.events.clear()
    stranger = type(mirrored)()
    stranger.direct(one, at=1000.0 + later, **({"ua": ua} if ua else {}))
    for recordings in ([mirrored.client.events, stranger.client.events],
                       [[*mirrored.client.events, *named_apart(stranger.client.events)]]):  # fmt: skip
        pulls = together(*recordings)
        assert len(pulls) == 2
        assert not any(pull.behind for pull in pulls)


def test_a_direct_pull_beside_a_mirrored_one(mirrored, together, image, cache, expected):
    one = image()
    mirrored.pull(one, cache=cache)
    mirrored.direct(one, at=1000.1)
    pulls = together(mirrored.client.events, mirrored.upstream.events)
    by_host = {pull.registry: pull for pull in pulls}
    assert told(by_host["mirror.test"]) == expected
    assert not by_host[HUB].behind
    assert len(pulls) == 2


def test_a_client_that_turns_to_the_registry_itself(mirrored, together, image):
    """The mirror's requests and the client's own, to one host, of one User-Agent, in one recording."""
    one = image()
    mirrored.upstream.address = "10.0.0.1"
    missing = f"{mirrored.MIRROR}/v2/library/app/manifests/latest"
    for method, at in (("HEAD", 1000.0), ("GET", 1000.2)):
        mirrored.client.send(method, missing, 404, token="‹token 0000000a›", at=at, taking=0.1)
        mirrored.upstream.send(
            method, missing.replace("mirror.test", HUB), 404, token="‹token 0000000a›", at=at + 0.02
        )
    mirrored.direct(one, at=1000.5)
    both = as_it_came([*mirrored.client.events, *named_apart(mirrored.upstream.events)])
    (pull,) = together(both)
    assert [len(step.upstream) for step in pull.steps[:3]] == [1, 1, 0]
    assert pull.outcome is Outcome.COMPLETE
    assert pull.registry == HUB


def test_a_mirror_behind_a_mirror(mirrored, together, image):
    """What the second asks stands with what the first asked, for the client's request."""
    mirrored.pull(image())
    second = type(mirrored)()
    second.MIRROR = "https://registry-1.docker.io"
    second.pull(image())
    middle = list(mirrored.upstream.events)
    far = [
        event if not hasattr(event, "host") else replaced_host(event)
        for event in shrunk(second.upstream.events)
    ]
    (pull,) = together(mirrored.client.events, middle, far)
    assert [u.exchange.host for u in pull.steps[2].upstream] == [HUB, "origin.test"]


def replaced_host(event):
    from msgspec.structs import replace

    return replace(event, host="origin.test", url=event.url.replace(HUB, "origin.test"))


def shrunk(events):
    """Begun 2 ms after what it was asked for, and twice as fast."""
    from msgspec.structs import replace

    begun = {}
    out = []
    for event in events:
        time = getattr(event, "time", None)
        if time is None:
            out.append(event)
            continue
        begin = begun.setdefault(event.id, time)
        out.append(replace(event, time=begin + 0.002 + (time - begin) / 3))
    return out


def test_a_side_whose_client_is_not_recorded_stays_a_pull(mirrored, together, image):
    mirrored.pull(image())
    (pull,) = together(mirrored.upstream.events)
    assert pull.registry == HUB
    assert not pull.behind


def test_nothing_is_put_together_twice(mirrored, together, image):
    """Each exchange stands in one place, however many pulls there are."""
    one = image()
    for number in range(8):
        mirrored.pull(one, at=1000.0 + 20 * number, token=f"‹token 0000001{number}›", cache=number % 2 == 1)
    pulls = together(mirrored.client.events, mirrored.upstream.events)
    places = [id(step.exchange) for pull in pulls for step in (*pull.steps, *pull.upstream)]
    assert len(places) == len(set(places))
    assert len(pulls) == 8
    assert all(pull.behind for pull in pulls)
