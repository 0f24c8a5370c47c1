"""What is decided of a flow, without any mitmproxy around it."""

import logging

import pytest
from mitmproxy import connection, http
from mitmproxy.test import tflow

from inspector.faults.injector import _MOST_FORGED, Collected, Gone, Injector, Replied, Sent
from inspector.faults.options import parse
from inspector.sources.redact import Redactor

BLOB = "https://r.test/v2/a/blobs/sha256:" + "0" * 64
TAG = "https://r.test/v2/a/manifests/latest"
TOKEN = "https://t.test/token?service=r.test&scope=repository:a:pull"
SIGNED = "https://cdn.test/data?X-Amz-Signature=canary-signature"


def injector(*words, filter_text=""):
    return Injector(parse(words, filter_text, ""), Redactor())


def flow(url, method="GET"):
    made = tflow.tflow()
    made.request = http.Request.make(method, url)
    made.request.http_version = "HTTP/1.1"
    return made


def answered(one, made, response, *, has_body=True):
    matter, _ = one.asks(made)
    made.response = response
    return one.answers(made, matter, has_body=has_body)


def test_each_act_has_its_decision():
    assert isinstance(injector("blob-unknown").asks(flow(BLOB))[1], Replied)
    assert isinstance(injector("realm-unreachable").asks(flow(TOKEN))[1], Gone)
    assert isinstance(injector("token-other-scope").asks(flow(TOKEN))[1], Sent)
    assert injector("blob-unknown").asks(flow(TAG))[1] is None
    assert isinstance(answered(injector("challenge-missing"), flow(BLOB), refusal()), Collected)
    assert answered(injector("stalled"), flow(BLOB), http.Response.make(200, b"x" * 10)) is not None
    assert answered(injector("stalled"), flow(BLOB), http.Response.make(200), has_body=False) is None


def refusal():
    return http.Response.make(401, b"", {"WWW-Authenticate": 'Bearer realm="https://t.test/token"'})


def test_a_fault_happens_as_often_as_was_asked_and_then_the_next_has_its_turn():
    one = injector("server-error:2,blob-unknown:1")
    statuses = [found.response.status_code if (found := one.asks(flow(BLOB))[1]) else None for _ in range(4)]
    assert statuses == [503, 503, 404, None]


def test_a_fault_that_finds_nothing_to_break_is_not_counted():
    one = injector("digest-header-missing:1")
    assert answered(one, flow(TAG), http.Response.make(200, b"{}")) is None
    assert one.plan.entries[0].left == 1
    with_it = http.Response.make(200, b"{}", {"Docker-Content-Digest": "sha256:0"})
    answered(one, flow(TAG), with_it)
    assert "docker-content-digest" not in with_it.headers
    assert one.plan.entries[0].over


def test_an_answer_of_the_faults_own_is_not_broken_again():
    one = injector("rate-limited:1,rate-limit-near")
    made = flow(TAG)
    assert answered(one, made, http.Response.make(200)) is None
    assert "ratelimit-limit" not in made.response.headers


def test_a_head_is_answered_without_a_body_and_with_its_length():
    found = injector("blob-unknown").asks(flow(BLOB, "HEAD"))[1]
    assert found.response.raw_content == b""
    assert int(found.response.headers["content-length"]) > 20


def test_no_secret_is_logged(caplog):
    one = injector("cdn-denied")
    first = flow(BLOB)
    matter, _ = one.asks(first)
    first.response = http.Response.make(307, b"", {"Location": SIGNED})
    one.told(first, matter)
    with caplog.at_level(logging.WARNING):
        assert isinstance(one.asks(flow(SIGNED))[1], Replied)
    assert caplog.messages[0].startswith("fault cdn-denied: answered GET https://cdn.test/data?")
    assert caplog.messages[0].endswith("with 403")
    assert "canary" not in caplog.text


def test_documents_put_in_others_places_are_bounded():
    one = injector("tag-moved")
    true = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"}'
    for _ in range(_MOST_FORGED + 3):
        response = http.Response.make(200, true)
        answered(one, flow(TAG), response).change(response)
    assert len(one._forged) == _MOST_FORGED
    digest = response.headers["docker-content-digest"]
    found = one.asks(flow(f"https://r.test/v2/a/manifests/{digest}"))[1]
    assert found.response.raw_content == response.raw_content


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b'{"mediaType":1}', b"[" * 100_000, b"\xff"])
def test_what_is_no_document_is_left_alone(body):
    one = injector("tag-moved")
    response = http.Response.make(200, body)
    answered(one, flow(TAG), response).change(response)
    assert response.raw_content == body
    assert one.plan.entries[0].struck == 0


def ends(host="r.test", port=443):
    client = connection.Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), sni=host)
    return client, connection.Server(address=(host, port))


def test_a_filter_names_the_hosts_whose_connections_fail():
    one = injector("connect-failed", filter_text="~d other.test")
    for host, error in (("r.test", None), ("other.test", "[Errno 111] Connect call failed")):
        client, server = ends(host)
        one.dials(client, server)
        assert server.error == error


def test_a_connection_fails_as_often_as_was_asked():
    one = injector("name-not-resolved:1")
    first, second = ends(), ends()
    one.dials(*first)
    one.dials(*second)
    assert (first[1].error is None, second[1].error is None) == (False, True)


def test_a_handshake_fails_as_often_as_was_asked():
    one = injector("tls-ca-not-trusted:1")
    assert [one.greets(*ends()) for _ in range(2)] == [True, False]


def test_a_server_without_tls_has_no_name_to_get_wrong():
    one = injector("tls-upstream-invalid")
    plain, tls = ends(port=80), ends()
    one.dials(*plain)
    one.dials(*tls)
    assert (plain[1].sni, tls[1].sni) == (None, "another.name.invalid")
