"""traceparent ties the requests of one operation together, and keeps those of two apart, where it is there."""

HUB = "https://registry-1.docker.io"
REPO = "team/app"
ONE, TWO = "1" * 32, "2" * 32
T1, T2 = "‹token 00000001›", "‹token 00000002›"
INDEX = "application/vnd.oci.image.index.v1+json"


def traced(trace):
    return {"request": {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}}


def stages(pull):
    return [str(step.stage) for step in pull.steps]


def test_two_operations_for_one_tag_are_two_pulls_whatever_the_order(traffic, image):
    one = image()
    for trace in (ONE, TWO):
        traffic.resolve(HUB, REPO, "1", one.index, **traced(trace))
    for trace in (TWO, ONE):
        traffic.manifest(HUB, REPO, traffic.sha(one.index), one.index, INDEX, **traced(trace))
    pulls = traffic.pulls()
    assert [stages(pull) for pull in pulls] == [["resolve", "manifest"]] * 2
    for pull in pulls:
        assert len({step.exchange.trace for step in pull.steps}) == 1


def test_a_tag_that_is_asked_for_again_in_one_operation_is_one_pull(traffic, image):
    one = image()
    for pause in (0, 120):
        traffic.time += pause
        traffic.resolve(HUB, REPO, "1", one.index, **traced(ONE))
    assert stages(traffic.pull()) == ["resolve", "resolve"]


def test_pings_and_tokens_go_with_their_own_operation(traffic, image):
    one = image()
    traffic.ping(**traced(ONE))
    traffic.ping(**traced(TWO))
    traffic.token(REPO, T2, **traced(TWO))
    traffic.token(REPO, T1, **traced(ONE))
    traffic.resolve(HUB, REPO, "1", one.index, token=T1, **traced(ONE))
    traffic.resolve(HUB, REPO, "1", one.index, token=T2, **traced(TWO))
    pulls = traffic.pulls()
    assert [stages(pull) for pull in pulls] == [["challenge", "token", "resolve"]] * 2
    for pull in pulls:
        assert len({step.exchange.trace for step in pull.steps}) == 1


def test_without_a_trace_nothing_changes(traffic, image):
    traffic.docker_pull(REPO, "1", image())
    assert len(traffic.pull().steps) == 9
