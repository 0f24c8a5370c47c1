"""Canaries: a secret in every place that one can stand in. Not a byte of one may be in an event or in a stored copy."""

import base64
import gzip
import io
import json
import re
from urllib.parse import quote

import msgspec
import pytest
from mitmproxy.addons.savehar import SaveHar
from mitmproxy.io import tnetstring

from inspector.sources.copy import redacted_copy
from inspector.sources.flow import Connections, events_of
from inspector.sources.flowfile import FlowFile
from inspector.sources.har import read_har
from inspector.sources.redact import Redactor


def c(n: int) -> str:
    """The n-th canary: long enough for a token, of letters and digits."""
    return f"CANARYx{n:03d}q8ZtR4mLpW2sVbN7"


def jwt(n: int) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"ES256"}').rstrip(b"=").decode()
    claims = base64.urlsafe_b64encode(json.dumps({"sub": c(n), "exp": 2}).encode()).rstrip(b"=").decode()
    return f"{head}.{claims}.{c(n)}{c(n)}"


def basic(n: int) -> bytes:
    return b"Basic " + base64.b64encode(f"{c(n)}user:{c(n)}pass".encode())


URL = (
    f"https://{c(1)}:{c(2)}@cdn.test/data/{c(3)}aaaaaaaa/x;session={c(4)}/y?token={c(5)}&X-Amz-Signature={c(6)}"
    f"&X-Amz-Credential={c(7)}%2F20260101&X-Amz-Security-Token={quote(c(8) + '/+=', safe='')}&Signature={c(9)}"
    f"&sig={c(10)}%3D&account={c(11)}&verify=1893456000-{c(12)}%3D&{c(13)}&%74oken={c(14)}&Policy={c(15)}"
    f"&scope={jwt(16)}#access_token={c(17)}"
)

REQUEST = [
    (b"Authorization", f"Bearer {jwt(20)}".encode()),
    (b"authorization", basic(21)),
    (b"Proxy-Authorization", basic(22)),
    (b"AUTHORIZATION", f'Digest username="{c(23)}", response="{c(24)}"'.encode()),
    (b"Authorization", c(25).encode()),
    (b"Cookie", f"session={c(26)}; {c(27)}; a={c(28)}".encode()),
    (b"X-Registry-Auth", base64.b64encode(json.dumps({"password": c(29)}).encode())),
    (b"X-Api-Key", c(30).encode()),
    (b"Private-Token", f"glpat-{c(31)}".encode()),
    (b"Referer", URL.encode()),
    (b"User-Agent", f"curl/8 ({jwt(32)})".encode()),
    (b"X-Forwarded-Host", f"{c(33)}@registry.test".encode()),
    (b"Origin", f"https://{c(34)}:{c(34)}@registry.test".encode()),
    (b"Host", f"{c(35)}:{c(35)}@registry.test".encode()),
    (b"X-Forwarded-For", b"203.0.113.5"),
]

RESPONSE = [
    (b"Location", URL.encode()),
    (b"Content-Location", URL.encode()),
    (b"Link", f'<{URL}>; rel="next"; token="{jwt(40)}"'.encode()),
    (b"Set-Cookie", f"sid={c(41)}; Path=/; Secure".encode()),
    (b"Set-Cookie", f"{c(42)}{c(42)}".encode()),
    (
        b"WWW-Authenticate",
        f'Bearer realm="https://u{c(43)}:p@auth.test/token?token={c(44)}",service="r",nonce="{c(45)}"'.encode(),
    ),
    (b"WWW-Authenticate", f"Negotiate {c(46)}".encode()),
    (
        b"WWW-Authenticate",
        f'Bearer error="invalid_token",error_description="bad token {jwt(20)} of {c(47)}{c(47)}"'.encode(),
    ),
    (b"Authentication-Info", f"nextnonce={c(48)}".encode()),
    (b"Warning", f'299 - "token={jwt(49)}"'.encode()),
    (b"X-Debug", f"auth was {c(50)}".encode()),
    (b"Content-Disposition", f'attachment; filename="{jwt(51)}.tar"'.encode()),
    (b"Docker-Ratelimit-Source", b"203.0.113.5"),
]

