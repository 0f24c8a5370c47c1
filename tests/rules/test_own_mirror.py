"""A mirror of ours tells what it met upstream."""

import pytest
from msgspec.structs import replace

from inspector.core.engine import Engine
from inspector.core.events import Ended, Side, UpstreamCall
from inspector.rules import diagnose
from inspector.rules.example import events
from inspector.rules.sample import (
    LAYER,
    MIRROR,
    REPOSITORY,
    documents,
    error_body,
    ping,
    resolve,
    serve,
    token,
)

HUB = "registry-1.docker.io"


def call(status=None, error=None, host=HUB):
    return UpstreamCall(
        method="GET",
        url=f"https://{host}/v2/",
        host=host,
        status=status,
        error=error,
        start=0.0,
        first_byte=None,
        end=None,
    )


def diagnosed(*turns, calls):
    """A pull through our mirror; it noted these calls for the last request."""
    engine = Engine()
    told = events(turns)
    last = max(place for place, event in enumerate(told) if isinstance(event, Ended))
    told[last] = replace(told[last], upstream=tuple(calls))
    for event in told:
        for _ in engine.feed(event):
            pass
    (pull,) = engine.finish()
    diagnose(pull)
    return pull.findings[0]


BEGIN = (ping(MIRROR, realm=f"{MIRROR}/token"), token(realm=f"{MIRROR}/token"))
BUSY = replace(
    resolve(MIRROR),
    method="GET",
    status=502,
    give=(),
    body=error_body("UNAVAILABLE", "mirror of docker.io: refused"),
)
MISSING = replace(BUSY, status=404, body=error_body("MANIFEST_UNKNOWN", "unknown"))


def test_an_upstream_that_gives_no_answer_is_named_with_what_to_do_on_the_mirrors_machine():
    finding = diagnosed(*BEGIN, BUSY, calls=[call(error="connection refused")])
    assert finding.code == "server-error"
    assert finding.summary.endswith(f"{HUB}, which it asked, gave no answer: connection refused")
    assert f"why {HUB} cannot be reached" in finding.remedy
    assert (
        finding.evidence[-1].what
        == f"the mirror asked upstream: GET {HUB}, which gave no answer: connection refused"
    )


def test_an_upstream_that_fails_itself_is_named():
    finding = diagnosed(*BEGIN, replace(BUSY, status=503), calls=[call(307), call(503, host="cdn.test")])
    assert "cdn.test answered 503 Service Unavailable" in finding.cause
    assert "look at cdn.test" in finding.remedy


def test_a_miss_of_the_upstream_keeps_its_own_cause_and_remedy():
    finding = diagnosed(*BEGIN, MISSING, calls=[call(404)])
    assert finding.code == "tag-not-found"
    assert f"{HUB}, which it asked, answered 404 Not Found" in finding.summary
    assert finding.cause.startswith("The tag was never pushed")


def test_a_transfer_that_was_not_healed_blames_the_line_behind_the_mirror():
    cut = replace(serve(LAYER, MIRROR), arrived=10, error="peer closed", side=Side.SERVER)
    finding = diagnosed(
        *BEGIN, *documents(MIRROR, REPOSITORY), cut, calls=[call(206, error="reset", host="cdn.test")]
    )
    assert finding.code == "body-truncated"
    assert "between the mirror and cdn.test" in finding.remedy
    assert "nginx" not in finding.remedy


@pytest.mark.parametrize("calls", [[], [call(200)]])
def test_where_no_call_explains_it_the_finding_stays_as_it_is(calls):
    finding = diagnosed(*BEGIN, BUSY, calls=calls)
    assert "which it asked" not in finding.summary
    assert HUB not in finding.remedy
