from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import CONFIG, HEALTHY, cdn, redirect

PLAIN = "http://storage.example.com/1"
SENT = replace(redirect(CONFIG), give=(f"location: {PLAIN}",))


def test_one_that_worked_is_a_warning(found):
    finding = found(*HEALTHY[:5], SENT, replace(cdn(CONFIG), url=PLAIN), *HEALTHY[7:])["redirect-to-http"]
    assert finding.severity is Severity.WARNING
    assert finding.evidence[0].what == f"location: {PLAIN}"


def test_one_that_was_not_followed_is_an_error_and_the_root(found):
    findings = found(*HEALTHY[:5], SENT, SENT)
    assert findings["redirect-to-http"].severity is Severity.ERROR
    assert findings["cdn-unreachable"].caused_by == "redirect-to-http"


def test_a_registry_without_tls_may(found):
    plain = [
        replace(turn, url=turn.url.replace("https://registry", "http://registry"))
        for turn in (*HEALTHY[:5], SENT)
    ]
    assert "redirect-to-http" not in found(*plain)
