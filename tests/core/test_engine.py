"""What the engine makes of whole conversations: one pull or several, and which exchange belongs to which."""

import json

import msgspec

from inspector.core.engine import Engine
from inspector.core.events import Body, Side, Trouble, Upstream
from inspector.core.pull import Content, Outcome
from inspector.core.updates import Closed, Finished, Started

HUB = "https://registry-1.docker.io"
AUTH = "https://auth.docker.io/token"
MIRROR = "https://mirror.test:5000"
CDN = "https://production.cloudflare.docker.com"
REPO = "library/hello-world"
T1, T2 = "‹token 00000001›", "‹token 00000002›"
CONTAINERD = "containerd/1.7.2"
PODMAN = "containers/5.23.1 (github.com/containers/image)"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CHALLENGE = {
    "www-authenticate": f'Bearer realm="{AUTH}",service="registry.docker.io",scope="repository:{REPO}:pull"'
}
NOT_FOUND = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'


def stages(pull):
    return [str(step.stage) for step in pull.steps]


# -- one client, one pull ------------------------------------------------------------------------------------------


def test_dockers_nine_steps_are_one_complete_pull(traffic, image):
    traffic.docker_pull(REPO, "latest", image())
    pull = traffic.pull()
    assert stages(pull) == [
        "challenge", "token", "resolve", "manifest", "manifest", "redirect", "cdn", "redirect", "cdn",
    ]  # fmt: skip
    assert [step.content for step in pull.steps][2:] == [
        Content.INDEX, Content.INDEX, Content.MANIFEST, Content.CONFIG, Content.CONFIG, Content.LAYER, Content.LAYER,
    ]  # fmt: skip
    assert [step.follows for step in pull.steps] == [None, 1, 2, 2, 2, 2, 6, 2, 8]
    assert [step.verified for step in pull.steps] == [None, None, None, True, True, None, True, None, True]
    assert (pull.reference, pull.outcome) == (f"docker.io/{REPO}:latest", Outcome.COMPLETE)
    assert (pull.client.name, pull.client.version, pull.address) == ("docker", "24.0.7", "10.0.0.1")


def test_containerd_without_ping_and_with_two_tokens_is_one_pull(traffic, image):
    traffic.ua, one = CONTAINERD, image()
    traffic.head(f"{HUB}/v2/{REPO}/manifests/latest", 401, headers=CHALLENGE)
    traffic.token(REPO, T1)
    traffic.resolve(HUB, REPO, "latest", one.index, token=T1)
    traffic.get(f"{HUB}/v2/{REPO}/manifests/{traffic.sha(one.index)}", 401, headers=CHALLENGE)
    traffic.token(REPO, T2)
    traffic.content(HUB, REPO, one, T2)
    pull = traffic.pull()
    assert stages(pull)[:6] == ["challenge", "token", "resolve", "challenge", "token", "manifest"]
    assert [step.follows for step in pull.steps][:7] == [None, 1, 2, None, 4, 5, 5]
    assert pull.outcome is Outcome.COMPLETE
    assert [step.retry_of for step in pull.steps] == [None] * len(pull.steps)


def test_a_request_without_any_authentication_needs_no_token(traffic, image):
    one = image()
    traffic.get(f"{MIRROR}/v2/", 200)
    traffic.resolve(MIRROR, REPO, "latest", one.index)
    traffic.content(MIRROR, REPO, one)
    pull = traffic.pull()
    assert stages(pull)[:2] == ["ping", "resolve"]
    assert pull.reference == f"mirror.test:5000/{REPO}:latest"


def test_a_repull_that_ends_at_head_is_up_to_date(traffic, image):
    traffic.ping()
    traffic.token(REPO)
    traffic.resolve(HUB, REPO, "latest", image().index, token=T1)
    assert traffic.pull().outcome is Outcome.UP_TO_DATE


def test_a_pull_by_digest_has_no_tag(traffic, image):
    one = image()
    digest = traffic.sha(one.index)
    traffic.ping()
    traffic.token(REPO)
    traffic.content(HUB, REPO, one, T1)
    pull = traffic.pull()
    assert (pull.tag, pull.digest, pull.reference) == (None, digest, f"docker.io/{REPO}@{digest}")
    assert pull.outcome is Outcome.COMPLETE


