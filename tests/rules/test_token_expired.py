from msgspec.structs import replace

from inspector.rules.example import CONTAINERD, as_json
from inspector.rules.sample import LAYER, TOKEN, bearer_line, ping, resolve, serve, token, until_layer

NOON = "date: Wed, 15 Nov 2023 12:00:00 GMT"
NOON_EPOCH = 1700049600
REFUSED = replace(resolve(), status=401, give=(bearer_line(repository="library/app"), NOON), body=b"")


def given(**fields):
    return replace(token(), body=as_json({"token": TOKEN, **fields}))


def test_the_claims_end(found):
    assert "token-expired" in found(ping(), given(claims={"exp": NOON_EPOCH - 1}), REFUSED)
    assert "token-expired" not in found(ping(), given(claims={"exp": NOON_EPOCH + 1}), REFUSED)


def test_the_claims_beginning(found):
    assert "token-expired" in found(ping(), given(claims={"nbf": NOON_EPOCH + 90}), REFUSED)


def test_the_answers_own_life_of_sixty_seconds_at_least(found):
    assert "token-expired" in found(ping(), given(issued_at="2023-11-15T11:58:00Z", expires_in=10), REFUSED)
    assert "token-expired" not in found(
        ping(), given(issued_at="2023-11-15T11:59:30Z", expires_in=10), REFUSED
    )


def test_the_same_token_did_before(found):
    refused = replace(serve(LAYER), status=401, give=(bearer_line(error="invalid_token"),), body=b"")
    finding = found(*until_layer(), refused)["token-expired"]
    assert finding.evidence[0].what == "the same token was accepted here"


def test_accepted_all_the_same(found):
    assert "token-expired" not in found(
        ping(), given(claims={"exp": NOON_EPOCH - 1}), replace(resolve(), give=(*resolve().give, NOON))
    )


def test_a_new_token_that_did_overcomes_it(found):
    turns = (ping(), given(claims={"exp": NOON_EPOCH - 1}), REFUSED, token(), resolve())
    assert "token-expired" not in found(*(replace(turn, agent=CONTAINERD) for turn in turns))
