import pytest

from inspector.core.events import Trouble
from inspector.core.finding import Confidence, Severity
from inspector.rules.example import Broken
from inspector.rules.sample import HEALTHY

HUB, CDN = "registry-1.docker.io", "production.cloudflare.docker.com"


def refusal(alert, host=HUB, trouble=Trouble.CLIENT_TLS):
    return Broken(
        trouble=trouble, host=host, message="the client does not trust the certificate", alert=alert
    )


@pytest.mark.parametrize("alert", [42, 46, 48, None])
def test_the_alerts_about_certificates(outside, alert):
    finding = outside(refusal(alert))["tls-ca-not-trusted"]
    assert finding.severity is Severity.ERROR
    assert finding.evidence[0].exchange is None


@pytest.mark.parametrize("alert", [40, 70])
def test_version_and_cipher_are_not_meant(outside, alert):
    assert outside(refusal(alert)) == {}


def test_one_client_is_one_finding_whatever_the_hosts(outside):
    findings = outside(refusal(48), refusal(48, "ghcr.io"), refusal(48))
    assert len(findings) == 1
    assert "ghcr.io" in findings["tls-ca-not-trusted"].summary


def test_a_client_that_then_succeeds_trusts_it(found, outside):
    assert "tls-ca-not-trusted" not in found(refusal(48), *HEALTHY)
    assert outside(refusal(48), *HEALTHY) == {}


def test_a_storage_alone_that_is_refused_belongs_to_the_pull(found):
    assert "tls-ca-not-trusted" in found(*HEALTHY[:6], refusal(48, CDN))


def test_a_close_without_a_word_counts_from_the_second_on(outside):
    close = refusal(None, trouble=Trouble.CLIENT_CLOSED)
    assert outside(close) == {}
    finding = outside(close, close)["tls-ca-not-trusted"]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.IMPLIED)


def test_its_remedy_names_the_file_for_the_host(outside):
    [finding] = outside(refusal(48, "r.test")).values()
    assert "`/etc/docker/certs.d/r.test/ca.crt`" in finding.remedy
