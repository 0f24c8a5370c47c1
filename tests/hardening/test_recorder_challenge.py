"""hardening.md, part A: challenges and tokens as the recorder and the report take them."""

import json

import pytest
from kit.story import AUTH, IMAGE, REGISTRY, Story, bearer, image

REFUSED = b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'


def realm(value: str) -> str:
    return f'Bearer realm="{value}",service="registry.example.com"'


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "127.0.0.1", "169.254.169.254", "10.0.0.5", "192.168.1.1", "0.0.0.0", "[::]", "[::1]", "[fe80::1]",
        "[::ffff:127.0.0.1]", "[::ffff:10.0.0.5]", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "metadata.google.internal",
        "[fd00:ec2::254]", "100.100.100.200", "auth.svc.cluster.local",
    ],
)  # fmt: skip
def test_A1_a_realm_on_the_inside_is_a_finding(told, host):
    story = Story()
    story.challenge(realm(f"https://{host}/token"))
    seen = told(*story.flows)
    assert seen.found("realm-invalid")["severity"] == "error"


def test_A6_a_realm_of_plain_http_is_a_finding(told):
    story = Story()
    story.challenge(realm("http://auth.example.com/token"))
    assert "plain http" in told(*story.flows).found("realm-invalid")["summary"]


@pytest.mark.parametrize(
    "dead", ["https://auth.example.com:8443/token", "http://harbor-core:80/service/token"]
)
def test_A7_a_realm_that_nobody_answers_is_the_root_cause(told, dead):
    story = Story()
    story.challenge(realm(dead))
    url = dead + "?service=registry.example.com"
    story.ask(url, None, error="[Errno 111] Connect call failed ('192.0.2.1', 8443)")
    seen = told(*story.flows)
    roots = [one for pull in seen.pulls for one in pull["findings"] if one["caused_by"] is None]
    assert roots[0]["code"] in {"realm-unreachable", "realm-invalid"}
    assert "X-Forwarded-Proto" in seen.text or roots[0]["code"] == "realm-unreachable"


def test_A8_separators_in_service_and_scope_stay_where_they_are(told):
    story = Story()
    story.challenge(
        'Bearer realm="https://auth.example.com/token",service="a&x=1#y",scope="repository:a&b:pull"'
    )
    story.ask(f"{AUTH}/token?service=a%26x%3D1%23y&scope=repository:a%26b:pull", 200, {}, b"{}")
    text = told(*story.flows).text
    assert "service   a&x=1#y\n" in text
    assert "asked     a&b : pull\n" in text


ODD_CHALLENGES = {
    "several in one field": 'Negotiate, Basic realm="x", Bearer realm="https://auth.example.com/token",service="r"',
    "unknown first": 'Hawk x="1", Bearer realm="https://auth.example.com/token"',
    "Basic after Bearer": 'Bearer realm="https://auth.example.com/token", Basic realm="x"',
    "upper-case": 'BEARER REALM="https://auth.example.com/token", BASIC REALM="y"',
    "no service, no scope": 'Bearer realm="https://auth.example.com/token"',
    "quoted commas": 'Bearer realm="https://auth.example.com/token",scope="repository:a,b:pull,push",service="a, b"',
    "unquoted": "Bearer realm=https://auth.example.com/token,service=r",
}


@pytest.mark.parametrize("value", ODD_CHALLENGES.values(), ids=ODD_CHALLENGES)
def test_A9_an_odd_challenge_is_understood(told, value):
    story = Story()
    story.challenge(value, path=f"/v2/{IMAGE}/manifests/latest")
    story.token()
    story.manifest(image(b"layer"))
    (pull,) = told(*story.flows).pulls
    assert [one["stage"] for one in pull["exchanges"]] == ["challenge", "token", "manifest"]


@pytest.mark.parametrize(
    "value",
    [
        'Bearer realm="https://auth.example.com/tok',
        'Bearer realm="',
        "Bearer",
        ',,=,"',
        "",
        'Bearer realm="' + "x" * (1 << 20),
    ],
    ids=["unterminated", "open", "bare", "marks", "empty", "1 MiB"],
)
def test_A9_what_is_no_challenge_is_a_finding(told, value):
    story = Story()
    story.challenge(value, path=f"/v2/{IMAGE}/manifests/latest", content=REFUSED)
    seen = told(*story.flows)
    assert {"challenge-missing", "realm-invalid", "realm-unreachable"} & seen.findings.keys()
    assert len(seen.text) < 60_000


def test_A9_challenges_in_several_fields_are_all_read(told):
    story = Story()
    lines = [
        (b"WWW-Authenticate", b'Basic realm="x"'),
        (b"WWW-Authenticate", realm(f"{AUTH}/token").encode()),
    ]
    story.ask(f"{REGISTRY}/v2/", 401, lines)
    story.token()
    story.manifest(image(b"layer"))
    assert [one["stage"] for one in told(*story.flows).exchanges] == ["challenge", "token", "manifest"]


