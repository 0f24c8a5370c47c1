"""Files in, a report out."""

import json

import pytest
from mitmproxy.test import tflow

from inspector.core.pull import Outcome
from inspector.sources.errors import CaptureError
from inspector.sources.reading import read

MANIFEST = (
    b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}'
)


@pytest.fixture
def write(tmp_path, saved):
    def path(name, *flows):
        (tmp_path / name).write_bytes(saved(*flows))
        return str(tmp_path / name)

    return path


@pytest.fixture
def pull(make_flow):
    """The flows of a pull of one tag."""

    def flows(repository, start=1000.0):
        agent = [(b"User-Agent", b"skopeo/1.9.3")]
        return [
            make_flow("https://registry.test/v2/", request=agent, start=start),
            make_flow(
                f"https://registry.test/v2/{repository}/manifests/x",
                request=agent,
                start=start + 1,
                content=MANIFEST,
            ),
        ]

    return flows


def test_pulls_are_numbered_across_files(write, pull):
    report = read([write("a.flow", *pull("a/one"), *pull("a/two", 2000.0)), write("b.flow", *pull("b/one"))])
    assert [found.n for found in report.pulls] == [1, 2, 3]
    assert [found.repository for found in report.pulls] == ["a/one", "a/two", "b/one"]
    assert [source.format for source in report.sources] == ["flow", "flow"]
    assert all(found.checks for found in report.pulls)


def test_a_pull_that_is_handed_over_is_not_kept(write, pull):
    seen = []
    report = read([write("a.flow", *pull("a/one"), *pull("a/two", 2000.0))], on_pull=seen.append)
    assert report.pulls == []
    assert [found.n for found in seen] == [1, 2]
    assert all(found.checks for found in seen)


def test_findings_of_no_pull_are_the_same_whether_pulls_are_kept_or_not(write, make_flow, pull):
    def failed(start):
        return make_flow(
            "https://registry.test/",
            method="CONNECT",
            status=None,
            error="[Errno 111] Connect call failed",
            start=start,
        )

    path = write("a.flow", failed(10.0), *pull("a/one"), failed(9000.0))
    kept, handed_over = read([path]), read([path], on_pull=lambda _: None)
    assert kept.findings == handed_over.findings
    assert [len(finding.evidence) for finding in kept.findings] == [1]  # the first try was made good later


def test_what_is_no_registry_traffic_is_counted(write, make_flow, pull):
    report = read([write("a.flow", make_flow("https://other.test/"), tflow.ttcpflow(), *pull("a/one"))])
    assert (report.other_exchanges, len(report.pulls)) == (2, 1)


def test_a_connection_that_failed_is_counted(write, make_flow):
    failed = make_flow(
        method="CONNECT", status=None, error="The client does not trust the proxy's certificate"
    )
    assert read([write("a.flow", failed)]).connections_failed == 1


def test_a_cut_file_is_told_of(tmp_path, saved, pull):
    data = saved(*pull("a/one"), *pull("a/two", 2000.0))
    (tmp_path / "a.flow").write_bytes(data[:-10])
    report = read([str(tmp_path / "a.flow")])
    assert report.sources[0].complete is False
    assert "10 bytes are missing" in report.sources[0].missing
    assert report.pulls[0].repository == "a/one"


def test_a_damaged_record_is_left_out_and_told_of(tmp_path, saved, pull):
    odd = b"6:3:abc,}"  # of the grammar, and no flow
    (tmp_path / "a.flow").write_bytes(saved(*pull("a/one")) + odd + saved(*pull("a/two", 2000.0)))
    report = read([str(tmp_path / "a.flow")])
    assert [found.repository for found in report.pulls] == ["a/one", "a/two"]
    assert (report.sources[0].complete, report.sources[0].missing) == (
        False,
        "1 record in it is damaged and left out.",
    )
    (tmp_path / "a.flow").write_bytes(saved(*pull("a/one")) + odd * 2 + b"99:cut")
    assert (
        read([str(tmp_path / "a.flow")])
        .sources[0]
        .missing.endswith(" Also, 2 records in it are damaged and left out.")
    )


def test_an_empty_file_gives_an_empty_report(write):
    report = read([write("a.flow")])
    assert (report.pulls, report.other_exchanges, report.sources[0].complete) == ([], 0, True)


def test_a_har_is_read_as_well(tmp_path, pull):
    from mitmproxy.addons.savehar import SaveHar

    (tmp_path / "a.har").write_text(json.dumps(SaveHar().make_har(pull("a/one"))))
    [found] = read([str(tmp_path / "a.har")]).pulls
    assert found.repository == "a/one"
    assert found.outcome in Outcome


def test_a_file_that_is_none_stops_the_reading(tmp_path, write, pull):
    (tmp_path / "x").write_text("hello")
    with pytest.raises(CaptureError):
        read([write("a.flow", *pull("a/one")), str(tmp_path / "x")])


def test_progress_counts_all_files(write, pull):
    paths = [write("a.flow", *pull("a/one")), write("b.flow", *pull("b/one"))]
    seen = []
    read(paths, progress=lambda done, total: seen.append((done, total)))
    from pathlib import Path

    total = sum(Path(path).stat().st_size for path in paths)
    assert seen[-1] == (total, total)
    assert seen == sorted(seen)


def test_progress_of_a_pipe_has_no_total(monkeypatch, saved, pull):
    import io

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(saved(*pull("a/one"))))))
    seen = []
    read(["-"], progress=lambda _done, total: seen.append(total))
    assert set(seen) == {None}
