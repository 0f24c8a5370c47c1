"""Challenge and error in mitmproxy's windows."""

from inspector.views.refusal import ChallengeView, ErrorView

BEARER = 'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:x:pull"'
UNAUTHORIZED = b'{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}'


def test_a_challenge_shows_where_to_get_a_token_and_the_error_beside_it(look):
    seen = look(
        ChallengeView(), UNAUTHORIZED, "/v2/", 401, www_authenticate=BEARER, content_type="application/json"
    )
    assert seen.chosen == "Registry challenge"
    assert seen.lines[1:3] == ["Bearer:", "  realm: https://auth.test/token"]
    assert "  scope: repository:x:pull" in seen.lines
    assert "code: UNAUTHORIZED" in seen.lines


def test_what_is_wrong_with_a_challenge_is_remarked(look):
    seen = look(ChallengeView(), UNAUTHORIZED, "/v2/", 401, www_authenticate='Bearer realm="https://a')
    assert any(line.startswith("# ✘") for line in seen.lines)


def test_a_401_without_a_challenge_is_an_error_and_the_view_says_what_is_missing(look):
    seen = look(ChallengeView(), UNAUTHORIZED, "/v2/", 401)
    assert seen.chosen == "Registry error"
    assert seen.lines == ["# ✘ no WWW-Authenticate: the client cannot know how to log in"]


def test_an_error_shows_its_codes_and_its_sentence(look):
    body = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown\\u001b[2J"}]}'
    seen = look(ErrorView(), body, "/v2/x/manifests/y", 404)
    assert seen.chosen == "Registry error"
    assert seen.lines[:2] == ["# Refused with 404", "code: MANIFEST_UNKNOWN"]
    assert "\x1b" not in seen.text


def test_a_storages_xml_error_counts_and_a_page_does_not(look):
    assert look(ErrorView(), b"<Error><Code>AccessDenied</Code></Error>", "/", 403).chosen == "Registry error"
    page = look(ErrorView(), b"<html><title>Blocked</title></html>", "/", 403)
    assert page.chosen != "Registry error"
    assert "page: Blocked" in page.lines


def test_what_came_well_is_no_error(answered):
    assert ErrorView().render_priority(UNAUTHORIZED, answered(UNAUTHORIZED, "/", 200)) < 0
