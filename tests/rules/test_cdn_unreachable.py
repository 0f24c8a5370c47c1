from msgspec.structs import replace

from inspector.core.events import Side, Trouble
from inspector.core.finding import Confidence, Severity
from inspector.rules.example import Broken
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, cdn, redirect, serve

HOST = "production.cloudflare.docker.com"
DEAD = Broken(trouble=Trouble.CONNECT, host=HOST, message="timed out")


def test_a_connection_that_failed(found):
    findings = found(*HEALTHY[:6], DEAD)
    assert findings["cdn-unreachable"].severity is Severity.ERROR
    assert "connect-failed" not in findings
    assert findings["cdn-unreachable"].evidence[0].what.startswith("location: https://production")


def test_a_request_without_an_answer(found):
    dead = replace(cdn(CONFIG), status=None, error="Connection refused", side=Side.SERVER)
    assert "cdn-unreachable" in found(*HEALTHY[:6], dead)


def test_content_that_came_later_makes_it_good(found):
    assert "cdn-unreachable" not in found(*HEALTHY[:6], DEAD, *HEALTHY[5:])


def test_asking_the_registry_again_implies_it(found):
    finding = found(*HEALTHY[:6], redirect(CONFIG))["cdn-unreachable"]
    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.IMPLIED)


def test_asking_for_nothing_more_is_a_warning(found):
    finding = found(*HEALTHY[:6])["cdn-unreachable"]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.IMPLIED)


def test_a_registry_that_serves_in_the_end_is_fine(found):
    assert "cdn-unreachable" not in found(*HEALTHY[:6], serve(CONFIG), serve(LAYER))


def test_a_client_that_left_at_once_had_another_reason(found):
    left = replace(cdn(CONFIG), status=None, error="client disconnected", side=Side.CLIENT, took=0.2)
    assert "cdn-unreachable" not in found(*HEALTHY[:6], left)


def test_a_redirect_to_another_registry_is_no_storage(found):
    away = replace(
        redirect(CONFIG), give=(f"location: https://mirror.example.com/v2/library/app/blobs/{CONFIG_DIGEST}",)
    )
    assert "cdn-unreachable" not in found(*HEALTHY[:5], away)


CONFIG_DIGEST = redirect(CONFIG).url.rpartition("/")[2]