def test_the_same_tag_again_after_it_was_complete_is_the_next_pull(traffic, image):
    one = image()
    traffic.docker_pull(REPO, "latest", one)
    traffic.ping()
    traffic.token(REPO, T2)
    traffic.resolve(HUB, REPO, "latest", one.index, token=T2)
    first, second = traffic.pulls()
    assert (first.outcome, second.outcome) == (Outcome.COMPLETE, Outcome.UP_TO_DATE)
    assert len(first.steps) == 9
    assert stages(second) == ["challenge", "token", "resolve"]


def test_dockers_get_after_a_refused_head_is_the_same_pull_and_a_second_attempt_another(traffic):
    for token in (T1, T2):
        traffic.ping()
        traffic.token(REPO, token)
        traffic.head(f"{HUB}/v2/{REPO}/manifests/nope", 404, token=token)
        traffic.get(f"{HUB}/v2/{REPO}/manifests/nope", 404, body=NOT_FOUND, token=token)
        traffic.time += 5
    pulls = traffic.pulls()
    assert [stages(pull) for pull in pulls] == [["challenge", "token", "resolve", "manifest"]] * 2
    assert {pull.outcome for pull in pulls} == {Outcome.FAILED}
    assert {pull.registry for pull in pulls} == {None}


def test_podmans_rounds_of_retries_are_one_pull(traffic):
    traffic.ua = PODMAN
    for token in (T1, T2):
        traffic.ping()
        traffic.token(REPO, token)
        for _ in range(3):
            traffic.get(f"{HUB}/v2/{REPO}/manifests/latest", 429, token=token)
            traffic.time += 20
    pull = traffic.pull()
    assert [step.retry_of for step in pull.steps] == [None, None, None, 3, 4, None, None, 5, 8, 9]
    assert pull.outcome is Outcome.FAILED


def test_a_layer_that_is_cut_and_resumed_is_complete(traffic, image):
    one = image()
    layer = traffic.sha(one.layers[0])
    url, target = f"{HUB}/v2/{REPO}/blobs/{layer}", f"{CDN}/data/{layer[7:]}?verify="
    traffic.docker_pull(REPO, "latest", one)
    del traffic.events[-8:]  # the layer's redirect and fetch: they go another way here
    traffic.get(url, 307, headers={"location": target + "a"}, token=T1)
    traffic.get(target + "a", 200, body=one.layers[0][:5], error="peer closed", side=Side.SERVER)
    traffic.get(url, 307, headers={"location": target + "b"}, token=T1, request={"range": "bytes=5-"})
    traffic.get(target + "b", 206, body=one.layers[0][5:], request={"range": "bytes=5-"})
    pull = traffic.pull()
    assert stages(pull)[-4:] == ["redirect", "cdn", "redirect", "cdn"]
    assert [step.retry_of for step in pull.steps][-4:] == [None, None, 8, 9]
    assert [step.verified for step in pull.steps][-4:] == [None, None, None, None]
    assert pull.outcome is Outcome.COMPLETE


def test_a_mirror_asked_first_and_the_registry_afterwards_are_one_pull(traffic):
    for host in (MIRROR, HUB):
        traffic.ping(host)
        traffic.token(REPO, T1 if host is MIRROR else T2)
        traffic.head(f"{host}/v2/{REPO}/manifests/nope", 404, token=T1 if host is MIRROR else T2)
        traffic.get(
            f"{host}/v2/{REPO}/manifests/nope", 404, body=NOT_FOUND, token=T1 if host is MIRROR else T2
        )
    pull = traffic.pull()
    assert pull.reference == f"docker.io/{REPO}:nope"
    assert stages(pull) == ["challenge", "token", "resolve", "manifest"] * 2


def test_a_mirrors_prefix_in_the_path_does_not_part_the_pull(traffic, image):
    one = image()
    traffic.ua = PODMAN
    traffic.get(f"{MIRROR}/v2/", 200)
    traffic.get(f"{MIRROR}/v2/hub/{REPO}/manifests/latest", 500)
    traffic.ping()
    traffic.token(REPO)
    traffic.manifest(HUB, REPO, "latest", one.index, INDEX, token=T1)
    pull = traffic.pull()
    assert (pull.repository, pull.reference) == (f"hub/{REPO}", f"docker.io/{REPO}:latest")
    assert pull.registry == "registry-1.docker.io"


def test_the_namespace_parameter_names_the_registry(traffic, image):
    traffic.ua = CONTAINERD
    one = image()
    told = {"docker-content-digest": traffic.sha(one.index)}
    traffic.head(f"{MIRROR}/v2/{REPO}/manifests/latest?ns=docker.io", 200, kind=INDEX, headers=told)
    pull = traffic.pull()
    assert (pull.reference, pull.registry) == (f"docker.io/{REPO}:latest", "mirror.test:5000")


