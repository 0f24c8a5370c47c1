"""hardening.md, lines 64 to 66 and 71: files that are cut, foreign, huge or made to confuse."""

import gzip
import io
import os
import threading
from pathlib import Path

import pytest
from kit.peak import peak
from kit.story import CDN, IMAGE, REGISTRY, Story, image, sha
from mitmproxy.io import FlowWriter, tnetstring

from inspector.cli.main import run
from inspector.sources.copy import redacted_copy
from inspector.sources.reading import read
from inspector.sources.redact import Redactor

LAYER = b"layer " * 100
ROOT = Path(__file__).parents[2]


def pulling() -> Story:
    story = Story()
    story.challenge()
    story.token()
    story.manifest(image(LAYER))
    story.blob(LAYER)
    return story


def saved(*flows, recorded: bool = False) -> bytes:
    out = io.BytesIO()
    writer, redactor = FlowWriter(out), Redactor()
    for flow in flows:
        writer.add(redacted_copy(flow, redactor) if recorded else flow)
    return out.getvalue()


@pytest.mark.parametrize("recorded", [True, False])
def test_H64_a_flow_file_cut_at_any_byte(tmp_path, recorded):
    data = saved(*pulling().flows, recorded=recorded)
    ends, at = [], 0
    while at < len(data):
        length, _, _ = data[at : at + 12].partition(b":")
        at += len(length) + 1 + int(length) + 1
        ends.append(at)
    path = tmp_path / "cut.flow"
    for cut in [
        *range(3, len(data), 13),
        *(end + by for end in ends for by in (-1, 0, 1) if end + by <= len(data)),
    ]:
        path.write_bytes(data[:cut])
        report = read([str(path)])
        whole = sum(end <= cut for end in ends)
        assert sum(len(pull.steps) for pull in report.pulls) + report.other_exchanges <= whole
        (source,) = report.sources
        assert source.complete is (cut in ends)
        assert bool(source.missing) is (cut not in ends)


def test_H64_what_is_whole_of_a_cut_file_is_reported_with_one_line(report, tmp_path):
    path = tmp_path / "cut.flow"
    path.write_bytes(saved(*pulling().flows)[:-100])
    seen = report(path, says="The file is cut: of its last record")
    assert [one["stage"] for one in seen.exchanges] == ["challenge", "token", "manifest"]


def test_H64_a_record_of_the_future_gzip_a_folder_and_noise_are_one_line_each(refuse, tmp_path):
    (flow,) = pulling().flows[:1]
    path = tmp_path / "x.flow"
    path.write_bytes(tnetstring.dumps(flow.get_state() | {"version": 999}))
    assert "newer mitmproxy" in refuse(path)
    path.write_bytes(gzip.compress(saved(flow)))
    assert "gunzip" in refuse(path)
    path.write_bytes(os.urandom(4096).translate(None, b"0123456789{ \n\x1f\x28BPx\xfd") or b"#")
    assert "not a capture" in refuse(path)
    assert "folder" in refuse(tmp_path)
    assert "no such file" in refuse(tmp_path / "none")
    path.write_bytes(b"5:hello,")
    assert "not a capture" in refuse(path)


def test_H64_an_empty_file_is_one_line(report, tmp_path):
    path = tmp_path / "empty.flow"
    path.touch()
    assert report(path, says="empty").pulls == []


def test_H64_a_fifo_is_read_to_its_end(report, tmp_path):
    data, path = saved(*pulling().flows), tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(data,), daemon=True)
    writer.start()
    assert run(["report", str(path), "--format", "json"]) == 0


def test_H64_metadata_of_other_addons_is_let_be(told):
    story = pulling()
    for at, flow in enumerate(story.flows):
        flow.metadata = [
            {"x": [1, {"y": b"z"}]},
            {"pull_inspector": "text"},
            {"pull_inspector": [None]},
            {"": ""},
        ][at % 4]
    assert len(told(*story.flows).exchanges) == 4


def test_H64_memory_stays_flat_for_a_record_of_a_gigabyte(tmp_path):
    story, size = pulling(), 1 << 30
    head, _, tail = saved(story.flows[-1]).partition(b"600:" + LAYER + b",")
    inner = f"{size}:".encode()
    grown = size + len(inner) - len(b"600:" + LAYER)
    path = tmp_path / "large.flow"
    with path.open("wb") as file:
        file.write(saved(*story.flows[:-1]) + _longer(head, grown) + inner)
        file.seek(size, os.SEEK_CUR)
        file.write(b"," + tail)
    memory, text = peak(path)
    assert memory < 120
    assert "1.07 GB" in text or "1.00 GiB" in text or "1.1 GB" in text


