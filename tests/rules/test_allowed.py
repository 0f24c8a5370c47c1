"""What the registries of one pull are let do."""

from msgspec.structs import replace

from inspector.rules.allowed import Allowed
from inspector.rules.example import build
from inspector.rules.sample import HEALTHY, MIRROR, ping

NVCR = "nvcr.io"
HOST = MIRROR.partition("://")[2]


def allowed(*turns):
    (pull,) = build(turns)[0]
    return Allowed(pull.steps)


def test_what_is_let_pass_is_kept_with_its_reason():
    one = allowed(*HEALTHY)
    assert one.relaxed(NVCR, "html-answer")
    assert "nvcr.io" in one.reasons["html-answer"]


def test_what_a_host_does_not_do_by_design_is_held_against_it_and_leaves_no_reason():
    one = allowed(*HEALTHY)
    assert not one.relaxed("registry-1.docker.io", "html-answer")
    assert one.reasons == {}


def test_a_host_is_known_by_what_it_sent_not_by_its_name():
    challenge = 'www-authenticate: Bearer realm="https://sso.test/service/token",service="harbor-registry"'
    one = allowed(replace(ping(MIRROR), give=(challenge,)))
    assert [registry.name for registry in one.registries(HOST)] == ["Harbor"]
    assert one.relaxed(HOST, "token-ignored")
    assert not one.relaxed("other.test", "token-ignored")
