"""What one exchange shows on its own."""

import json

from inspector.core.events import Body, Ended, Peer, RequestHead, ResponseHead, Side, UpstreamCall
from inspector.core.exchange import Exchange

URL = "https://r.test/v2/a/b/manifests/latest?ns=docker.io"


def exchange(method="GET", status=200, headers=(), body=b"", asked=(), url=URL, end=True):
    one = Exchange(
        RequestHead(
            id="x",
            time=10.0,
            method=method,
            url=url,
            host="r.test",
            http_version="HTTP/1.1",
            headers=asked,
            client=Peer(),
        )
    )
    if status is not None:
        one.response = ResponseHead(
            id="x", time=11.0, status=status, http_version="HTTP/1.1", headers=headers
        )
        one.response_body = Body(id="x", side=Side.SERVER, size=len(body), complete=True, document=body)
    if end:
        one.end = Ended(id="x", time=12.5)
    return one


def test_path_and_query_are_read_apart():
    one = exchange()
    assert (one.path, one.query) == ("/v2/a/b/manifests/latest", "ns=docker.io")
    assert (one.route.repository, one.route.reference) == ("a/b", "latest")


def test_only_a_bearer_is_a_bearer():
    assert exchange(asked=(("authorization", "bearer ‹token 1›"),)).bearer == "‹token 1›"
    assert exchange(asked=(("authorization", "Basic ‹basic 1›"),)).bearer is None
    assert exchange(asked=(("authorization", "Bearer "),)).bearer is None


def test_a_location_counts_only_on_a_redirect():
    to = (("location", "/elsewhere"),)
    assert exchange(status=307, headers=to).location == "https://r.test/elsewhere"
    assert exchange(status=201, headers=to).location is None


def test_a_document_is_read_from_a_whole_get_only():
    body = json.dumps({"schemaVersion": 2, "layers": []}).encode()
    assert exchange(body=body).document.kind == "manifest"
    assert exchange(body=body, status=404).document is None
    assert exchange(body=body, method="HEAD").document is None


def test_an_error_is_read_from_a_refusal_only():
    body = json.dumps({"errors": [{"code": "DENIED", "message": "no"}]}).encode()
    assert exchange(body=body, status=403).registry_error.codes == ("DENIED",)
    assert exchange(body=body, status=200).registry_error is None


def test_ok_means_answered_2xx_and_whole():
    assert exchange().ok
    assert not exchange(status=404).ok
    assert not exchange(status=None).ok
    cut = exchange()
    cut.response_body = Body(id="x", side=Side.SERVER, complete=False)
    assert not cut.ok
    broken = exchange()
    broken.end = Ended(id="x", time=None, error="it broke")
    assert not broken.ok


def test_an_exchange_is_open_until_it_ended_by_itself():
    assert exchange(end=False).open
    one = exchange()
    one.end = Ended(id="x", time=None, cut_by_end=True)
    assert one.open
    assert not exchange().open


def test_the_last_time_is_the_latest_that_is_known():
    assert exchange().last_time == 12.5
    assert exchange(status=None, end=False).last_time == 10.0


def test_the_form_of_a_post_counts_although_somebody_asked_before_it_came():
    one = exchange(method="POST", url="https://t.test/token", status=None, end=False)
    assert one.token_request.scopes == ()
    form = b"grant_type=password&scope=repository%3Aa%2Fb%3Apull"
    one.request_body = Body(id="x", side=Side.CLIENT, size=len(form), complete=True, document=form)
    assert one.token_request.scopes == ("repository:a/b:pull",)
    assert one.token_request.grant_type == "password"


def test_what_a_mirror_was_seen_to_ask_comes_before_what_it_noted(traffic):
    traffic.get("https://registry.test/v2/", 200)
    (pull,) = traffic.pulls()
    exchange = pull.steps[0].exchange
    assert (exchange.calls, exchange.noted) == (None, None)
    exchange.joined = (UpstreamCall(method="GET", url="https://up.test/v2/", host="up.test", n=2),)
    assert exchange.calls == exchange.joined
    assert exchange.noted is None
