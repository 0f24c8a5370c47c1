from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.http1_only import MANY, RULE
from inspector.rules.sample import HEALTHY


def test_many_answers_by_http_1_are_a_note(found):
    finding = found(*RULE.bad)[RULE.code]
    assert finding.severity is Severity.NOTE
    assert "connections" in finding.summary


def test_a_small_image_is_not_worth_a_word(found):
    assert RULE.code not in found(*HEALTHY)


def test_http_2_and_plain_http_are_let_be(found):
    assert RULE.code not in found(*RULE.good)
    plain = [replace(turn, url=turn.url.replace("https://", "http://")) for turn in RULE.bad]
    assert RULE.code not in found(*plain)


def test_one_answer_by_http_2_shows_that_the_host_has_it(found):
    last = replace(RULE.bad[-1], http_version="HTTP/2.0")
    of_the_storage = [turn for turn in RULE.bad if "production" in turn.url]
    assert len(of_the_storage) > MANY
    assert not any("production" in found(*RULE.bad[:-1], last)[RULE.code].summary for _ in [0])
