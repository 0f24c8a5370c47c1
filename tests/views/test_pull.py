"""From a flow to its pull."""

from pathlib import Path

import pytest
from mitmproxy import io
from mitmproxy.test import tflow

from inspector.views.pull import pull_of, text_of

CAPTURE = Path(__file__).parents[2] / "captures" / "docker-pull" / "pull.flow"


@pytest.fixture
def held():
    with CAPTURE.open("rb") as file:
        return list(io.FlowReader(file).stream())


def test_every_flow_of_a_pull_leads_to_the_whole_of_it(held):
    shown = {text_of(pull_of(flow, held)) for flow in held}
    assert len(shown) == 1
    text = shown.pop()
    assert text.startswith("✔ docker.io/library/hello-world:latest")
    assert "No findings." in text


def test_the_order_in_which_a_window_holds_them_does_not_count(held):
    assert text_of(pull_of(held[0], held[::-1])) == text_of(pull_of(held[0], held))


def test_a_flow_of_nothing_belongs_to_no_pull(held):
    other = tflow.tflow(resp=True)
    assert pull_of(other, [*held, other, tflow.ttcpflow(), tflow.tflow()]) is None


def test_no_secret_is_in_the_text(held):
    tokens = {flow.request.headers.get("authorization", "")[7:] for flow in held} - {""}
    text = text_of(pull_of(held[0], held))
    assert not any(token in text for token in tokens)