ODD_ANSWERS = {
    "access_token": {"access_token": bearer()},
    "both, different": {"token": bearer(), "access_token": bearer(jti="2")},
    "lasts 0": {"token": bearer(), "expires_in": 0},
    "lasts -1": {"token": bearer(), "expires_in": -1},
    "lasts text": {"token": bearer(), "expires_in": "300"},
    "lasts for ever": {"token": bearer(), "expires_in": 10**12},
    "lasts beyond": {"token": bearer(), "expires_in": 10**400},
    "from the future": {"token": bearer(), "issued_at": "2999-01-01T00:00:00Z"},
    "of no time": {"token": bearer(), "issued_at": "yesterday"},
    "nested": {"token": bearer(), "extra": [[[]]]},
}


@pytest.mark.parametrize("answer", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_A10_an_odd_token_answer_ties_the_requests_together(told, answer):
    story = Story()
    story.challenge()
    story.token(answer)
    story.manifest(image(b"layer"), auth=answer.get("access_token") or answer["token"])
    (pull,) = told(*story.flows).pulls
    assert [one["stage"] for one in pull["exchanges"]] == ["challenge", "token", "manifest"]
    assert "token-field-missing" not in {one["code"] for one in pull["findings"]}


@pytest.mark.parametrize(
    "claims",
    [{"nbf": 1_790_003_600, "exp": 1_790_007_200}, {"nbf": 1_789_000_000, "exp": 1_789_999_000}],
    ids=["not yet", "no more"],
)
def test_A11_a_token_outside_its_time_is_a_finding(told, claims):
    story = Story()
    story.challenge()
    token = bearer(iat=claims["nbf"], **claims)
    story.token({"token": token, "expires_in": claims["exp"] - claims["nbf"]})
    line = realm(f"{AUTH}/token") + ',error="invalid_token"'
    story.challenge(
        line, path=f"/v2/{IMAGE}/manifests/latest", send={"Authorization": f"Bearer {token}"}, content=REFUSED
    )
    story.flows[-1].response.headers["date"] = "Mon, 21 Sep 2026 14:13:21 GMT"
    assert told(*story.flows).found("token-expired")


BODIES = {
    "html": b"<html><head><title>Sign in</title></head><body>x</body></html>",
    "nested": b'{"token":' + b"[" * 100_000,
    "not UTF-8": b'\xff\xfe{"token":"x"}',
    "other names": b'\xef\xbb\xbf{"toke":"x"}',
    "nothing": b"",
    "text": b"no token for you",
    "large": b"<html>" + b"x" * (5 << 20),
    "number": b"17",
    "infinite": b'{"token": NaN, "expires_in": 1e999}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_A12_a_token_body_that_is_none_is_a_finding(told, body):
    story = Story()
    story.challenge()
    story.token(body)
    seen = told(*story.flows)
    code = next((one for one in ("token-not-json", "token-field-missing") if one in seen.findings), None)
    assert code, sorted(seen.findings)
    told_of = " ".join(piece["what"] for piece in seen.found(code)["evidence"])
    assert code == "token-field-missing" or "the body" in told_of


@pytest.mark.parametrize("status", [429, 500, 503])
def test_A14_a_token_service_that_is_overrun_is_the_root_cause(told, status):
    story = Story()
    for _ in range(3):
        story.challenge()
        story.token(b'{"details":"slow down"}', status)
    seen = told(*story.flows)
    assert {"rate-limited", "server-error", "token-denied"} & seen.findings.keys()


GRANTS = {
    "nothing": [],
    "another repository": [{"type": "repository", "name": "team/other", "actions": ["pull"]}],
    "no pull": [{"type": "repository", "name": IMAGE, "actions": ["push"]}],
    "no actions": [{"type": "repository", "name": IMAGE, "actions": None}],
    "host in the scope": [
        {"type": "repository", "name": f"registry.example.com/{IMAGE}", "actions": ["pull"]}
    ],
}


def refused(token: str) -> Story:
    story = Story()
    story.challenge()
    story.token({"token": token})
    line = realm(f"{AUTH}/token") + f',scope="repository:{IMAGE}:pull",error="insufficient_scope"'
    path = f"/v2/{IMAGE}/manifests/latest"
    story.challenge(line, path=path, send={"Authorization": f"Bearer {token}"}, content=REFUSED)
    return story


@pytest.mark.parametrize("access", GRANTS.values(), ids=GRANTS)
def test_A15_a_grant_that_is_less_is_read_from_the_claims(told, access):
    seen = told(*refused(bearer(access=access)).flows)
    codes = {"insufficient-scope", "repository-denied", "credentials-missing"} & seen.findings.keys()
    assert codes, sorted(seen.findings)
    shown = json.dumps(seen.document)
    assert "insufficient" in shown or "denied" in shown


def test_A15_a_wildcard_grant_is_one(told):
    access = [{"type": "repository", "name": IMAGE, "actions": ["*"]}]
    story = Story()
    story.challenge()
    token = bearer(access=access)
    story.token({"token": token})
    story.manifest(image(b"layer"), auth=token)
    assert not {"insufficient-scope", "scope-wrong-repository"} & told(*story.flows).findings.keys()


def test_A15_an_opaque_token_cannot_be_told(told):
    story = refused("opaque" * 8)
    story.flows[-1].response.headers["www-authenticate"] = realm(f"{AUTH}/token")
    (pull,) = told(*story.flows).pulls
    check = next(one for one in pull["checks"] if one["code"] == "insufficient-scope")
    assert check["state"] == "could not tell"
    assert check["reason"]
