from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, documents, ping, serve, token
from inspector.rules.token_per_request import MANY, RULE

REST = (*documents(), serve(CONFIG), serve(LAYER))


def tokens(number, **change):
    return [turn for _ in range(number) for turn in (ping(), replace(token(), **change))]


def test_a_token_for_each_request_is_a_note(found):
    finding = found(*RULE.bad)[RULE.code]
    assert finding.severity is Severity.NOTE
    assert f"{MANY + 1} tokens for repository:library/app:pull" in finding.summary


def test_one_for_each_pool_of_connections_is_how_containerd_does_it(found):
    assert RULE.code not in found(*tokens(3), *REST)


def test_a_token_that_has_run_out_is_asked_for_by_right(found):
    assert RULE.code not in found(*tokens(MANY, after=100.0), *REST)


def test_refused_requests_for_a_token_do_not_count(found):
    assert RULE.code not in found(*tokens(MANY, status=503, body=b""), *HEALTHY)
