"""Files in, a report out."""

import io
import json
from pathlib import Path

import pytest
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import tflow

from inspector.core.finding import Severity
from inspector.core.pull import Outcome
from inspector.sources.errors import CaptureError
from inspector.sources.pool import Pool
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
    total = sum(Path(path).stat().st_size for path in paths)
    assert seen[-1] == (total, total)
    assert seen == sorted(seen)


def test_progress_of_a_pipe_has_no_total(monkeypatch, saved, pull):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(saved(*pull("a/one"))))))
    seen = []
    read(["-"], progress=lambda _done, total: seen.append(total))
    assert set(seen) == {None}


# -- both sides of a mirror -------------------------------------------------------------------------------------------------

CAPTURES = Path(__file__).parents[3] / "shared" / "captures"
PAIRS = sorted(path.name.removesuffix(".up.flow") for path in CAPTURES.glob("*.up.flow"))
HEALTHY = {"dist-docker-library-cold", "worker26-docker-nolibrary", "worker26-mirror-ctr"}
NOTES = {
    "dist-docker-library-cold": ["blob-fetched-twice"],
    "worker26-docker-nolibrary": ["http1-only"],
    "worker26-mirror-ctr": ["http1-only"],
}

pairs = pytest.mark.parametrize("name", PAIRS)
captures = pytest.mark.skipif(not PAIRS, reason="no folder of captures beside the repository")


def side(name, seconds=0.0, up=False):
    """The flows of one side, by a clock that is that much ahead."""
    path = CAPTURES / (f"{name}.up.flow" if up else f"{name}.flow")
    with path.open("rb") as file:
        flows = list(FlowReader(file).stream())
    names = ("start", "end", "tcp_setup", "tls_setup")
    for flow in flows:
        for part in (flow.request, flow.response, flow.client_conn, flow.server_conn):
            for name_of_time in (f"timestamp_{name}" for name in names):
                if getattr(part, name_of_time, None) is not None:
                    setattr(part, name_of_time, getattr(part, name_of_time) + seconds)
    return flows


def in_short(report):
    """Each step with what the mirror asked for it, and the findings."""
    return [
        (
            pull.reference,
            str(pull.outcome),
            [
                (
                    s.exchange.request.url.partition("verify=")[0],
                    [u.exchange.host + u.exchange.path for u in s.upstream],
                )
                for s in pull.steps
            ],
            [(f.code, f.caused_by, [piece.exchange for piece in f.evidence]) for f in pull.findings],
        )
        for pull in report.pulls
    ]


def both(name):
    return read([str(CAPTURES / f"{name}.flow"), str(CAPTURES / f"{name}.up.flow")])


@pairs
def test_both_sides_of_a_real_mirror_are_one_pull(name):
    report = both(name)
    (pull,) = report.pulls
    assert len(pull.upstream) == sum(1 for _ in side(name, up=True))
    assert [source.file for source in report.sources] == [
        str(CAPTURES / f"{name}.flow"),
        str(CAPTURES / f"{name}.up.flow"),
    ]
    bad = [f.code for f in pull.findings if f.severity is not Severity.NOTE]
    if name in HEALTHY:
        assert bad == []
        assert [f.code for f in pull.findings] == NOTES.get(name, [])


@captures
def test_the_root_is_found_upstream():
    (pull,) = both("nginx-asis-docker-library").pulls
    first, page = pull.findings[:2]
    assert (first.code, page.code, page.caused_by) == (
        "credentials-forwarded",
        "html-answer",
        "credentials-forwarded",
    )
    assert {pull.step(piece.exchange).exchange.host for piece in first.evidence} == {
        "registry-1.docker.io",
        "production.cloudflare.docker.com",
    }


@pairs
def test_the_order_of_the_files_does_not_matter(name):
    turned = read([str(CAPTURES / f"{name}.up.flow"), str(CAPTURES / f"{name}.flow")])
    assert in_short(turned) == in_short(both(name))


@pairs
@pytest.mark.parametrize("seconds", [30.0, -30.0, 7.3])
def test_clocks_that_are_seconds_apart(name, seconds, write):
    report = read([str(CAPTURES / f"{name}.flow"), write("up.flow", *side(name, seconds, up=True))])
    assert in_short(report) == in_short(both(name))
    (pull,) = report.pulls
    assert pull.behind[0].shift == pytest.approx(-seconds, abs=0.05)


@pairs
@pytest.mark.parametrize("order", ["client first", "upstream first", "as it came"])
@pytest.mark.parametrize("seconds", [0.0, 30.0, -30.0])
def test_both_sides_in_one_file(name, order, seconds, write):
    client, upstream = side(name), side(name, seconds, up=True)
    flows = [*upstream, *client] if order == "upstream first" else [*client, *upstream]
    if order == "as it came":
        flows.sort(key=lambda flow: flow.response.timestamp_end)
    assert in_short(read([write("both.flow", *flows)])) == in_short(both(name))


@captures
def test_no_recordings_but_those_of_one_mirror_are_joined():
    """Every capture there is, of one image mostly, in one go."""
    paths = sorted(str(path) for path in CAPTURES.glob("*.flow"))
    for order in (paths, paths[::-1]):
        joined = [pull for pull in read(order).pulls if pull.behind]
        assert sorted(Path(pull.source).name for pull in joined) == [f"{name}.flow" for name in PAIRS]
        assert all(pull.behind[0].pull.source == pull.source.replace(".flow", ".up.flow") for pull in joined)


@captures
def test_the_other_side_is_found_among_many_pulls(tmp_path, monkeypatch):
    """Files of which neither fits into the engine's and the pool's bounds: they are read side by side."""
    monkeypatch.setattr("inspector.core.drafts.MOST", 8)
    monkeypatch.setattr("inspector.sources.reading.Pool", lambda: Pool(most=16))
    name = "nginx-strip-docker-library"
    count = 60
    for which, up in (("a.flow", False), ("b.flow", True)):
        with (tmp_path / which).open("wb") as file:
            writer = FlowWriter(file)
            flows = [flow for flow in side(name, up=up) if "/manifests/" in flow.request.path]
            for number in range(count):
                for flow in flows:
                    again = flow.copy()
                    for part in (again.request, again.response):
                        part.timestamp_start += 3.0 * number
                        part.timestamp_end += 3.0 * number
                    again.request.path = again.request.path.replace("hello-world", f"image-{number}")
                    writer.add(again)
    seen = []
    read([str(tmp_path / "a.flow"), str(tmp_path / "b.flow")], on_pull=seen.append)
    assert len(seen) == count
    assert all(len(pull.upstream) == 3 for pull in seen)