def _longer(head: bytes, by: int) -> bytes:
    """The beginning of a record whose enclosing lengths (the record's and the response's) are ``by`` greater."""
    outer, _, rest = head.partition(b":")
    at = rest.rindex(b"8:response;") + len(b"8:response;")
    inner, _, last = rest[at:].partition(b":")
    longer = str(int(inner) + by).encode()
    return str(int(outer) + by + len(longer) - len(inner)).encode() + b":" + rest[:at] + longer + b":" + last


# -- 66: hostile structure -------------------------------------------------------------------------------------------------


def test_H66_nesting_without_end_is_no_flow(refuse, tmp_path, capsys):
    path, nested = tmp_path / "x.flow", b""
    for _ in range(20_000):
        nested = b"%d:%b]" % (len(nested), nested)
    path.write_bytes(nested)
    refuse(path)
    path.write_bytes(b"%d:%b}" % (len(nested) + 4, b"1:a;" + nested))
    refuse(path)
    path.write_text('{"log":{"entries":' + "[" * 100_000)
    assert run(["report", str(path)]) == 0
    assert "The file is cut or damaged" in capsys.readouterr().err


def test_H66_a_document_nested_without_end_is_told(told):
    story = pulling()
    story.manifest(b'{"schemaVersion":2,"layers":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert told(*story.flows).pulls


def test_H66_a_hundred_thousand_fields_are_told_in_short(told):
    story = pulling()
    fields = [(b"X-%d" % n, b"v") for n in range(100_000)]
    story.ask(f"{REGISTRY}/v2/{IMAGE}/manifests/x", 404, fields, b"")
    assert len(told(*story.flows).text) < 300_000


def test_H66_ids_that_stand_twice_are_two_exchanges(told):
    story = pulling()
    for flow in story.flows:
        flow.id = "same"
    assert len(told(*story.flows).exchanges) == 4


@pytest.mark.parametrize("ident", ["", "e1", "x" * 100_000, "\x1b[2J", "../../x", "None", "1"])
def test_H66_any_id_will_do(told, ident):
    story = pulling()
    story.flows[1].id = story.flows[2].client_conn.id = story.flows[3].server_conn.id = ident
    assert len(told(*story.flows).exchanges) == 4


# -- 71: who and when ------------------------------------------------------------------------------------------------------


def test_H71_two_clients_behind_one_address_are_two_pulls(told):
    one, other = Story(agent="docker/27.0.1"), Story(agent="containerd/2.0.1")
    for story in (one, other):
        story.challenge()
        story.token({"token": "opaque" * 6 + story.agent[:3]})
        story.manifest(image(LAYER), auth="opaque" * 6 + story.agent[:3])
        story.blob(LAYER)
    both = [flow for pair in zip(one.flows, other.flows, strict=True) for flow in pair]
    seen = told(*both)
    assert [len(pull["exchanges"]) for pull in seen.pulls] == [4, 4]
    assert {pull["client"]["name"] for pull in seen.pulls} == {"docker", "containerd"}


def test_H71_a_clock_that_steps_back_gives_no_negative_time(told):
    story = pulling()
    for flow in story.flows[2:]:
        for message in (flow.request, flow.response):
            message.timestamp_start -= 3600
            message.timestamp_end -= 3600
    story.flows[1].response.timestamp_end = story.flows[1].request.timestamp_start - 5
    seen = told(*story.flows)
    times = [
        one[key] for one in seen.exchanges for key in ("start", "wait", "receive") if one[key] is not None
    ]
    assert min(times) >= 0
    assert " -" not in seen.text.replace(" -s", "").replace(" --", "") or "-1" not in seen.text


def test_H71_a_flow_that_is_there_twice_is_one_of_a_replay(told):
    story = pulling()
    story.ask(f"{CDN}/x", 200, {}, b"")
    seen = told(*story.flows, *story.flows)
    assert {pull["outcome"] for pull in seen.pulls} <= {"complete", "up-to-date"}
    assert sha(LAYER)[7:19] in seen.text
