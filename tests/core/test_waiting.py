"""Pings, tokens and the storage go with what they were asked for."""

HUB, AUTH = "registry-1.docker.io", "auth.docker.io"


def asked_for(pull):
    """The client's step -> what the mirror asked for it that is no content."""
    return {
        step.n: [
            str(one.stage) for one in step.upstream if one.stage in ("ping", "challenge", "token", "cdn")
        ]
        for step in pull.steps
    }


def test_each_with_the_step_that_waited(mirrored, together, image):
    mirrored.pull(image(), cache=True)
    (pull,) = together(mirrored.client.events, mirrored.upstream.events)
    assert asked_for(pull) == {1: ["challenge", "token"], 2: [], 3: [], 4: [], 5: ["cdn"], 6: ["cdn"]}


def test_a_token_that_the_client_fetches_itself_stays_the_clients(mirrored, together, image):
    """It was sent to that realm by the mirror's challenge, while it waited for a layer too."""
    mirrored.upstream.address = "10.0.0.1"
    mirrored.pull(image())
    mirrored.client.token("library/app", "‹token 00000002›", at=1001.05, taking=0.02)
    (pull,) = together([*mirrored.client.events, *mirrored.upstream.events])
    own = [step.exchange.host for step in pull.steps if step.stage == "token"]
    assert own == [AUTH, AUTH]
    assert all(one.stage != "token" for one in pull.upstream)


def test_pings_of_the_mirror_alone_go_with_the_pull_that_it_serves(mirrored, together, image):
    """By another program than the one that fetches, so they are a pull of their own at first."""
    mirrored.pull(image(), cache=True)
    mirrored.upstream.ua = "health-check/1.0"
    mirrored.upstream.ping(at=1000.27)
    (pull,) = together(mirrored.client.events, mirrored.upstream.events)
    assert asked_for(pull)[2] == ["challenge"]


def test_pings_while_nobody_waits_stay_what_they_are(mirrored, together, image):
    mirrored.pull(image(), cache=True)
    mirrored.upstream.ua = "health-check/1.0"
    mirrored.upstream.ping(at=1000.4)
    pulls = together(mirrored.client.events, mirrored.upstream.events)
    assert [bool(pull.behind) for pull in pulls] == [True, False]


def test_what_outlasts_the_client_stays_with_what_it_was_begun_for(mirrored, together, image):
    """A cache fetches a layer once more for its own store, and is not done when its client is served."""
    one = image()
    mirrored.pull(one, cache=True)
    mirrored.upstream.time = 1001.335
    mirrored.upstream.blob("https://registry-1.docker.io", "library/app", one.layers[0], signature="x")
    last = max(event.time for event in mirrored.client.events if hasattr(event, "time"))
    assert last < mirrored.upstream.time
    (pull,) = together(mirrored.client.events, mirrored.upstream.events)
    assert [str(one.stage) for one in pull.steps[-1].upstream] == ["redirect", "cdn", "redirect", "cdn"]
