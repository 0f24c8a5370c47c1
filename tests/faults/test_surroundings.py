"""A stage is known before the answer, from what was answered before."""

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from inspector.core.pull import Stage
from inspector.faults.surroundings import _MOST, Surroundings
from inspector.sources.redact import Redactor

DIGEST = "sha256:" + "0" * 64


def flow(url, method="GET", response=None):
    made = tflow.tflow()
    made.request = http.Request.make(method, url)
    made.response = response
    return made


@pytest.fixture
def known():
    return Surroundings(Redactor())


def told(known, one):
    known.learn(one, known.asked(one)[1])


@pytest.mark.parametrize(
    ("method", "url", "stage"),
    [
        ("GET", "https://r.test/v2/", Stage.PING),
        ("HEAD", "https://r.test/v2/a/manifests/latest", Stage.RESOLVE),
        ("GET", "https://r.test/v2/a/manifests/latest", Stage.MANIFEST),
        ("GET", f"https://r.test/v2/a/blobs/{DIGEST}", Stage.BLOB),
        ("PUT", "https://r.test/v2/a/manifests/latest", Stage.PUSH),
        ("GET", "https://t.test/token?service=r.test&scope=repository:a:pull", Stage.TOKEN),
        ("GET", "https://cdn.test/data?verify=1", None),
        ("GET", "https://t.test/login", None),
    ],
)
def test_what_the_request_alone_shows(known, method, url, stage):
    assert known.asked(flow(url, method))[0].stage is stage


def test_a_storage_is_known_by_the_redirect_and_a_token_by_the_challenge(known):
    location = "https://cdn.test/data?verify=1"
    answer = http.Response.make(307, b"", {"Location": location})
    told(known, flow(f"https://r.test/v2/a/blobs/{DIGEST}", response=answer))
    assert known.asked(flow(location))[0].stage is Stage.CDN
    challenge = 'Bearer realm="https://t.test/login",service="s"'
    answer = http.Response.make(401, b"", {"WWW-Authenticate": challenge})
    told(known, flow("https://r.test/v2/", response=answer))
    assert known.asked(flow("https://t.test/login?account=x"))[0].stage is Stage.TOKEN
    assert known.asked(flow("https://r.test/v2/a/tags/list"))[0].challenge == challenge


def test_a_redirect_of_the_token_service_leads_to_the_token_service(known):
    asks = "https://t.test/token?service=r.test&scope=repository:a:pull"
    told(known, flow(asks, response=http.Response.make(307, b"", {"Location": "https://sso.test/x"})))
    assert known.asked(flow("https://sso.test/x"))[0].stage is Stage.TOKEN


@pytest.mark.parametrize(
    ("status", "headers", "stage"),
    [
        (200, {}, Stage.BLOB),
        (307, {"Location": "https://cdn.test/"}, Stage.REDIRECT),
        (401, {"WWW-Authenticate": "Bearer"}, Stage.CHALLENGE),
    ],
)
def test_the_answer_shows_the_rest(known, status, headers, stage):
    one = flow(f"https://r.test/v2/a/blobs/{DIGEST}", response=http.Response.make(status, b"", headers))
    assert known.stage(known.answered(one), None) is stage


def test_the_oldest_make_way(known):
    for n in range(_MOST + 5):
        challenge = {"WWW-Authenticate": f'Bearer realm="https://t{n}.test/x"'}
        told(known, flow(f"https://r{n}.test/v2/", response=http.Response.make(401, b"", challenge)))
    assert (len(known._realms), len(known._challenges)) == (_MOST, _MOST)
    assert known.asked(flow("https://t0.test/x"))[0].stage is None
    assert known.asked(flow(f"https://t{_MOST}.test/x"))[0].stage is Stage.TOKEN
