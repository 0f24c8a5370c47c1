import pytest
from msgspec.structs import replace

from inspector.rules.example import PODMAN, Turn
from inspector.rules.sample import HEALTHY, HTML, LAYER, cdn, ping, resolve, serve, token, until_layer

PAGE = ("content-type: text/html; charset=utf-8",)


def test_the_title_is_quoted(found):
    finding = found(*until_layer(), replace(serve(LAYER), status=400, give=PAGE, body=HTML))["html-answer"]
    assert '"400 Bad Request"' in finding.summary


def test_the_title_is_that_of_the_page_whichever_answer_it_was(found):
    bare = replace(resolve(), give=PAGE, body=HTML)
    page = replace(resolve(), method="GET", give=PAGE, body=HTML)
    assert '"400 Bad Request"' in found(*HEALTHY[:2], bare, page)["html-answer"].summary


def test_a_page_without_its_type_is_known_by_its_beginning(found):
    page = replace(
        serve(LAYER), give=("content-type: application/octet-stream",), body=b"<!DOCTYPE html><html></html>"
    )
    assert "html-answer" in found(*until_layer(), page)


def test_nginx_that_follows_redirects_gets_a_hint(found):
    page = replace(serve(LAYER), status=400, give=(*PAGE, "server: nginx"), body=HTML)
    assert "Authorization" in found(*until_layer(), page)["html-answer"].remedy.rpartition("storage")[2]


@pytest.mark.parametrize(
    ("turn", "nearer"),
    [
        (replace(serve(LAYER), status=502, give=PAGE, body=HTML), "server-error"),
        (replace(serve(LAYER), status=429, give=PAGE, body=HTML), "rate-limited"),
    ],
    ids=["5xx", "429"],
)
def test_nearer_codes_win(found, turn, nearer):
    findings = found(*until_layer(), turn)
    assert "html-answer" not in findings
    assert nearer in findings


def test_the_storages_page_is_cdn_denied(found):
    findings = found(*HEALTHY[:-1], replace(cdn(LAYER), status=403, give=PAGE, body=HTML))
    assert "html-answer" not in findings
    assert "cdn-denied" in findings


def test_the_realms_page_is_token_not_json(found):
    findings = found(ping(), replace(token(), give=PAGE, body=HTML))
    assert "html-answer" not in findings
    assert "token-not-json" in findings


def test_a_ping_that_is_a_page_is_not_a_registry(found):
    findings = found(
        Turn(method="GET", url="https://r.example.com/v2/", agent=PODMAN, status=200, give=PAGE, body=HTML)
    )
    assert "html-answer" not in findings
    assert "not-a-registry" in findings


def test_an_empty_body_is_no_page(found):
    empty = Turn(method="GET", url="https://registry.k8s.io/v2/", status=200, give=PAGE)
    assert "html-answer" not in found(empty)


def test_a_challenge_may_be_typed_as_a_page(found):
    typed = replace(ping(), give=(*ping().give, *PAGE), body=HTML)
    assert "html-answer" not in found(typed, *HEALTHY[1:])


def test_a_page_that_a_retry_overcame_is_not_final(found):
    page = replace(resolve(), method="GET", status=404, give=PAGE, body=HTML, agent=PODMAN)
    again = [replace(turn, agent=PODMAN) for turn in HEALTHY]
    assert "html-answer" not in found(
        *again[:2], page, replace(resolve(), method="GET", agent=PODMAN), *again[4:]
    )


def test_a_block_page_at_the_ping(found):
    blocked = Turn(
        method="GET", url="https://r.example.com/v2/", agent=PODMAN, status=403, give=PAGE, body=HTML
    )
    assert "html-answer" in found(blocked)
