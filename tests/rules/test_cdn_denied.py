from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.rules.sample import CONFIG, HEALTHY, MIRROR, SELF_SERVED, bearer, cdn, error_body, serve

DENIED = replace(cdn(CONFIG), status=403, give=(), body=b"<Error><Code>SignatureDoesNotMatch</Code></Error>")


def test_the_storages_code_is_quoted_and_explained(found):
    finding = found(*HEALTHY[:6], DENIED)["cdn-denied"]
    assert finding.summary.endswith("SignatureDoesNotMatch")
    assert "changed on the way" in finding.cause
    assert [piece.exchange for piece in finding.evidence] == [6, 7]


def test_forwarded_credentials_are_another_code(found):
    findings = found(*HEALTHY[:6], replace(DENIED, ask=(bearer(),)))
    assert "cdn-denied" not in findings
    assert "cdn-rejects-authorization" in findings


def test_an_expired_link_is_another_code(found):
    old = replace(
        DENIED, body=b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    )
    findings = found(*HEALTHY[:6], old)
    assert "cdn-denied" not in findings
    assert "signed-url-expired" in findings


def test_a_retry_that_was_served_overcomes_it(found):
    assert "cdn-denied" not in found(*HEALTHY[:6], DENIED, *HEALTHY[5:])


def test_head_may_be_refused_for_its_method(found):
    assert "cdn-denied" not in found(*HEALTHY[:6], replace(DENIED, method="HEAD", body=b""), *HEALTHY[5:])


def test_access_denied_is_explained_too(found):
    denied = replace(DENIED, body=b"<Error><Code>AccessDenied</Code></Error>")
    assert "does not let this client in" in found(*HEALTHY[:6], denied)["cdn-denied"].cause


def test_a_mirror_that_answers_in_the_storages_words_follows_redirects_itself(found):
    turn = replace(serve(CONFIG, MIRROR), status=403, give=("server: nginx",), body=DENIED.body)
    finding = found(*SELF_SERVED[:3], turn)["cdn-denied"]
    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.IMPLIED)
    assert "follows the redirect itself" in finding.summary
    assert "Host $proxy_host" in finding.remedy


def test_a_registrys_own_refusal_of_a_blob_is_not_meant(found):
    turn = replace(serve(CONFIG, MIRROR), status=403, give=(), body=error_body("DENIED", "not on the list"))
    assert "cdn-denied" not in found(*SELF_SERVED[:3], turn)
