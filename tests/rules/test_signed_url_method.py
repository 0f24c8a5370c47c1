import pytest
from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, bearer, cdn, redirect, signed_url

CODE = "signed-url-method"
LOOK = replace(redirect(LAYER), method="HEAD")
REFUSED = replace(cdn(LAYER), method="HEAD", status=403, give=(), body=b"")
UNTIL_CONFIG = HEALTHY[:5]


@pytest.mark.parametrize("status", [400, 403, 405])
def test_a_head_that_is_refused_where_get_works(found, status):
    finding = found(*HEALTHY, LOOK, replace(REFUSED, status=status))[CODE]
    assert finding.confidence is Confidence.PROVED
    assert [piece.exchange for piece in finding.evidence] == [10, 11, 9]


def test_without_a_get_it_is_a_warning(found):
    finding = found(*UNTIL_CONFIG, LOOK, REFUSED)[CODE]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.IMPLIED)


def test_a_storage_that_refuses_get_too_has_another_reason(found):
    told = found(*UNTIL_CONFIG, redirect(CONFIG), replace(cdn(CONFIG), status=403, body=b""), LOOK, REFUSED)
    assert CODE not in told
    assert "cdn-denied" in told


def test_a_link_without_a_signature(found):
    plain = signed_url(LAYER).partition("?")[0]
    look = replace(LOOK, give=(f"location: {plain}",))
    assert CODE not in found(*HEALTHY, look, replace(REFUSED, url=plain))


def test_a_token_that_came_along_is_the_nearer_reason(found):
    assert CODE not in found(*HEALTHY, LOOK, replace(REFUSED, ask=(bearer(),)))


def test_a_link_that_was_too_old_is_the_nearer_reason(found):
    body = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    late = replace(REFUSED, give=("date: Thu, 01 Jan 2099 00:00:00 GMT",), body=body)
    old = f"{signed_url(LAYER).partition('?')[0]}?verify=1700000000-x"
    assert CODE not in found(*HEALTHY, replace(LOOK, give=(f"location: {old}",)), replace(late, url=old))


def test_a_head_that_is_answered(checked):
    assert checked(CODE, *HEALTHY, LOOK, replace(REFUSED, status=200)).state == "passed"
