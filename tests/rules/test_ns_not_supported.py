import pytest
from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.rules.example import CONTAINERD
from inspector.rules.ns_not_supported import NGINX
from inspector.rules.sample import ACCEPT, HTML, MIRROR, SELF_SERVED, error_body, manifest_url, resolve

CODE = "ns-not-supported"
PLAIN = replace(resolve(MIRROR), ask=(ACCEPT,), agent=CONTAINERD)
NAMED = replace(PLAIN, url=f"{manifest_url('latest', MIRROR)}?ns=docker.io", status=400, give=(), body=b"")
AFTER = [replace(turn, agent=CONTAINERD) for turn in SELF_SERVED]


def test_400_and_what_follows_from_it(found):
    told = found(NAMED, *AFTER)
    assert (told[CODE].severity, told[CODE].confidence) == (Severity.WARNING, Confidence.IMPLIED)
    assert told["mirror-bypassed"].caused_by == CODE
    assert found(NAMED)[CODE].severity is Severity.ERROR


def test_the_same_path_without_it_is_served(found):
    finding = found(replace(NAMED, status=403), PLAIN)[CODE]
    assert finding.confidence is Confidence.PROVED
    assert "the same path without ns=: 200" in [piece.what for piece in finding.evidence]


def test_the_body_speaks_of_it(found):
    body = error_body("UNSUPPORTED", "the parameter ns is not allowed")
    assert found(replace(NAMED, method="GET", status=404, body=body))[CODE].confidence is Confidence.PROVED


@pytest.mark.parametrize("status", [404, 401, 429, 503])
def test_a_miss_a_challenge_and_what_passes(found, status):
    assert CODE not in found(replace(NAMED, status=status), *AFTER)


def test_a_page_that_repeats_the_url_does_not_speak_of_it(found):
    body = b"<html><title>404</title>Cannot GET /v2/library/app/manifests/latest?ns=docker.io</html>"
    assert CODE not in found(replace(NAMED, method="GET", status=404, body=body))


def test_a_host_that_serves_others_with_it_bears_it(found):
    served = replace(NAMED, status=200, give=PLAIN.give, body=PLAIN.body)
    refused = replace(
        NAMED, method="GET", url=f"{MIRROR}/v2/library/app/blobs/sha256:{'ab' * 32}?ns=docker.io", body=HTML
    )
    assert CODE not in found(served, refused)


def test_a_400_of_a_storage_or_of_plain_http_has_its_own_code(found):
    xml = b"<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"
    tls = b"Client sent an HTTP request to an HTTPS server."
    for body in (xml, tls):
        assert CODE not in found(replace(NAMED, method="GET", body=body))


def test_the_remedy_fits_the_server(found):
    assert found(replace(NAMED, give=("server: nginx",)))[CODE].remedy == NGINX
