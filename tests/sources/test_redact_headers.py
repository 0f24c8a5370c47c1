"""Header fields: each kind keeps what diagnosis needs and loses the rest."""

import pytest

from inspector.wire.challenge import parse_challenges


@pytest.fixture
def value(redactor):
    return lambda name, text: redactor.headers([(name.encode(), text.encode())])[0][1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Basic Og==", "Basic ‹empty›"),
        ("Basic", "Basic ‹empty›"),
        ("Basic ", "Basic ‹empty›"),
        ("Bearer ", "Bearer ‹empty›"),
        ("", "‹empty›"),
        ("Bearer ‹token 0123abcd›", "Bearer ‹token 0123abcd›"),
    ],
)
def test_an_empty_credential_stays_recognisable(value, text, told):
    assert value("authorization", text) == told


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("Bearer abc.def", "Bearer ‹token "),
        ("bearer   abc", "bearer ‹token "),
        ("Basic YWxpY2U6YWxpY2Vwdw==", "Basic ‹basic "),
        ("Basic not base64 at all", "Basic ‹basic "),
        ('Digest username="x"', "Digest ‹value "),
        ("justatoken", "‹value "),
        ("Bearer ‹token 0123abcd› and more", "Bearer ‹token "),
    ],
)
def test_a_credential_keeps_its_scheme(value, text, start):
    told = value("proxy-authorization", text)
    assert told.startswith(start)
    assert told.endswith("›")
    assert text.partition(" ")[2].strip() not in told or not text.partition(" ")[2]


def test_a_user_name_that_names_nobody_is_no_secret(redactor):
    redactor.headers([(b"Authorization", b"Basic QVdTOndvbmRlcmxhbmQ=")])
    assert redactor.prose("AWS says no to wonderland").startswith("AWS says no to ‹basic ")


def test_only_a_whole_pseudonym_counts_as_one(value):
    assert value("authorization", "Bearer ‹token 0123abcd› and more") != "Bearer ‹token 0123abcd› and more"
    assert value("authorization", "Bearer ‹token 0123abcd›x") != "Bearer ‹token 0123abcd›x"


def test_names_come_in_lower_case_and_in_order(redactor):
    told = redactor.headers([(b"Accept", b"a"), (b"X-Thing", b"b"), (b"ACCEPT", b"c")])
    assert [name for name, _ in told] == ["accept", "x-thing", "accept"]
    assert (told[0][1], told[2][1]) == ("a", "c")
    assert told[1][1].startswith("‹value ")


def test_an_unknown_field_that_is_empty_stays_empty(value):
    assert value("x-thing", "") == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Docker-Content-Digest", "sha256:" + "ab" * 32),
        ("ETag", '"sha256:' + "ab" * 32 + '"'),
        ("Content-Type", "application/vnd.oci.image.index.v1+json"),
        ("RateLimit-Remaining", "99;w=21600"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("Range", "bytes=0-99"),
        ("User-Agent", "containers/5.23.1 (github.com/containers/image)"),
        ("Retry-After", "30"),
        ("Via", "1.1 proxy"),
    ],
)
def test_what_diagnosis_needs_stays(value, name, text):
    assert value(name, text) == text


def test_cookies_keep_their_names(value):
    assert value("cookie", "sid=abc; theme=dark").startswith("sid=‹value ")
    assert "; theme=‹value " in value("cookie", "sid=abc; theme=dark")
    told = value("set-cookie", "sid=abc; Domain=a.test; Path=/; Secure")
    assert told.startswith("sid=‹value ")
    assert "Domain" not in told


def test_a_challenge_is_read_the_same_and_has_no_secret(value):
    text = (
        'Basic realm="Registry", Bearer realm="https://auth.test/token?key=s3cr3t",service="registry.test",'
        'scope="repository:a:pull,push",error="invalid_token",nonce="s3cr3t"'
    )
    told = value("www-authenticate", text)
    assert "s3cr3t" not in told
    before, after = parse_challenges([text]), parse_challenges([told])
    assert [c.scheme for c in after] == [c.scheme for c in before] == ["basic", "bearer"]
    assert after[0].realm == "Registry"
    assert after[1].realm.startswith("https://auth.test/token?key=‹value ")
    assert (after[1].service, after[1].scopes) == (before[1].service, before[1].scopes)
    assert after[1].params["error"] == "invalid_token"
    assert after[1].params["nonce"].startswith("‹value ")


@pytest.mark.parametrize(
    "text",
    [
        'Bearer realm="https://auth.test/token",service="registry.test"',
        "Bearer realm=https://auth.test/token,service=registry.test",
        'BASIC REALM="x y"',
        'Bearer realm="unterminated, service="x"',
        "Bearer",
        "Negotiate",
    ],
)
def test_a_challenge_without_secrets_stays_as_it_is(value, text):
    assert value("www-authenticate", text) == text


def test_a_link_keeps_its_layout(value):
    told = value("link", '</v2/_catalog?last=a&n=5&token=s3cr3tvalue>; rel="next"')
    assert told.startswith("</v2/_catalog?last=a&n=5&token=‹token ")
    assert told.endswith('>; rel="next"')


def test_urls_in_other_fields_lose_their_secrets_too(value):
    assert "pw" not in value("user-agent", "tool (+https://u:pw@a.test/)")
    assert "pw" not in value("origin", "https://u:pw@a.test")
    assert value("host", "u:pw@a.test") == "a.test"


@pytest.mark.parametrize("name", ["private/secret", "team/token", "password", "a/key"])
def test_a_scope_stays_readable_whatever_its_repository_is_called(redactor, name):
    value = f'Bearer realm="https://auth.test/token",service="s",scope="repository:{name}:pull,push registry:catalog:*"'
    fields = redactor.headers([(b"www-authenticate", value.encode())])
    assert fields == (("www-authenticate", value),)


def test_what_only_looks_like_a_scope_is_searched_for_secrets(redactor):
    value = 'Bearer realm="https://auth.test/token",scope="token:sUp3rS3cretValue"'
    assert "sUp3rS3cretValue" not in str(redactor.headers([(b"www-authenticate", value.encode())]))