def test_a_redirect_to_another_registry_route_keeps_that_routes_stage(traffic, image):
    one = image()
    where = f"{MIRROR}/v2/{REPO}/manifests/latest"
    traffic.head(f"{MIRROR}/v2/hello-world/manifests/latest", 301, headers={"location": where})
    traffic.resolve(MIRROR, REPO, "latest", one.index)
    pull = traffic.pull()
    assert stages(pull) == ["redirect", "resolve"]
    assert [step.content for step in pull.steps] == [Content.INDEX, Content.INDEX]
    assert pull.reference == "mirror.test:5000/hello-world:latest"


def test_a_chain_of_redirects_is_one_blob(traffic, image):
    one = image()
    digest = traffic.sha(one.config)
    traffic.docker_pull(REPO, "latest", image("other"))
    traffic.get(f"{HUB}/v2/{REPO}/blobs/{digest}", 302, headers={"location": "/downloads/x"}, token=T1)
    traffic.get(f"{HUB}/downloads/x", 302, headers={"location": f"{CDN}/y"}, token=T1)
    traffic.get(f"{CDN}/y", 200, body=one.config)
    pull = traffic.pull()
    assert stages(pull)[-3:] == ["redirect", "cdn", "cdn"]
    assert [step.digest for step in pull.steps][-3:] == [digest] * 3
    assert [step.follows for step in pull.steps][-2:] == [10, 11]
    assert pull.steps[-1].verified is True


# -- several at once -----------------------------------------------------------------------------------------------


def test_two_pulls_of_one_client_at_once_are_told_apart(traffic, image):
    a, b = image("a"), image("b")
    for repository, token in (("team/a", T1), ("team/b", T2)):
        traffic.ping()
        traffic.token(repository, token)
    traffic.resolve(HUB, "team/b", "latest", b.index, token=T2)
    traffic.resolve(HUB, "team/a", "latest", a.index, token=T1)
    traffic.content(HUB, "team/a", a, T1)
    traffic.content(HUB, "team/b", b, T2)
    pulls = {pull.repository: pull for pull in traffic.pulls()}
    assert set(pulls) == {"team/a", "team/b"}
    for pull in pulls.values():
        assert stages(pull)[:3] == ["challenge", "token", "resolve"]
        assert (len(pull.steps), pull.outcome) == (9, Outcome.COMPLETE)


def test_two_clients_behind_one_address_that_pull_one_image_are_not_merged(traffic, image):
    one = image()
    traffic.ping()
    traffic.ping()
    traffic.token(REPO, T1)
    traffic.token(REPO, T2)
    traffic.resolve(HUB, REPO, "latest", one.index, token=T1)
    traffic.resolve(HUB, REPO, "latest", one.index, token=T2)
    for data, kind in ((one.index, INDEX), (one.manifest, MANIFEST)):
        for token in (T1, T2):
            traffic.manifest(HUB, REPO, traffic.sha(data), data, kind, token=token)
    for data in (one.config, one.layers[0]):
        for token in (T1, T2):
            traffic.blob(HUB, REPO, data, token=token)
    first, second = traffic.pulls()
    assert (len(first.steps), len(second.steps)) == (9, 9)
    for pull, token in ((first, T1), (second, T2)):
        assert {step.exchange.bearer for step in pull.steps} == {None, token}
        assert pull.outcome is Outcome.COMPLETE


def test_two_clients_with_different_agents_are_not_merged(traffic, image):
    one = image()
    traffic.docker_pull(REPO, "latest", one)
    traffic.ua = PODMAN
    traffic.docker_pull(REPO, "latest", one, T2)
    assert [pull.client.name for pull in traffic.pulls()] == ["docker", "containers"]


def test_docker_pull_all_tags_is_one_pull_a_tag(traffic, image):
    one, two = image("one"), image("two")
    traffic.ping()
    traffic.token(REPO)
    traffic.get(f"{HUB}/v2/{REPO}/tags/list", 200, token=T1, body=b'{"tags":["1","2"]}')
    traffic.resolve(HUB, REPO, "1", one.index, token=T1)
    traffic.content(HUB, REPO, one, T1)
    traffic.resolve(HUB, REPO, "2", two.index, token=T1)
    traffic.content(HUB, REPO, two, T1)
    first, second = traffic.pulls()
    assert (first.tag, second.tag) == ("1", "2")
    assert stages(first)[:4] == ["challenge", "token", "tags", "resolve"]
    assert (first.outcome, second.outcome) == (Outcome.COMPLETE, Outcome.COMPLETE)


