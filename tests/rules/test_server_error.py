from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import HEALTHY, LAYER, redirect, serve, until_layer

BUSY = replace(serve(LAYER), status=503, give=("server: nginx",), body=b"busy")


def test_who_answered_is_in_the_evidence(found):
    finding = found(*until_layer(), BUSY)["server-error"]
    assert finding.final
    assert "503 Service Unavailable" in finding.summary
    assert finding.evidence[-1].what == "server: nginx"


def test_a_retry_that_got_through_makes_it_a_warning(found):
    assert found(*until_layer(), BUSY, serve(LAYER))["server-error"].severity is Severity.WARNING


def test_a_retry_that_came_by_way_of_the_storage_counts(found):
    assert (
        found(*HEALTHY[:7], BUSY, redirect(LAYER), HEALTHY[-1])["server-error"].severity is Severity.WARNING
    )


def test_the_capturing_proxys_own_gateway_error_is_no_servers(found):
    own = replace(BUSY, status=502, give=("server: mitmproxy 12.2.3",))
    assert "server-error" not in found(*until_layer(), own)
