"""mitmproxy's own refusals, readable for a registry client."""

import json

from mitmproxy.proxy.layers.http import _http1, _http2

from inspector.recorder.private import pages


def test_a_page_is_an_oci_error_and_names_no_mitmproxy():
    answer = pages.page(400, "Received a \x1b[2J header from client,\nrefusing")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request")
    assert b"mitmproxy" not in answer
    error = json.loads(body)["errors"][0]
    assert error["code"] == "UNSUPPORTED"
    assert "\x1b" not in error["message"]


def test_connect_is_a_method_that_is_not_allowed():
    said = "mitmproxy received an HTTP CONNECT request even though it is not running in regular/upstream mode. This usually indicates a misconfiguration"
    answer = pages.page(400, said)
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"allow: GET, HEAD" in answer
    assert b"misconfiguration" not in answer


def test_a_server_error_is_told_as_one():
    assert json.loads(pages.body(502, "gone"))["errors"] == [
        {"code": "UNAVAILABLE", "message": "502 Bad Gateway: gone"}
    ]


def test_it_is_in_the_place_of_mitmproxys_own(monkeypatch):
    for module, name in ((_http1, "make_error_response"), (_http2, "format_error")):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(_http1, pages.MARK, "", raising=False)
    monkeypatch.delattr(_http1, pages.MARK)
    monkeypatch.setattr(_http1, "make_error_response", lambda status_code, message="": b"")
    monkeypatch.setattr(_http2, "format_error", lambda status_code, message: b"")
    assert pages.install() == []
    assert (_http1.make_error_response, _http2.format_error) == (pages.page, pages.body)
    assert pages.install() == []


def test_it_steps_aside_where_it_does_not_fit(monkeypatch):
    monkeypatch.setattr(_http1, pages.MARK, "", raising=False)
    monkeypatch.delattr(_http1, pages.MARK)
    monkeypatch.setattr(_http1, "make_error_response", lambda other: b"")
    assert "do not fit" in pages.install()[0]