ERROR = {
    "errors": [
        {
            "code": "UNAUTHORIZED",
            "message": f"token {jwt(20)} of {c(21)}user with {c(21)}pass is bad; Bearer {jwt(60)}; password={c(61)}",
            "detail": {
                "Authorization": f"Bearer {c(62)}",
                "name": f"see {URL}",
                "T\u006fken": c(63),
                "nested": {"x": c(64)},
            },
            "hint": c(65),
        }
    ],
    "Refresh_Token": c(66),
    "details": f'https://u:{c(67)}@h.test/?k={c(67)} key="{c(68)}"',
}

TOKEN_ANSWER = (
    f'{{"token":"{jwt(70)}","ACCESS_TOKEN":"{jwt(71)}","refresh_\\u0074oken":"{c(72)}","id_token":"{jwt(73)}",'
    f'"expires_in":300,"scope":"{jwt(74)}","session":{{"secret":"{c(75)}"}}}}'
).encode()

FORM = (
    f"grant_type=password&service=registry.test&username={c(80)}&password={quote(c(81) + '&/+')}&refresh_token={c(82)}"
    f"&client_secret={c(83)}&scope=repository%3Aa%3Apull&{c(84)}={c(85)}&pass%77ord={c(86)}"
).encode()

JSON = [(b"Content-Type", b"application/json")]


@pytest.fixture
def flows(make_flow):
    echo = f"refused: {c(80)} {quote(c(81) + '&/+', safe='')} {c(82)} {jwt(20)}"
    html = f"<html><head><title>{jwt(90)} login {c(91)}{c(91)}</title></head><body>{c(92)}</body></html>".encode()
    xml = f"<Error><Code>AccessDenied</Code><Message>key={c(93)}</Message><AWSAccessKeyId>{c(94)}</AWSAccessKeyId></Error>".encode()
    form = [(b"Content-Type", b"application/x-www-form-urlencoded")]
    return [
        make_flow(
            URL, request=REQUEST, status=401, response=RESPONSE + JSON, content=json.dumps(ERROR).encode()
        ),
        make_flow("https://auth.test/token?service=a&account=" + c(95), response=JSON, content=TOKEN_ANSWER),
        make_flow("https://auth.test/other", response=JSON, content=TOKEN_ANSWER),
        make_flow(
            "https://auth.test/token",
            method="POST",
            request=form,
            body=FORM,
            response=JSON,
            content=TOKEN_ANSWER,
        ),
        make_flow(
            "https://auth.test/token",
            method="POST",
            request=form + REQUEST,
            body=FORM,
            status=403,
            content=echo.encode(),
        ),
        make_flow(URL, request=REQUEST, status=403, response=[(b"Content-Type", b"text/html")], content=html),
        make_flow(URL, request=REQUEST, status=403, content=xml),
        make_flow(
            URL,
            status=500,
            response=[(b"Content-Encoding", b"gzip")],
            content=gzip.compress(json.dumps(ERROR).encode()),
        ),
        make_flow("https://registry.test/v2/a/manifests/x", response=JSON, content=TOKEN_ANSWER),
        make_flow("https://registry.test/v2/a/manifests/x", request=REQUEST, response=[], content=html),
        make_flow("https://registry.test/v2/a/tags/list", response=JSON, content=json.dumps(ERROR).encode()),
        make_flow(
            URL,
            request=REQUEST,
            status=None,
            error=f"HTTP/1 protocol error: bad header 'x: {jwt(96)}' token={c(97)} {c(21)}pass",
        ),
        make_flow(
            "https://registry.test/v2/a/blobs/uploads/", method="POST", body=c(98).encode() * 3, status=202
        ),
        make_flow(URL, method="CONNECT", status=None, error=f"cannot connect to https://u:{c(99)}@h.test/"),
        make_flow(
            "https://x.test/users/login",
            method="POST",
            request=JSON,
            body=json.dumps({"password": c(100)}).encode(),
        ),
    ]


