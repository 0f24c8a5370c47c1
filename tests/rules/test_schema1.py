from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.example import as_json
from inspector.rules.sample import HEALTHY, bearer, resolve
from inspector.wire.mediatypes import DOCKER_LIST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED

OLD = as_json({"schemaVersion": 1, "name": "library/app", "tag": "latest", "fsLayers": [], "history": []})
SERVED = replace(resolve(), method="GET", give=(f"content-type: {DOCKER_SCHEMA1_SIGNED}",), body=OLD)


def test_by_its_type(found):
    assert "pushed before 2017" in found(*HEALTHY[:2], SERVED)["schema1"].cause


def test_by_the_document_itself(found):
    assert "schema1" in found(*HEALTHY[:2], replace(SERVED, give=("content-type: application/json",)))


def test_a_registry_that_converts_for_a_narrow_accept(found):
    narrow = replace(SERVED, ask=(bearer(), f"accept: {DOCKER_SCHEMA1}"))
    assert "Accept" in found(*HEALTHY[:2], narrow)["schema1"].cause


def test_in_accept_only_it_means_nothing(found):
    listed = replace(HEALTHY[2], ask=(bearer(), f"accept: {DOCKER_SCHEMA1_SIGNED}, {DOCKER_LIST}"))
    assert "schema1" not in found(*HEALTHY[:2], listed, *HEALTHY[3:])


def test_it_is_an_error_by_default():
    from inspector.rules.schema1 import RULE

    assert RULE.severity is Severity.ERROR
