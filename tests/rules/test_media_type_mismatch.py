from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import HEALTHY, HTML, INDEX, MANIFEST, bearer, fetch, resolve
from inspector.wire.mediatypes import DOCKER_LIST, DOCKER_MANIFEST, OCI_MANIFEST


def test_the_document_contradicts_its_type(found):
    findings = found(*HEALTHY[:3], fetch(INDEX, DOCKER_MANIFEST), *HEALTHY[4:])
    assert findings["media-type-mismatch"].severity is Severity.WARNING  # it arrived all the same


def test_the_client_does_not_accept_the_type(found):
    head = replace(resolve(), ask=(bearer(), f"accept: {DOCKER_MANIFEST}"))
    assert "media-type-mismatch" in found(*HEALTHY[:2], head)


def test_a_star_accepts_all(found):
    head = replace(resolve(), ask=(bearer(), f"accept: {DOCKER_MANIFEST}", "accept: */*"))
    assert "media-type-mismatch" not in found(*HEALTHY[:2], head, *HEALTHY[3:])


def test_no_accept_accepts_all(found):
    assert "media-type-mismatch" not in found(*HEALTHY[:2], replace(resolve(), ask=(bearer(),)), *HEALTHY[3:])


def test_the_index_names_another_type(found):
    turn = replace(fetch(MANIFEST, OCI_MANIFEST), ask=(bearer(), "accept: */*"))
    what = [piece.what for piece in found(*HEALTHY[:4], turn)["media-type-mismatch"].evidence]
    assert any("descriptor" in text for text in what)


def test_parameters_do_not_count(found):
    turn = replace(
        fetch(INDEX, DOCKER_LIST),
        give=(f"content-type: {DOCKER_LIST}; charset=utf-8", *fetch(INDEX, DOCKER_LIST).give[1:]),
    )
    assert "media-type-mismatch" not in found(*HEALTHY[:3], turn, *HEALTHY[4:])


def test_error_bodies_and_pages_are_not_meant(found):
    refused = replace(resolve(), status=404, give=("content-type: application/json",))
    assert "media-type-mismatch" not in found(*HEALTHY[:2], refused)
    page = replace(resolve(), method="GET", give=("content-type: text/html",), body=HTML)
    assert "media-type-mismatch" not in found(*HEALTHY[:2], page)


def test_the_remedy_names_the_documents_own_type(found):
    turn = replace(fetch(INDEX, DOCKER_LIST), give=("content-type: application/octet-stream",))
    assert f"default_type {DOCKER_LIST};" in found(*HEALTHY[:3], turn)["media-type-mismatch"].remedy