def forms(data: bytes) -> bytes:
    """``data`` with what is hidden in it made visible: JSON escapes, percent escapes, base64 words, and case."""
    text = data.decode("utf-8", "replace")
    found = [text, text.encode().decode("unicode_escape", "replace")]
    for word in set(re.findall(r"[A-Za-z0-9+/_-]{16,}", text)):
        try:
            found.append(base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_").decode("latin-1"))
        except ValueError:
            continue
    return "\n".join(found).lower().encode()


@pytest.mark.parametrize("level", ["default", "strict"])
def test_no_secret_is_in_an_event(flows, new_redactor, level):
    redactor = new_redactor(level)
    for flow in flows:
        told = forms(msgspec.json.encode(events_of(flow, redactor)))
        for event in events_of(flow, redactor):
            told += forms(getattr(event, "document", None) or b"")
        assert b"canaryx" not in told, told[max(0, told.find(b"canaryx") - 200) :][:400]


@pytest.mark.parametrize("level", ["default", "strict"])
def test_no_secret_is_in_a_stored_copy(flows, new_redactor, level):
    redactor = new_redactor(level)
    for flow in flows:
        flow.metadata["other addon"] = {"note": c(110)}
        flow.comment, flow.marked = c(111), c(112)
        flow.client_conn.error = flow.server_conn.error = c(113)
        flow.request.trailers = flow.request.headers.copy()
        told = forms(tnetstring.dumps(redacted_copy(flow, redactor).get_state()))
        assert b"canaryx" not in told, told[max(0, told.find(b"canaryx") - 200) :][:400]


def test_no_secret_is_read_from_a_file(flows, saved, redactor):
    told = forms(msgspec.json.encode(list(FlowFile(io.BytesIO(saved(*flows)), redactor))))
    assert b"canaryx" not in told


def test_level_none_replaces_nothing(flows, new_redactor):
    told = msgspec.json.encode(events_of(flows[0], new_redactor("none"))).decode()
    assert c(5) in told
    assert jwt(20) in told


def test_a_value_that_is_echoed_later_is_replaced_there(make_flow, redactor):
    secret = "only-a-short1"
    login = [(b"Authorization", b"Basic " + base64.b64encode(f"bob:{secret}".encode()))]
    events_of(make_flow(request=login), redactor)
    later = make_flow(status=403, content=f"user bob and {secret} do not match".encode())
    document = next(e.document for e in events_of(later, redactor) if getattr(e, "document", None))
    assert secret.encode() not in document
    assert b"user \xe2\x80\xb9basic" in document


@pytest.mark.parametrize("level", ["default", "strict", "none"])
def test_a_stored_copy_tells_the_same_events(flows, new_redactor, level):
    for flow in flows:
        told = events_of(flow, new_redactor(level))
        copy = redacted_copy(flow, new_redactor(level))
        assert events_of(copy, new_redactor(level)) == told


@pytest.mark.parametrize("level", ["default", "strict", "none"])
def test_a_stored_copy_tells_the_same_events_from_a_file_to_another_process(flows, saved, level):
    for flow in flows:
        redactor = Redactor(level)
        told = events_of(flow, redactor)
        stored = saved(redacted_copy(flow, redactor))
        assert list(FlowFile(io.BytesIO(stored), Redactor(level))) == told


def test_a_flow_and_its_record_tell_the_same_events(flows, saved, new_redactor):
    live, filed, connections = new_redactor(), new_redactor(), Connections()
    told = [event for flow in flows for event in events_of(flow, live, connections)]
    assert list(FlowFile(io.BytesIO(saved(*flows)), filed)) == told


def test_no_secret_is_read_from_har(flows, new_redactor):
    har = SaveHar().make_har([flow for flow in flows if flow.request.method != "CONNECT"])
    told = forms(msgspec.json.encode(list(read_har(io.BytesIO(json.dumps(har).encode()), new_redactor()))))
    assert b"canaryx" not in told, told[max(0, told.find(b"canaryx") - 200) :][:400]
