from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import CONFIG, HEALTHY, bearer, cdn, redirect

FORWARDED = replace(cdn(CONFIG), ask=(bearer(),))


def test_a_storage_that_does_not_mind_makes_it_a_warning(found):
    finding = found(*HEALTHY[:6], FORWARDED, *HEALTHY[7:])["credentials-forwarded"]
    assert finding.severity is Severity.WARNING
    assert any(piece.what.startswith("authorization: Bearer ‹token") for piece in finding.evidence)


def test_a_storage_that_refuses_makes_it_an_error(found):
    findings = found(*HEALTHY[:6], replace(FORWARDED, status=400, body=b""))
    assert findings["credentials-forwarded"].severity is Severity.ERROR


def test_another_credential_is_the_second_hosts_own(found):
    own = replace(cdn(CONFIG), ask=("authorization: Bearer ‹token 5fa9c1d2›",))
    assert "credentials-forwarded" not in found(*HEALTHY[:6], own, *HEALTHY[7:])


def test_the_same_host_may_have_it(found):
    here = replace(redirect(CONFIG), give=("location: https://registry-1.docker.io/storage/1",))
    fetch = replace(FORWARDED, url="https://registry-1.docker.io/storage/1")
    assert "credentials-forwarded" not in found(*HEALTHY[:5], here, fetch, *HEALTHY[7:])


def test_a_sub_domain_is_a_note(found):
    sub = "https://blobs.registry-1.docker.io/1"
    turns = (replace(redirect(CONFIG), give=(f"location: {sub}",)), replace(FORWARDED, url=sub))
    assert found(*HEALTHY[:5], *turns, *HEALTHY[7:])["credentials-forwarded"].severity is Severity.NOTE


def test_a_cookie_that_goes_on_is_one_too(found):
    cookie = "cookie: sid=‹cookie 5fa9c1d2›"
    sent, followed = replace(HEALTHY[5], ask=(cookie,)), replace(cdn(CONFIG), ask=(cookie,))
    finding = found(*HEALTHY[:5], sent, followed, *HEALTHY[7:])["credentials-forwarded"]
    assert "was sent as Cookie went on" in finding.summary
    assert cookie in [piece.what for piece in finding.evidence]
