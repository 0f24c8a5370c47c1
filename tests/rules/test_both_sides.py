"""Both sides of a mirror: one list of findings, the root where it is, and evidence on either side."""

from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import CheckState, Confidence, Severity
from inspector.core.pull import Outcome
from inspector.rules.sample import (
    AUTH,
    CONFIG,
    HTML,
    HUB,
    INDEX,
    LAYER,
    MANIFEST,
    MIRROR,
    bearer,
    bearer_line,
    blob_url,
    cdn,
    error_body,
    fetch,
    ping,
    redirect,
    resolve,
    serve,
    token,
)
from inspector.wire.mediatypes import DOCKER_LIST, DOCKER_MANIFEST

OWN = f"{MIRROR}/token"
LIMITED = error_body("TOOMANYREQUESTS", "You have reached your pull rate limit.")
MISSING = error_body("MANIFEST_UNKNOWN", "manifest unknown")
JSON = ("content-type: application/json",)

PING = (ping(MIRROR, realm=OWN), (ping(HUB),))
TOKEN = (token(realm=OWN), (token(),))
RESOLVE = (resolve(MIRROR), (resolve(HUB),))
INDEX_ROW = (fetch(INDEX, DOCKER_LIST, MIRROR), (fetch(INDEX, DOCKER_LIST, HUB),))
MANIFEST_ROW = (fetch(MANIFEST, DOCKER_MANIFEST, MIRROR), (fetch(MANIFEST, DOCKER_MANIFEST, HUB),))
CONFIG_ROW = (serve(CONFIG, MIRROR), (redirect(CONFIG), cdn(CONFIG)))
LAYER_ROW = (serve(LAYER, MIRROR), (redirect(LAYER), cdn(LAYER)))
WELL = (PING, TOKEN, RESOLVE, INDEX_ROW, MANIFEST_ROW, CONFIG_ROW, LAYER_ROW)


def by_code(pull):
    return {finding.code: finding for finding in pull.findings}


def hosts(pull, finding):
    return [pull.step(piece.exchange).exchange.host for piece in finding.evidence]


def test_a_healthy_pull_through_a_healthy_mirror(both):
    pull = both(*WELL)
    assert pull.outcome is Outcome.COMPLETE
    assert [f.code for f in pull.findings if f.severity is not Severity.NOTE] == []
    assert {check.state for check in pull.checks} <= {CheckState.PASSED, CheckState.NOT_APPLICABLE}
    assert [len(step.upstream) for step in pull.steps] == [1, 1, 1, 1, 1, 2, 2]


def test_a_mirror_that_hides_its_limit(both):
    said = replace(resolve(MIRROR), method="GET", status=404, give=JSON, body=MISSING)
    met = replace(resolve(HUB), method="GET", status=429, give=JSON, body=LIMITED)
    pull = both(PING, TOKEN, (said, (met,)))
    first = pull.findings[0]
    assert first.code == "rate-limited"
    assert {f.code: f.caused_by for f in pull.findings[1:]} == {
        "mirror-hides-error": "rate-limited",
        "tag-not-found": "rate-limited",
    }
    assert set(hosts(pull, first)) == {"registry-1.docker.io"}
    assert set(hosts(pull, by_code(pull)["mirror-hides-error"])) == {
        "registry-1.docker.io",
        "mirror.example.com",
    }
    assert next(check for check in pull.checks if check.code == "rate-limited").state is CheckState.FAILED


def test_another_error_of_the_upstream_is_the_root_too(both):
    said = replace(resolve(MIRROR), method="GET", status=404, give=JSON, body=MISSING)
    met = replace(resolve(HUB), method="GET", status=503, give=(), body=b"")
    pull = both(PING, TOKEN, (said, (met,)))
    assert [(f.code, f.caused_by) for f in pull.findings] == [
        ("server-error", None),
        ("mirror-hides-error", "server-error"),
        ("tag-not-found", "server-error"),
    ]


def test_what_both_sides_show_is_one_finding(both):
    missing = {"method": "GET", "status": 404, "give": JSON, "body": MISSING}
    pull = both(PING, TOKEN, (replace(resolve(MIRROR), **missing), (replace(resolve(HUB), **missing),)))
    (finding,) = pull.findings
    assert finding.code == "tag-not-found"
    assert finding.summary.endswith("at registry-1.docker.io, and mirror.example.com passes it on")
    assert hosts(pull, finding) == ["registry-1.docker.io", "mirror.example.com"]


def test_a_cut_upstream_that_is_passed_on(both):
    cut = {"arrived": 700, "error": "peer closed connection", "side": Side.SERVER}
    row = (replace(serve(LAYER, MIRROR), **cut), (redirect(LAYER), replace(cdn(LAYER), **cut)))
    pull = both(PING, TOKEN, RESOLVE, INDEX_ROW, MANIFEST_ROW, CONFIG_ROW, row)
    finding = pull.findings[0]
    assert finding.code == "body-truncated"
    assert finding.severity is Severity.ERROR
    assert finding.summary.startswith("production.cloudflare.docker.com broke off the layer")
    assert hosts(pull, finding) == ["production.cloudflare.docker.com", "mirror.example.com"]


def test_a_cut_of_the_mirrors_own(both):
    cut = {"arrived": 700, "error": "peer closed connection", "side": Side.SERVER}
    row = (replace(serve(LAYER, MIRROR), **cut), (redirect(LAYER), cdn(LAYER)))
    finding = both(PING, TOKEN, RESOLVE, INDEX_ROW, MANIFEST_ROW, CONFIG_ROW, row).findings[0]
    assert finding.code == "body-truncated"
    assert "upstream answered mirror.example.com well" in finding.cause


