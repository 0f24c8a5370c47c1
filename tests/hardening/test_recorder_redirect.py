"""hardening.md, part B, as far as the report is concerned: redirects and the CDN."""

import pytest
from kit.story import CDN, IMAGE, REGISTRY, Story, bearer, image

LAYER = b"layer " * 100
WHERE = f"{CDN}/blobs/1"
PAGE = b"<html><head><title>Blocked by your company</title></head><body>x</body></html>"


def pulling(location: str | None, *, status: int = 307) -> Story:
    """A pull up to the redirect of its layer."""
    story = Story()
    story.challenge()
    story.token()
    story.manifest(image(LAYER))
    give = {"Location": location} if location is not None else {}
    story.blob(LAYER, status=status, give=give, content=b"")
    return story


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", f"Bearer {bearer()}"),
        ("Authorization", "Basic dXNlcjphYmNkZWZnaDAxMjM0NTY3"),
        ("Cookie", "sid=abcdefgh01234567"),
        ("X-Registry-Auth", "abcdefgh01234567"),
    ],
)
def test_B16_a_credential_that_passes_to_another_origin_is_a_finding(told, name, value):
    story = Story()
    story.challenge()
    story.token()
    story.manifest(image(LAYER))
    story.blob(LAYER, status=307, give={"Location": WHERE}, content=b"", send={name: value})
    story.ask(WHERE, 200, {"Content-Length": str(len(LAYER))}, LAYER, send={name: value})
    seen = told(*story.flows)
    assert seen.found("credentials-forwarded")
    assert value.split()[-1].removeprefix("sid=") not in seen.everything()


@pytest.mark.parametrize(
    "location",
    [
        "", None, "/storage/x", "//cdn.example.com/x", "blobs/x", "https://cdn.example.com/x#part", "https://u:p@cdn.example.com/x",
        "https://cdn.exämple.com/ü", "https://cdn.example.com/" + "x" * 16384, "file:///etc/passwd", "data:text/plain,x",
        "javascript:alert(1)", "https://[::1", "https://cdn.example.com:99999/", "https:///", "\x00", "https://cdn.example.com/a\tb",
    ],
)  # fmt: skip
def test_B17_any_location_is_told(told, location):
    seen = told(*pulling(location).flows)
    assert seen.exchanges[-1]["stage"] == "redirect"
    assert seen.pulls[0]["outcome"] != "complete"


@pytest.mark.parametrize("hops", [2, 11, 60])
def test_B18_a_chain_of_redirects_stays_one_pull(told, hops):
    story = pulling(f"{CDN}/0")
    for hop in range(hops):
        story.ask(f"{CDN}/{hop}", 307, {"Location": f"{CDN}/{(hop + 1) % 7}"})
    seen = told(*story.flows)
    assert len(seen.pulls) == 1
    assert seen.pulls[0]["outcome"] != "complete"


def test_B18_a_redirect_to_plain_http_is_a_finding(told):
    assert told(*pulling("http://cdn.example.com/x").flows).found("redirect-to-http")


@pytest.mark.parametrize(
    "inner",
    ["http://minio.svc:9000/x", "http://10.0.0.5/x", "https://localhost/x", "https://[::ffff:10.0.0.1]/"],
)
def test_B19_a_redirect_to_the_inside_is_a_finding(told, inner):
    assert told(*pulling(inner).flows).found("redirect-to-private")


def test_B20_a_link_signed_for_get_that_a_head_follows_is_told_with_its_host(told):
    story = Story()
    story.challenge()
    story.token()
    story.manifest(image(LAYER))
    story.blob(LAYER, status=307, give={"Location": WHERE}, content=b"", method="HEAD")
    story.ask(WHERE, 403, {"Content-Length": "300"}, b"", method="HEAD")
    seen = told(*story.flows)
    assert "cdn-denied" not in seen.findings  # the storage would let a GET in
    (line,) = [line for line in seen.text.splitlines() if line.startswith("✘") and "HEAD" in line]
    assert "cdn.example.com" in line
    assert "403" in line


@pytest.mark.parametrize(
    "code", ["AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId", "AuthenticationFailed"]
)
def test_B22_a_refusal_of_the_cdn_names_host_and_code(told, code):
    story = pulling(WHERE)
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'.encode()
    story.ask(WHERE, 403, {"Content-Type": "application/xml"}, body)
    seen = told(*story.flows)
    finding = next(one for name, one in seen.findings.items() if name.startswith(("cdn-", "signed-")))
    assert "cdn.example.com" in finding["summary"]
    assert code in str(finding["evidence"])


def test_B21_a_signed_link_past_its_time_is_a_finding(told):
    signed = f"{WHERE}?X-Amz-Date=20260921T100000Z&X-Amz-Expires=60&X-Amz-Signature={'a1' * 32}"
    story = pulling(signed)
    body = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    story.ask(signed, 403, {"Content-Type": "application/xml"}, body)
    assert told(*story.flows).found("signed-url-expired")


def test_B23_an_html_page_in_a_blobs_place_is_a_finding(told):
    story = pulling(WHERE)
    story.ask(WHERE, 200, {"Content-Type": "text/html", "Content-Length": str(len(PAGE))}, PAGE)
    seen = told(*story.flows)
    assert seen.found("html-answer")
    assert seen.exchanges[-1]["verified"] is False
    assert seen.pulls[0]["outcome"] == "failed"


def test_B24_a_request_with_two_authentications_is_a_finding(told):
    signed = f"{WHERE}?X-Amz-Signature={'a1' * 32}"
    story = pulling(signed)
    body = b"<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"
    story.ask(
        signed,
        400,
        {"Content-Type": "application/xml"},
        body,
        send={"Authorization": "Bearer abcdefgh01234567"},
    )
    assert told(*story.flows).found("cdn-rejects-authorization")


def test_B26_a_link_to_another_origin_is_shown_without_its_secret(told):
    story = Story()
    link = '<https://evil.example.net/v2/x/tags/list?token=abcdefgh01234567>; rel="next"'
    story.ask(f"{REGISTRY}/v2/{IMAGE}/tags/list", 200, {"Link": link}, b'{"name":"x","tags":[]}')
    story.manifest(image(LAYER))
    seen = told(*story.flows)
    assert "abcdefgh01234567" not in seen.everything()
    assert len(seen.exchanges) == 2
