import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.mirror_hides_error import RULE, kind_of
from inspector.rules.sample import HEALTHY

CODE = "mirror-hides-error"
SHOWN, MET = RULE.bad


def test_the_upstreams_error_is_the_root(found):
    told = found(SHOWN, MET)
    assert told[CODE].severity is Severity.ERROR
    assert told[CODE].caused_by == "rate-limited"
    assert told["tag-not-found"].caused_by == "rate-limited"
    assert [piece.exchange for piece in told[CODE].evidence] == [2, 1]


def test_without_a_known_root_it_explains_what_is_shown(found):
    told = found(SHOWN, replace(MET, status=503, body=b""))
    assert told["tag-not-found"].caused_by == CODE
    assert told["server-error"].caused_by is None


@pytest.mark.parametrize(("met", "shown"), [(429, 429), (401, 403), (404, 404), (503, 502), (404, 500)])
def test_errors_that_say_the_same_or_are_none_of_the_upstream(found, met, shown):
    assert CODE not in found(replace(SHOWN, status=shown, body=b""), replace(MET, status=met, body=b""))


def test_one_side_only_shows_nothing(checked):
    assert checked(CODE, SHOWN).state == "not applicable"
    assert checked(CODE, *HEALTHY).state == "not applicable"


def test_a_request_that_is_made_afterwards_is_the_clients_own(checked):
    assert checked(CODE, SHOWN, replace(MET, after=0)).state == "not applicable"


def test_kinds():
    assert [kind_of(status) for status in (200, 401, 404, 418, 429, 503, None)] == [
        None, "denied", "missing", "other", "limited", "server", None,
    ]  # fmt: skip