# -- without a reference, and pushes -------------------------------------------------------------------------------


def test_a_login_names_no_reference(traffic):
    traffic.ping()
    traffic.token(REPO, T1, request={"authorization": "Basic ‹basic 0badcafe›"})
    traffic.get(f"{HUB}/v2/", 200, token=T1)
    pull = traffic.pull()
    assert (pull.reference, pull.outcome) == (None, Outcome.LOGIN)


def test_a_tags_list_alone_is_an_inspection_with_its_repository(traffic):
    traffic.ua = "skopeo/1.9.3"
    traffic.ping()
    traffic.token(REPO)
    traffic.get(f"{HUB}/v2/{REPO}/tags/list", 200, token=T1)
    pull = traffic.pull()
    assert (pull.reference, pull.repository, pull.tag, pull.outcome) == (None, REPO, None, Outcome.INSPECTED)


def inspection(traffic, one, first, second):
    """skopeo inspect: the content, then a conversation of its own for the tags."""
    traffic.ua = "skopeo/1.9.3"
    traffic.ping()
    traffic.token(REPO, first)
    traffic.manifest(HUB, REPO, "latest", one.manifest, MANIFEST, token=first)
    traffic.blob(HUB, REPO, one.config, token=first)
    traffic.ping()
    traffic.token(REPO, second)
    traffic.get(f"{HUB}/v2/{REPO}/tags/list", 200, token=second, body=b'{"tags":["latest"]}')


INSPECTION = ["challenge", "token", "manifest", "redirect", "cdn", "challenge", "token", "tags"]


def test_a_tags_list_that_nothing_followed_at_once_ends_the_pull_before(traffic, image):
    inspection(traffic, image(), T1, T2)
    traffic.time += 5
    inspection(traffic, image(), "‹token 00000003›", "‹token 00000004›")
    assert [stages(pull) for pull in traffic.pulls()] == [INSPECTION, INSPECTION]


def test_a_tags_list_goes_where_its_token_and_challenge_go(traffic, image):
    inspection(traffic, image(), T1, T2)
    inspection(traffic, image(), "‹token 00000003›", "‹token 00000004›")
    first, second = traffic.pulls()
    assert stages(first) == INSPECTION[:5]
    assert stages(second) == ["challenge", "token", "tags", *INSPECTION]


def test_what_waits_is_not_given_away_while_its_client_still_asks(traffic, image):
    traffic.docker_pull(REPO, "latest", image())
    engine = Engine()
    for event in traffic.events:
        engine.feed(event)
    begun = len(traffic.events)
    traffic.time += 10
    traffic.ping()
    traffic.token(REPO, T2)
    traffic.resolve(HUB, REPO, "latest", image().index, token=T2)
    events = traffic.events[begun:]
    *before, head, answer, end = [one for one in events if not isinstance(one, Body)]
    for event in [*before, head]:
        engine.feed(event)
    engine.settled(now=traffic.time + 5, quiet=2)
    for event in (answer, end):
        engine.feed(event)
    assert [stages(pull)[:3] for pull in engine.finish()] == [["challenge", "token", "resolve"]] * 2


def test_a_failed_connection_belongs_to_the_pull_that_is_nearest_in_time(traffic, image):
    traffic.fail("registry-1.docker.io")
    for token in (T1, T2):
        traffic.docker_pull(REPO, "latest", image(), token)
        traffic.time += 20
    assert [len(pull.broken) for pull in traffic.pulls()] == [1, 0]


def test_two_pushes_end_each_with_their_tag(traffic, image):
    one = image()
    for tag in ("1", "2"):
        for data in (one.config, one.layers[0]):
            traffic.head(f"{MIRROR}/v2/team/app/blobs/{traffic.sha(data)}", 404)
            traffic.send(
                "POST",
                f"{MIRROR}/v2/team/app/blobs/uploads/",
                202,
                headers={"location": "/v2/team/app/blobs/uploads/u"},
            )
            traffic.send(
                "PUT", f"{MIRROR}/v2/team/app/blobs/uploads/u?digest={traffic.sha(data)}", 201, sent=data
            )
        told = {"docker-content-digest": traffic.sha(one.manifest)}
        traffic.send("PUT", f"{MIRROR}/v2/team/app/manifests/{tag}", 201, sent=one.manifest, headers=told)
    first, second = traffic.pulls()
    assert (first.tag, second.tag) == ("1", "2")
    assert {pull.outcome for pull in (first, second)} == {Outcome.PUSHED}
    assert set(stages(first)) == {"push"}
    assert first.digest == traffic.sha(one.manifest)
    assert first.steps[-1].content is Content.MANIFEST
    assert first.steps[0].content is Content.CONFIG


