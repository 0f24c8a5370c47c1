from msgspec.structs import replace

from inspector.core.finding import Confidence
from inspector.rules.example import CONTAINERD, as_json
from inspector.rules.sample import (
    HEALTHY,
    LAYER,
    TOKEN,
    bearer_line,
    ping,
    resolve,
    serve,
    token,
    until_layer,
)

REFUSED = replace(resolve(), status=401, give=(bearer_line(repository="library/app"),), body=b"")
CLAIMS = {"access": [{"type": "repository", "name": "library/app", "actions": ["pull"]}]}


def test_claims_that_cover_the_request_prove_it(found):
    granted = replace(token(), body=as_json({"token": TOKEN, "claims": CLAIMS}))
    assert found(ping(), granted, REFUSED)["token-ignored"].confidence is Confidence.PROVED


def test_an_opaque_token_implies_it(found):
    assert found(ping(), token(), REFUSED)["token-ignored"].confidence is Confidence.IMPLIED


def test_not_enough_is_another_matter(found):
    refused = replace(REFUSED, give=(bearer_line(repository="library/app", error="insufficient_scope"),))
    assert "token-ignored" not in found(ping(), token(), refused)


def test_harbors_basic_is_another_matter(found):
    assert "token-ignored" not in found(
        ping(), token(), replace(REFUSED, give=('www-authenticate: Basic realm="harbor"',))
    )


def test_a_token_that_was_accepted_elsewhere_is_not_ignored(found):
    refused = replace(
        serve(LAYER),
        status=401,
        give=(bearer_line(repository="library/app", error="invalid_token"),),
        body=b"",
    )
    findings = found(*until_layer(), refused)
    assert "token-ignored" not in findings
    assert "token-expired" in findings


def test_a_token_that_nobody_here_gave_is_not_judged(found):
    assert "token-ignored" not in found(ping(), REFUSED)
    assert "token-ignored" not in found(*HEALTHY)


def test_a_second_token_that_did_overcomes_it(found):
    again = replace(resolve(), ask=("authorization: Bearer ‹token 2fa9c1d2›",))
    turns = (ping(), token(), REFUSED, token(value="‹token 2fa9c1d2›"), again)
    assert "token-ignored" not in found(*(replace(turn, agent=CONTAINERD) for turn in turns))


def test_who_gave_the_token_is_the_first_evidence(found):
    evidence = found(ping(), token(), REFUSED)["token-ignored"].evidence
    assert (evidence[0].exchange, evidence[1].what) == (2, f"authorization: Bearer {TOKEN}")


def test_its_time_is_over_is_another_matter(found):
    over = replace(token(), body=as_json({"token": TOKEN, "claims": CLAIMS | {"exp": 1_700_000_000}}))
    late = replace(REFUSED, give=(*REFUSED.give, "date: Wed, 15 Nov 2023 12:00:00 GMT"))
    assert "token-ignored" not in found(ping(), over, late)
    early = replace(token(), body=as_json({"token": TOKEN, "claims": CLAIMS | {"nbf": 1_800_000_000}}))
    assert "token-ignored" not in found(ping(), early, late)
    issued = replace(token(), body=as_json({"token": TOKEN, "issued_at": "2023-11-15T11:00:00Z"}))
    assert "token-ignored" not in found(ping(), issued, late)


def test_its_remedy_has_the_tokens_own_words(found):
    claims = {**CLAIMS, "iss": "other issuer", "aud": "r.test"}
    granted = replace(token(), body=as_json({"token": TOKEN, "claims": claims}))
    remedy = found(ping(), granted, REFUSED)["token-ignored"].remedy
    assert "`auth.token.service: r.test`" in remedy
    assert "`auth.token.issuer: other issuer`" in remedy
    hostile = replace(token(), body=as_json({"token": TOKEN, "claims": {**CLAIMS, "iss": "a`b\nc"}}))
    assert "`auth.token.issuer: ISSUER`" in found(ping(), hostile, REFUSED)["token-ignored"].remedy
