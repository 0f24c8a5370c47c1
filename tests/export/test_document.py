"""The JSON document holds what report-json.md fixes, with null for what is not known."""

import json

from inspector.core.engine import Engine
from inspector.core.events import Ended, Peer, RequestHead, ResponseHead, Resume, UpstreamCall
from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.joined import join
from inspector.core.report import Report, Source
from inspector.export.document import encode, to_document

PULL = {
    "n", "reference", "registry", "repository", "tag", "digest", "client", "outcome", "begin", "elapsed", "exchanges",
    "connections_failed", "findings", "checks",
}  # fmt: skip
EXCHANGE = {
    "n", "stage", "content", "method", "url", "host", "status", "error", "digest", "size", "verified", "follows",
    "retry_of", "start", "wait", "receive",
}  # fmt: skip


def report():
    engine = Engine()
    engine.feed(
        RequestHead(
            id="a",
            time=5.0,
            method="HEAD",
            url="https://r.test/v2/a/b/manifests/1",
            host="r.test",
            http_version="HTTP/1.1",
            headers=(("user-agent", "docker/24.0.7"),),
            client=Peer(address="10.0.0.1"),
        )
    )
    engine.feed(ResponseHead(id="a", time=5.25, status=404, http_version="HTTP/1.1", headers=()))
    engine.feed(Ended(id="a", time=None))
    pulls = engine.finish()
    pulls[0].findings.append(
        Finding(
            code="tag-not-found",
            severity=Severity.ERROR,
            confidence=Confidence.PROVED,
            summary="no such tag",
            evidence=[Evidence(exchange=1, what="404")],
            cause="c",
            remedy="r",
            spec="s",
        )
    )
    return Report(sources=[Source(file="x.flow", format="flow")], pulls=pulls, other_exchanges=3)


def test_the_document_has_the_contracts_fields():
    document = to_document(report())
    assert set(document) == {"schema", "sources", "pulls", "other", "findings"}
    assert document["schema"] == "pull-inspector/report/1"
    assert set(document["pulls"][0]) == PULL
    assert set(document["pulls"][0]["exchanges"][0]) == EXCHANGE
    assert document["sources"][0] == {
        "file": "x.flow", "format": "flow", "complete": True, "missing": None, "redaction": None,
    }  # fmt: skip
    assert document["other"] == {"exchanges": 3, "connections_failed": 0}


def test_unknown_is_null():
    exchange = to_document(report())["pulls"][0]["exchanges"][0]
    assert exchange["wait"] == 0.25
    unknown = ("content", "error", "digest", "size", "verified", "follows", "retry_of", "receive")
    assert [exchange[name] for name in unknown] == [None] * len(unknown)


def test_a_finding_names_its_evidence():
    finding = to_document(report())["pulls"][0]["findings"][0]
    assert finding["evidence"] == [{"exchange": 1, "what": "404"}]
    assert (finding["severity"], finding["confidence"], finding["caused_by"]) == ("error", "proved", None)


def test_the_encoding_is_one_json_document_with_a_final_line_feed():
    text = encode(report())
    assert json.loads(text) == to_document(report())
    assert text.endswith(b"}\n")


def test_what_a_mirror_did_upstream_stands_in_the_exchange_that_caused_it():
    told = report()
    end = told.pulls[0].steps[0].exchange
    call = UpstreamCall(
        method="GET", url="https://up.test/v2/a/b/manifests/1", host="up.test", status=404, start=5.05, first_byte=5.15, end=5.2, size=9,
    )  # fmt: skip
    resume = Resume(at=7, why="peer closed connection", time=5.125, host="up.test", status=206)
    end.end = Ended(id="a", time=5.25, upstream=(call,), resumes=(resume,))
    exchange = to_document(told)["pulls"][0]["exchanges"][0]
    assert set(exchange) == EXCHANGE | {"upstream", "resumes"}
    assert exchange["upstream"] == [
        {
            "method": "GET", "url": "https://up.test/v2/a/b/manifests/1", "host": "up.test", "status": 404, "error": None, "size": 9,
            "body": False, "start": 0.05, "wait": 0.1, "receive": 0.05,
        }
    ]  # fmt: skip
    assert exchange["resumes"] == [
        {"at": 7, "why": "peer closed connection", "host": "up.test", "status": 206, "start": 0.125}
    ]
    assert json.loads(encode(told)) == to_document(told)


def test_a_mirror_that_asked_nobody_is_told_from_no_mirror():
    told = report()
    told.pulls[0].steps[0].exchange.end = Ended(id="a", time=None, upstream=())
    exchange = to_document(told)["pulls"][0]["exchanges"][0]
    assert (exchange["upstream"], exchange["resumes"]) == ([], [])


def side(host, start, took):
    """The one pull of a recording of one request."""
    engine = Engine()
    engine.feed(
        RequestHead(
            id="a", time=start, method="HEAD", url=f"https://{host}/v2/a/b/manifests/1", host=host,
            http_version="HTTP/1.1", headers=(("user-agent", "docker/24.0.7"),), client=Peer(address="10.0.0.1"),
        )
    )  # fmt: skip
    engine.feed(ResponseHead(id="a", time=start + took / 2, status=404, http_version="HTTP/1.1", headers=()))
    engine.feed(Ended(id="a", time=start + took))
    (pull,) = engine.finish()
    pull.source = f"{host}.flow"
    return pull


def test_what_was_recorded_on_a_mirrors_other_side_has_numbers_that_go_on():
    (group,) = join([side("m.test", 5.0, 0.5), side("up.test", 5.125, 0.125)], [0, 1])
    (document,) = to_document(Report(pulls=group.pulls()))["pulls"]
    (exchange,) = document["exchanges"]
    (call,) = exchange["upstream"]
    assert (call["n"], call["stage"], call["host"], call["status"]) == (2, "resolve", "up.test", 404)
    assert (call["start"], call["wait"], call["receive"]) == (0.125, 0.0625, 0.0625)
    assert document["sides"] == [
        {
            "source": "up.test.flow", "reference": "up.test/a/b:1", "exchanges": 1, "matched": 1,
            "client": {"name": "docker", "version": "24.0.7", "address": "10.0.0.1"},
            "clock_offset": 0.0, "clock_within": 0.0,
        }
    ]  # fmt: skip
    assert set(document) == PULL | {"sides"}