def test_what_is_not_registry_traffic_is_counted_and_not_shown(traffic, image):
    traffic.get("https://example.com/", 200)
    traffic.get("https://example.com/v1/search?q=x", 200, request={"user-agent": "Mozilla/5.0"})
    traffic.docker_pull(REPO, "latest", image())
    engine, pulls = traffic.run()
    assert len(pulls) == 1
    assert engine.other == 1 + (1 if len(pulls[0].steps) == 9 else 0)


# -- connections that never came to a request ----------------------------------------------------------------------


def test_a_refused_certificate_belongs_to_no_pull(traffic):
    traffic.fail("registry-1.docker.io")
    engine, pulls = traffic.run()
    assert pulls == []
    assert [event.host for event in engine.unclaimed] == ["registry-1.docker.io"]
    assert engine.failed_connections == 1


def test_a_realm_that_cannot_be_reached_belongs_to_the_pull_whose_challenge_named_it(traffic):
    traffic.ping()
    traffic.fail("auth.docker.io", Trouble.CONNECT)
    engine, pulls = traffic.run()
    assert [event.host for event in pulls[0].broken] == ["auth.docker.io"]
    assert engine.unclaimed == []
    assert pulls[0].outcome is Outcome.FAILED, "the challenge was taken up, and the way there is broken"


def test_a_spare_connection_that_the_client_dropped_is_no_failure(traffic, image):
    traffic.docker_pull(REPO, "latest", image())
    traffic.fail("production.cloudflare.docker.com", Trouble.CLIENT_CLOSED)
    engine, pulls = traffic.run()
    assert (pulls[0].broken, engine.unclaimed, engine.failed_connections) == ([], [], 0)


def test_a_client_that_closes_and_is_not_seen_again_is_a_failure(traffic):
    traffic.fail("registry-1.docker.io", Trouble.CLIENT_CLOSED)
    engine, _ = traffic.run()
    assert engine.failed_connections == 1


def test_a_mirror_that_cannot_be_reached_belongs_to_the_pull_that_then_asks_the_registry(traffic, image):
    traffic.fail("mirror.test", Trouble.CONNECT)
    traffic.docker_pull(REPO, "latest", image())
    assert [event.host for event in traffic.pull().broken] == ["mirror.test"]


def test_a_failed_connection_of_another_client_is_not_claimed(traffic, image):
    traffic.docker_pull(REPO, "latest", image())
    traffic.address = "10.0.0.9"
    traffic.fail("registry-1.docker.io")
    engine, pulls = traffic.run()
    assert pulls[0].broken == []
    assert len(engine.unclaimed) == 1


# -- order, ends and bounds ----------------------------------------------------------------------------------------


def test_updates_tell_what_starts_and_what_it_was(traffic):
    traffic.ping()
    engine = Engine()
    updates = [update for event in traffic.events for update in engine.feed(event)]
    assert isinstance(updates[0], Started)
    assert isinstance(updates[1], Finished)
    assert (updates[0].stage, updates[1].stage) == ("ping", "challenge")


def test_what_a_redirect_led_to_starts_under_its_pulls_repository(traffic, image):
    traffic.docker_pull(REPO, "latest", image())
    engine = Engine()
    updates = [update for event in traffic.events for update in engine.feed(event)]
    fetches = [one for one in updates if isinstance(one, Started) and one.exchange.host == CDN[8:]]
    assert {one.repository for one in fetches} == {REPO}


def test_a_pull_settles_only_when_it_is_quiet_and_is_given_once(traffic, image):
    traffic.docker_pull(REPO, "latest", image())
    engine = Engine()
    for event in traffic.events:
        engine.feed(event)
    assert engine.settled(now=traffic.time + 1, quiet=2) == []
    assert [pull.outcome for pull in engine.settled(now=traffic.time + 3, quiet=2)] == [Outcome.COMPLETE]
    assert engine.settled(now=traffic.time + 9, quiet=2) == []
    assert len(engine.finish()) == 1


