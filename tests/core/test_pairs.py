"""What two requests show of each other."""

import pytest

from inspector.core.anchors import anchors_of
from inspector.core.clocks import Span
from inspector.core.engine import Engine
from inspector.core.pairs import Pair, conflicting, forwarded, is_client, is_forwarding, may_be_a_mirror

PATH = "/v2/library/app/manifests/1"
GO = "Go-http-client/2.0"


@pytest.fixture
def pair(mirrored):
    """A client's request to a mirror and one to the registry, which may be the mirror's."""

    def _pair(agent=GO, token=None, own=None, **fields):
        sides = type(mirrored)()
        sides.client.head(mirrored.MIRROR + PATH, 200, token=token)
        sides.upstream.ua = agent
        sides.upstream.head("https://registry-1.docker.io" + PATH, 200, token=own, request=fields)
        found = []
        for traffic in (sides.client, sides.upstream):
            engine = Engine()
            for event in traffic.events:
                engine.feed(event)
            found += list(anchors_of(engine.finish()))
        return Pair(inner=found[1], outer=found[0], span=Span(-1.0, 2.0, 0))

    return _pair


def test_a_span_of_offsets(pair):
    one = pair()
    assert [one.at(seconds) for seconds in (-1.5, -1.0, 0.0, 2.0, 2.1)] == [False, True, True, True, False]


def test_one_bearer_ties_two_requests(pair):
    assert pair(token="‹token 1›", own="‹token 1›").tied
    assert not pair(token="‹token 1›", own="‹token 2›").tied


@pytest.mark.parametrize(("agent", "may"), [(GO, True), ("containerd/1.7.2", False), ("", True)])
def test_a_client_of_registries_is_no_mirror(pair, agent, may):
    one = pair(agent)
    assert may_be_a_mirror(one) is may
    assert is_client(one.inner.step.exchange) is not may


def test_the_clients_own_agent_may_have_been_passed_on(pair):
    one = pair(pair().outer.step.exchange.product.raw)
    assert may_be_a_mirror(one)


def test_a_proxy_says_for_whom_it_asks(pair):
    one = pair("containerd/1.7.2", **{"x-forwarded-for": "10.9.9.9, 10.0.0.1"})
    assert is_forwarding(one.inner.step.exchange)
    assert may_be_a_mirror(one)
    assert forwarded(one)
    assert not forwarded(pair("containerd/1.7.2", **{"x-forwarded-for": "10.7.7.7"}))


def test_a_client_with_a_token_of_its_own_is_on_a_pull_of_its_own(pair):
    assert conflicting(pair("containerd/1.7.2", "‹token 1›", "‹token 2›"))
    assert not conflicting(pair("containerd/1.7.2", "‹token 1›", "‹token 1›"))
    assert not conflicting(pair(GO, "‹token 1›", "‹token 2›"))
