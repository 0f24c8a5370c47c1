"""Facts of a part."""

from msgspec.structs import replace

from inspector.compare.facts import facts_of
from inspector.compare.parts import parts_of
from inspector.rules.sample import AUTH, HEALTHY, TOKEN, error_body, ping, resolve, token


def facts(made, kind):
    return facts_of(parts_of(made)[kind, 1])


def test_a_challenge_tells_where_the_token_is_to_be_had(pull):
    told = facts(pull(*HEALTHY), "challenge")
    assert (told["challenge"], told["realm"], told["service"]) == ("bearer", AUTH, "registry.docker.io")


def test_a_token_tells_its_scope_and_never_itself(pull):
    told = facts(pull(*HEALTHY), "token")
    assert told["asked scope"] == "repository:library/app:pull"
    assert told["valid"] == "300 s"
    assert TOKEN not in str(told)


def test_content_tells_its_digest_and_headers(pull):
    told = facts(pull(*HEALTHY), "index")
    assert told["digest"] == told["docker-content-digest"]
    assert told["verified"] == "fits its digest"


def test_accept_is_a_set_whatever_the_lines(pull):
    turn = resolve()
    others = replace(
        turn, ask=(turn.ask[0], *(f"accept: {one.strip()}" for one in reversed(turn.ask[1][8:].split(","))))
    )
    both = [facts(pull(ping(), token(), one), "tag")["request accept"] for one in (turn, others)]
    assert both[0] == both[1]
    assert both[0].count("application/") == 2


def test_a_refusal_tells_what_it_says(pull):
    refused = replace(resolve(), method="GET", status=403, give=(), body=error_body("DENIED", "no"))
    assert facts(pull(ping(), token(), refused), "tag")["error"] == "DENIED: no"


def test_a_credential_is_its_scheme(pull):
    assert facts(pull(*HEALTHY), "index")["request authorization"] == "Bearer"