def test_an_exchange_that_the_capture_cuts_makes_the_pull_incomplete(traffic, image):
    traffic.docker_pull(REPO, "latest", image())
    del traffic.events[-1]
    pull = traffic.pull()
    assert pull.outcome is Outcome.INCOMPLETE
    assert pull.steps[-1].exchange.open


def test_the_oldest_pull_makes_way_when_very_many_are_open(traffic, image):
    one = image()
    for number in range(300):
        traffic.resolve(MIRROR, f"team/app{number}", "latest", one.index)
    engine = Engine()
    closed = [u.pull for event in traffic.events for u in engine.feed(event) if isinstance(u, Closed)]
    assert [pull.repository for pull in closed] == [f"team/app{number}" for number in range(300 - 256)]
    assert len(engine.finish()) == 256


def test_live_order_and_file_order_give_the_same_pull(traffic, image):
    traffic.docker_pull(REPO, "latest", image(layers=3))
    whole = Engine()
    for event in traffic.events:
        whole.feed(event)
    starts = [e for e in traffic.events if type(e).__name__ == "RequestHead"]
    rest = [e for e in traffic.events if type(e).__name__ != "RequestHead"]
    live = Engine()
    for event in starts + rest:  # every request head is seen before the first answer
        live.feed(event)
    one, other = whole.finish()[0], live.finish()[0]
    assert [(s.n, s.stage, s.digest, s.follows) for s in one.steps] == [
        (s.n, s.stage, s.digest, s.follows) for s in other.steps
    ]


def test_ten_thousand_exchanges_of_one_pull_are_placed(traffic):
    traffic.ua = PODMAN
    traffic.ping()
    traffic.token(REPO)
    for _ in range(10_000):
        traffic.get(f"{HUB}/v2/{REPO}/manifests/latest", 429, token=T1)
    pull = traffic.pull()
    assert len(pull.steps) == 10_002
    assert pull.steps[-1].retry_of == 10_001


def test_a_token_refused_as_not_json_raises_nothing(traffic):
    traffic.ping()
    traffic.get(
        f"{AUTH}?service=registry.docker.io&scope=repository%3A{REPO}%3Apull",
        200,
        body=json.dumps("<html>").encode(),
    )
    traffic.head(f"{HUB}/v2/{REPO}/manifests/latest", 401, headers=CHALLENGE)
    pull = traffic.pull()
    assert stages(pull) == ["challenge", "token", "challenge"]


def test_a_head_that_comes_again_at_the_same_moment_is_the_same_exchange(traffic):
    traffic.ping()
    head = traffic.events[0]
    traffic.events.insert(1, msgspec.structs.replace(head, upstream=Upstream(address="192.0.2.1:443")))
    pull = traffic.pull()
    assert len(pull.steps) == 1
    assert pull.steps[0].exchange.request.upstream.address == "192.0.2.1:443"


# -- live: what fails is known at once ---------------------------------------------------------------------------------


def refuse(traffic, engine):
    begin = len(traffic.events)
    traffic.get(f"{HUB}/v2/{REPO}/manifests/nope", 404, body=NOT_FOUND)
    for event in traffic.events[begin:]:
        engine.feed(event)
    return traffic.time


def test_a_pull_that_fails_is_given_as_soon_as_it_is_quiet_and_again_when_it_has_grown(traffic):
    engine = Engine()
    end = refuse(traffic, engine)
    assert engine.failing(now=end, quiet=0.5) == []
    [pull] = engine.failing(now=end + 1, quiet=0.5)
    assert pull.outcome is Outcome.FAILED
    assert engine.settled(now=end + 1, quiet=1.5) == []
    assert engine.failing(now=end + 2, quiet=0.5) == []
    [again] = engine.failing(now=refuse(traffic, engine) + 1, quiet=0.5)
    assert len(again.steps) == 2
    assert len(engine.settled(now=end + 60, quiet=1.5)) == 1


def test_a_client_that_is_still_asking_has_not_failed_yet(traffic):
    engine = Engine()
    end = refuse(traffic, engine)
    traffic.get(f"{MIRROR}/v2/{REPO}/manifests/nope", None, end=False)
    engine.feed(traffic.events[-1])
    assert engine.failing(now=end + 5, quiet=0.5) == []


def test_a_pull_that_goes_well_is_never_given(traffic, image):
    engine = Engine()
    traffic.docker_pull(REPO, "latest", image())
    for event in traffic.events:
        engine.feed(event)
    assert engine.failing(now=traffic.time + 1, quiet=0.5) == []
