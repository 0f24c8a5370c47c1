"""A comparison as JSON."""

import json

from msgspec.structs import replace

from inspector.compare import compare
from inspector.export.difference import SCHEMA, encode
from inspector.rules import diagnose
from inspector.rules.example import build
from inspector.rules.sample import HEALTHY, LAYER, cdn


def pulled(turns):
    (pull,) = build(turns)[0]
    diagnose(pull)
    return pull


def test_the_document_has_both_sides_the_differences_and_the_parts():
    failed = (
        *HEALTHY[:-1],
        replace(cdn(LAYER), status=403, body=b"<Error><Code>AccessDenied</Code></Error>"),
    )
    told = json.loads(encode(compare(pulled(HEALTHY), pulled(failed)), ("a.flow", "b.flow")))
    assert told["schema"] == SCHEMA
    assert (told["same"], told["failed"]) == (False, "B")
    assert told["a"]["file"] == "a.flow"
    assert told["b"]["reason"]["code"] == "cdn-denied"
    assert told["a"]["reason"] is None
    first = told["differences"][0]
    assert (first["parts"], first["weight"]) == (["layer 1"], "explains")
    last = told["parts"][-1]
    assert (last["part"], last["a"]["arrived"], last["b"]["arrived"]) == ("layer 1", True, False)
    assert last["b"]["exchanges"] == [8, 9]


def test_a_part_that_one_side_has_not_is_null():
    told = json.loads(encode(compare(pulled(HEALTHY), pulled(HEALTHY[:3])), ("a", "b")))
    assert told["parts"][-1]["b"] is None
