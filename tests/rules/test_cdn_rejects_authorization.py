from msgspec.structs import replace

from inspector.core.finding import Confidence
from inspector.rules.sample import CONFIG, HEALTHY, HTML, bearer, cdn, serve

REFUSED = replace(cdn(CONFIG), ask=(bearer(),), status=400, give=("content-type: text/html",), body=HTML)


def test_both_sides_seen_prove_it_and_explain_the_page(pulled):
    findings = {f.code: f for f in pulled(*HEALTHY[:6], REFUSED).findings}
    assert findings["cdn-rejects-authorization"].confidence is Confidence.PROVED
    assert findings["html-answer"].caused_by == "credentials-forwarded"


def test_a_storages_words_from_the_mirror_imply_it(found):
    words = b"<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; only the X-Amz-Algorithm</Message></Error>"
    finding = found(*HEALTHY[:5], replace(serve(CONFIG), status=400, give=(), body=words))[
        "cdn-rejects-authorization"
    ]
    assert finding.confidence is Confidence.IMPLIED


def test_a_bare_page_from_the_mirror_proves_only_a_page(found):
    findings = found(
        *HEALTHY[:5], replace(serve(CONFIG), status=400, give=("content-type: text/html",), body=HTML)
    )
    assert "cdn-rejects-authorization" not in findings
    assert "html-answer" in findings


def test_a_refusal_without_the_token_is_another_code(found):
    assert "cdn-rejects-authorization" not in found(*HEALTHY[:6], replace(REFUSED, ask=(), status=403))


def test_a_fetch_that_worked_in_the_end_overcomes_it(found):
    assert "cdn-rejects-authorization" not in found(*HEALTHY[:6], REFUSED, *HEALTHY[5:])
