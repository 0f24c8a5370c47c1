"""Faults come to order, as often as ordered; and the log says what really happened."""

import http.client

import pytest

from inspector.lab.hub import REGISTRY
from inspector.lab.serving import Fault

LATEST = "/v2/demo/app/manifests/latest"


def test_a_fault_replaces_status_body_and_headers(hub, ask):
    bearer = ask.bearer()
    hub.faults["manifest"] = Fault(
        status=503, body=b"busy", headers={"Retry-After": "3", "Docker-Content-Digest": None}
    )
    answer = ask(REGISTRY, LATEST, bearer)
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (503, b"busy", "3")
    assert "Docker-Content-Digest" not in answer.headers
    assert answer.headers["Content-Length"] == "4"


def test_a_fault_ends_after_so_many_times(hub, ask):
    hub.faults["ping"] = Fault(status=500, times=2)
    assert [ask(REGISTRY, "/v2/").status for _ in range(3)] == [500, 500, 401]


def test_a_fault_stays_in_its_place(hub, ask):
    hub.faults["manifest"] = Fault(status=500)
    assert ask(REGISTRY, "/v2/", ask.bearer()).status == 200


def test_a_cut_body_ends_short_of_its_length(hub, ask):
    bearer = ask.bearer()
    hub.faults["manifest"] = Fault(cut=100)
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(REGISTRY, LATEST, bearer)
    assert len(caught.value.partial) == 100


def test_the_log_says_what_was_asked_and_answered(hub, ask):
    ask(REGISTRY, "/v2/")
    ask(REGISTRY, "/nowhere?secret=1")
    assert [(s.host, s.place, s.method, s.path, s.status) for s in hub.log] == [
        (REGISTRY, "ping", "GET", "/v2/", 401),
        (REGISTRY, "none", "GET", "/nowhere", 404),
    ]


def test_no_answer_names_the_server_software(ask):
    assert "Server" not in ask(REGISTRY, "/v2/").headers
