from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.example import PODMAN
from inspector.rules.sample import HEALTHY, error_body, resolve, token

LIMIT = error_body(
    "TOOMANYREQUESTS", "You have reached your pull rate limit. You may increase the limit by …"
)
REFUSED = replace(
    resolve(), method="GET", status=429, give=("retry-after: 60", "ratelimit-limit: 100;w=21600"), body=LIMIT
)


def test_the_limits_headers_are_the_evidence(found):
    finding = found(*HEALTHY[:2], REFUSED)["rate-limited"]
    assert finding.severity is Severity.ERROR
    assert finding.final
    assert {"retry-after: 60", "ratelimit-limit: 100;w=21600"} <= {piece.what for piece in finding.evidence}
    assert "the limit of pulls" in finding.summary


def test_docker_hubs_other_limit_is_told_apart(found):
    abuse = replace(REFUSED, body=error_body("TOOMANYREQUESTS", "Too Many Requests"))
    assert "against abuse" in found(*HEALTHY[:2], abuse)["rate-limited"].summary


def test_a_retry_that_got_through_makes_it_a_warning(found):
    again = replace(resolve(), method="GET", agent=PODMAN)
    turns = (*(replace(turn, agent=PODMAN) for turn in (*HEALTHY[:2], REFUSED)), again)
    assert (
        found(*turns, *(replace(turn, agent=PODMAN) for turn in HEALTHY[4:]))["rate-limited"].severity
        is Severity.WARNING
    )


def test_the_token_service_limits_too(found):
    findings = found(HEALTHY[0], replace(token(), status=429, give=(), body=LIMIT))
    assert "rate-limited" in findings
    assert "token-denied" not in findings


def test_many_answers_are_one_finding(pulled):
    turns = [replace(turn, agent=PODMAN) for turn in (*HEALTHY[:2], *[REFUSED] * 20)]
    mine = [finding for finding in pulled(*turns).findings if finding.code == "rate-limited"]
    assert len(mine) == 1
    assert len(mine[0].evidence) == 8
    assert "20 answers" in mine[0].summary


def test_the_login_is_at_docker_hub_or_at_the_registry_that_counts(found):
    assert "`docker login`" in found(*HEALTHY[:2], REFUSED)["rate-limited"].remedy
    other = replace(REFUSED, url="https://registry.example.com/v2/a/b/manifests/1")
    assert "`docker login registry.example.com`" in found(other)["rate-limited"].remedy


def test_nginx_that_counts_itself_is_told_by_its_own_page(found):
    own = replace(REFUSED, method="HEAD", give=("content-type: text/html", "server: nginx"), body=b"a page")
    assert "no `limit_req`" in found(*HEALTHY[:2], own)["rate-limited"].remedy
    passed_on = replace(REFUSED, give=("content-type: application/json", "server: nginx"))
    assert "limit_req" not in found(*HEALTHY[:2], passed_on)["rate-limited"].remedy
