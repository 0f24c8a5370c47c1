"""The codes as JSON."""

import json

from inspector.export import codes
from inspector.rules import catalogue, messages


def test_every_code_is_there_with_all_that_its_rule_says():
    listed = json.loads(codes.document(catalogue.rules()))["codes"]
    assert [one["code"] for one in listed] == [rule.code for rule in catalogue.rules()]
    one = next(one for one in listed if one["code"] == "rate-limited")
    rule = catalogue.rule("rate-limited")
    assert (one["severity"], one["remedy"], one["frequent"]) == ("error", rule.remedy, True)
    assert one["says"][0] == {"client": rule.says[0][0], "words": rule.says[0][1]}


def test_a_message_comes_with_the_words_that_fit():
    message = "no basic auth credentials"
    found = json.loads(codes.matched(message, messages.find(message)))
    assert found["message"] == message
    assert found["codes"][0]["code"] == "credentials-missing"
    assert found["codes"][0]["match"]["words"] == message
