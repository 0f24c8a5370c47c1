import pytest
from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.rules.sample import HUB, LAYER, MIRROR, redirect, serve, until_layer

CODE = "header-too-large"
LONG = f"location: https://cdn.example.com/{'a' * 5000}"
GATEWAY = replace(serve(LAYER, MIRROR), status=502, give=("server: nginx",), body=b"", took=0.2)
BEHIND = replace(redirect(LAYER, HUB), give=(LONG,), after=-0.15)


@pytest.mark.parametrize("status", [431, 494])
def test_by_status(found, status):
    finding = found(*until_layer(), replace(serve(LAYER), status=status, give=(), body=b""))[CODE]
    assert finding.severity is Severity.ERROR


def test_the_page_that_says_it_is_its_consequence(found):
    page = b"<html><title>400 Request Header Or Cookie Too Large</title></html>"
    turn = replace(serve(LAYER), status=400, give=("content-type: text/html", "server: nginx"), body=page)
    told = found(*until_layer(), turn)
    assert (told[CODE].caused_by, told["html-answer"].caused_by) == (None, CODE)


def test_any_other_400(checked):
    assert (
        checked(CODE, *until_layer(), replace(serve(LAYER), status=400, give=(), body=b"no")).state
        == "passed"
    )


def test_a_gateway_that_does_not_take_its_upstreams_head(found):
    told = found(*until_layer(MIRROR), GATEWAY, BEHIND)
    assert told[CODE].confidence is Confidence.IMPLIED
    assert "signed Location" in told[CODE].cause
    assert told["server-error"].caused_by == CODE


def test_a_502_with_a_short_head_behind_it(found):
    assert CODE not in found(
        *until_layer(MIRROR), GATEWAY, replace(BEHIND, give=("location: https://cdn.example.com/a",))
    )


def test_a_refusal_that_a_shorter_request_made_good(found):
    refused = replace(serve(LAYER), status=431, give=(), body=b"")
    assert CODE not in found(*until_layer(), refused, serve(LAYER))