def test_a_token_sent_on_to_the_storage(both):
    page = {"status": 400, "give": ("content-type: text/html",), "body": HTML}
    upstream = (redirect(CONFIG), replace(cdn(CONFIG), ask=(bearer(),), **page))
    pull = both(
        PING, TOKEN, RESOLVE, INDEX_ROW, MANIFEST_ROW, (replace(serve(CONFIG, MIRROR), **page), upstream)
    )
    found = by_code(pull)
    assert pull.findings[0].code == "credentials-forwarded"
    assert found["html-answer"].caused_by == "credentials-forwarded"
    assert found["cdn-rejects-authorization"].confidence is Confidence.PROVED
    assert all(
        pull.step(piece.exchange).exchange.host != "mirror.example.com" for piece in pull.findings[0].evidence
    )


def test_the_realm_of_an_upstream_that_nobody_knows(both):
    theirs = "https://sso.example.net/token"
    pull = both(
        (ping(MIRROR, realm=theirs), (ping("https://registry.example.net", realm=theirs),)),
        (token(realm=theirs), ()),
        *[
            (
                outer,
                tuple(
                    replace(one, url=one.url.replace(HUB, "https://registry.example.net")) for one in inner
                ),
            )
            for outer, inner in WELL[2:5]
        ],
        (serve(CONFIG, MIRROR), (serve(CONFIG, "https://registry.example.net"),)),
        (serve(LAYER, MIRROR), (serve(LAYER, "https://registry.example.net"),)),
    )
    finding = by_code(pull)["realm-bypasses-mirror"]
    assert finding.severity is Severity.WARNING
    assert "registry.example.net" in hosts(pull, finding)


def test_a_token_that_does_not_arrive(both):
    refused = {"status": 401, "body": b""}
    said = replace(resolve(MIRROR), give=(bearer_line(MIRROR, "library/app", realm=OWN),), **refused)
    met = replace(resolve(HUB), ask=(), give=(bearer_line(HUB, "library/app"),), **refused)
    finding = by_code(both(PING, TOKEN, (said, (met,))))["token-ignored"]
    assert "does not pass the client's Authorization on" in finding.cause
    assert finding.confidence is Confidence.PROVED


def test_a_token_that_arrives_and_is_refused(both):
    refused = {"status": 401, "body": b""}
    said = replace(resolve(MIRROR), give=(bearer_line(MIRROR, "library/app", realm=OWN),), **refused)
    met = replace(resolve(HUB), give=(bearer_line(HUB, "library/app"),), **refused)
    assert (
        "reaches registry-1.docker.io as it is"
        in by_code(both(PING, TOKEN, (said, (met,))))["token-ignored"].cause
    )


def test_a_path_that_is_rewritten_and_a_scope_that_is_not(both):
    refused = {"status": 401, "body": b""}
    said = replace(
        resolve(MIRROR, "app"), give=(bearer_line(MIRROR, "app", error="insufficient_scope"),), **refused
    )
    met = replace(
        resolve(HUB, "hub/app"), give=(bearer_line(HUB, "hub/app", error="insufficient_scope"),), **refused
    )
    pull = both((ping(MIRROR), (ping(HUB),)), (token("app"), ()), (said, (met,)))
    finding = by_code(pull)["scope-wrong-repository"]
    assert finding.caused_by is None
    assert "asks registry-1.docker.io for hub/app, and the token is for app" in finding.summary
    assert AUTH.startswith("https://" + hosts(pull, finding)[0])


def test_a_cache_that_asks_nobody(both):
    gone = replace(
        serve(LAYER, MIRROR), status=404, give=JSON, body=error_body("BLOB_UNKNOWN", "blob unknown")
    )
    finding = both(PING, TOKEN, RESOLVE, INDEX_ROW, MANIFEST_ROW, CONFIG_ROW, (gone, ())).findings[0]
    assert finding.code == "blob-unknown"
    assert "asked nobody upstream" in finding.cause


def test_one_side_says_that_it_is_one_side(found):
    page = replace(serve(CONFIG, MIRROR), status=400, give=("content-type: text/html",), body=HTML)
    finding = found(ping(MIRROR), token(), resolve(MIRROR), page)["html-answer"]
    assert "does not show on the client's side alone" in finding.cause
    assert "html-answer" in found(ping(HUB), token(), resolve(HUB), replace(page, url=blob_url(CONFIG)))
    plain = found(ping(HUB), token(), resolve(HUB), replace(page, url=blob_url(CONFIG)))["html-answer"]
    assert "side alone" not in plain.cause


def test_what_a_cache_does_not_ask_upstream_is_no_failure(both):
    """Only the tag is asked upstream; all else is in the store. On its own that side would look like a pull that failed."""
    rows = [(outer, ()) for outer, _ in WELL[3:]]
    pull = both(PING, TOKEN, (resolve(MIRROR), (replace(resolve(HUB), method="GET"),)), *rows)
    assert pull.outcome is Outcome.COMPLETE
    assert [f.code for f in pull.findings if f.severity is not Severity.NOTE] == []


def test_an_error_upstream_that_the_mirror_makes_good_is_a_warning(both):
    broken = replace(resolve(HUB), status=503, give=(), body=b"")
    pull = both(PING, TOKEN, (resolve(MIRROR), (broken, resolve(HUB))), *WELL[3:])
    assert {f.code: f.severity for f in pull.findings if f.severity is not Severity.NOTE} == {
        "server-error": Severity.WARNING
    }
