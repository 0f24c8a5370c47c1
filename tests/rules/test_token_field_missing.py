from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.example import CONTAINERD
from inspector.rules.sample import AUTH, HEALTHY, ping, token


def test_neither_field(found):
    for body in (b"{}", b'{"token":""}', b'{"expires_in":60}'):
        assert "token-field-missing" in found(ping(), replace(token(), body=body))


def test_a_get_may_have_either(found):
    only = replace(token(), body='{"access_token":"‹token 3fa9c1d2›"}'.encode())
    assert "token-field-missing" not in found(ping(), only, *HEALTHY[2:])


def test_a_post_must_have_access_token(found):
    form = b"grant_type=password&service=registry.docker.io&scope=repository:library/app:pull"
    post = replace(token(), method="POST", url=AUTH, form=form)
    turns = [replace(turn, agent=CONTAINERD) for turn in (ping(), post, *HEALTHY[2:])]
    assert found(*turns)["token-field-missing"].severity is Severity.WARNING


def test_a_second_answer_that_holds_one_overcomes_it(found):
    turns = (ping(), replace(token(), body=b"{}"), *HEALTHY[1:])
    assert "token-field-missing" not in found(*(replace(turn, agent=CONTAINERD) for turn in turns))
