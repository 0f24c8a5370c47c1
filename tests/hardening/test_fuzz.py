"""Any bytes in any header or body, any order, any cut: a report in every format, no exception, memory in bounds.

The whole way is gone: a flow file is written, read, put together, diagnosed, told. What is odd is told in the report.
"""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.net.http import status_codes
from mitmproxy.test import tflow
from rich.console import Console

from inspector.compare import compare
from inspector.export.formats import NAMES, writer
from inspector.report.difference import Differences
from inspector.report.render import print_report
from inspector.rules import diagnosis
from inspector.sources.reading import read

D = "sha256:" + "ab" * 32
URLS = (
    "https://registry-1.docker.io/v2/", "https://registry-1.docker.io/v2/library/x/manifests/latest",
    f"https://registry-1.docker.io/v2/library/x/manifests/{D}", f"https://m.test:5000/v2/library/x/blobs/{D}", "https://auth.docker.io/token?scope=repository:library/x:pull",
    f"https://cdn.test/sha256/ab/{'ab' * 32}/data", "http://[::1]/v2/x/tags/list", "https://m.test/v2/x/manifests/latest?ns=docker.io",
)  # fmt: skip
NAMED = (
    b"www-authenticate", b"location", b"content-type", b"docker-content-digest", b"content-length", b"content-encoding", b"date", b"link",
    b"authorization", b"range", b"content-range", b"ratelimit-remaining", b"retry-after", b"oci-namespace", b"user-agent", b"server", b"accept",
)  # fmt: skip
PIECES = (
    b'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/x:pull"', b"Bearer ", b'Basic realm="',
    URLS[3].encode(), URLS[5].encode(), b"sha256:", D.encode(), b"application/vnd.oci.image.index.v1+json", b"text/html", b"gzip", b"bytes=5-",
    b"docker/28.1.1 go/go1.23", b"containers/5.36.1", b"-1", b"9" * 40, b"\x1b[2J", b"\xe2\x80\xae", b"%%{init}", b"</details>", b"::error::", b"|", b"`",
)  # fmt: skip
BODIES = (
    b"{}", b'{"errors":[{"code":"DENIED"}]}', b'{"token":"a.b.c","expires_in":1e999}', b'{"schemaVersion":2,"manifests":[{"digest":"' + D.encode() + b'","size":-1}]}',
    b'{"schemaVersion":2,"config":{"digest":"' + D.encode() + b'","size":2},"layers":[null,{"digest":3}]}', b"<html><title>x</title>", b"\xef\xbb\xbf{}",
)  # fmt: skip

values = st.lists(st.sampled_from(PIECES) | st.binary(max_size=12), max_size=4).map(b"".join)
fields = st.lists(st.tuples(st.sampled_from(NAMED) | st.binary(min_size=1, max_size=8), values), max_size=5)
exchanges = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "CONNECT", "\x1b"]),
    st.sampled_from(URLS),
    fields,
    st.none() | st.tuples(st.sampled_from([*status_codes.RESPONSES, 0, 799]), fields, st.sampled_from(BODIES) | st.binary(max_size=40)),
    st.none() | st.text(max_size=20),
    st.floats(min_value=0, max_value=100),
)  # fmt: skip


def flow_of(method, url, ask, answer, error, at):
    """A flow with these bytes, at these seconds."""
    flow = tflow.tflow(req=http.Request.make("GET", url), err=error is not None)
    flow.request.method = method
    flow.request.headers = http.Headers(ask)
    flow.timestamp_created = flow.request.timestamp_start = flow.request.timestamp_end = 1.7e9 + at
    if answer is not None:
        status, give, body = answer
        flow.response = http.Response.make(200, body)
        flow.response.status_code = status
        flow.response.headers = http.Headers(give)
        flow.response.timestamp_start = flow.response.timestamp_end = 1.7e9 + at + 0.01
    if error is not None:
        flow.error.msg = error
    return flow


def written(flows):
    out = io.BytesIO()
    saver = FlowWriter(out)
    for flow in flows:
        saver.add(flow)
    return out.getvalue()


def tell(path):
    """The report of a file in every form that there is; and what the text was."""
    report = read([str(path)])
    out = io.StringIO()
    for width in (40, 80, 133):
        print_report(Console(file=out, width=width, color_system=None), report, full=True)
    for name in NAMES[1:]:
        with writer(name) as one, io.BytesIO() as told:
            for pull in report.pulls:
                one.add(pull)
            one.write_to(told, report)
            out.write(told.getvalue().decode())
    for pull in report.pulls[:2]:
        Console(file=out, width=80, color_system=None).print(
            Differences(compare(pull, report.pulls[-1]), ("a", "b"))
        )
    return out.getvalue()


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    """A rule that raises is a mistake of ours, here."""
    monkeypatch.setattr(diagnosis, "RERAISE", True)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(exchanges, max_size=10))
def test_any_bytes_in_any_order_give_a_report_that_commands_no_terminal(tmp_path, some):
    path = tmp_path / "any.flow"
    path.write_bytes(written([flow_of(*one) for one in some]))
    text = tell(path)
    assert "\x1b" not in text
    assert "\u202e" not in text


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_any_cut_of_a_recording_gives_a_report_of_what_is_left(tmp_path, data):
    whole = (Path(__file__).parents[2] / "captures" / "docker-pull" / "pull.flow").read_bytes()
    cut = data.draw(st.integers(1, len(whole)))
    path = tmp_path / "cut.flow"
    path.write_bytes(whole[:cut])
    report = read([str(path)])
    assert report.sources[0].complete is (cut == len(whole) or report.sources[0].missing is None)
    tell(path)


# -- what is large -----------------------------------------------------------------------------------------------------------

AGENT = (b"user-agent", b"docker/28.1.1 go/go1.23 os/linux arch/amd64")
INDEX_TYPE = (b"content-type", b"application/vnd.oci.image.index.v1+json")
ENTRY = '{"digest":"sha256:%064x","size":7,"mediaType":"m"}'
MOST = 250 * 1024  # KiB: of one report of a hostile capture, mitmproxy's own modules and all


def index_of(entries):
    text = '{"schemaVersion":2,"manifests":[' + ",".join(ENTRY % n for n in range(entries)) + "]}"
    return text.encode()


def wide():
    """An index that names a hundred thousand manifests, in more than the 4 MiB that registries take."""
    yield flow_of("GET", URLS[1], [AGENT], (200, [INDEX_TYPE], index_of(100_000)), None, 0)


def four_mib():
    """An index of just 4 MiB."""
    yield flow_of("GET", URLS[1], [AGENT], (200, [INDEX_TYPE], index_of(4 * 1024 * 1024 // 105)), None, 0)


def deep():
    """JSON ten thousand levels deep where a manifest, a token and an error are due."""
    body = b'{"manifests":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    yield flow_of("GET", URLS[4], [AGENT], (200, [], body), None, 0)
    yield flow_of("GET", URLS[1], [AGENT], (200, [INDEX_TYPE], body), None, 1)
    yield flow_of("GET", URLS[2], [AGENT], (403, [], body), None, 2)


def redirected():
    """Ten thousand redirects, each to the next."""
    for n in range(10_000):
        url = URLS[3] if n == 0 else f"https://cdn.test/{n}"
        yield flow_of(
            "GET", url, [AGENT], (307, [(b"location", b"https://cdn.test/%d" % (n + 1))], b""), None, n / 1000
        )


def challenged():
    """A challenge of 64 KiB, and one of as many parameters."""
    long = b'Bearer realm="https://a.test/' + b"x" * 65_536 + b'",scope="repository:x:pull"'
    many = b"Bearer " + b",".join(b'p%d="v"' % n for n in range(6000))
    for at, value in enumerate((long, many, b'Bearer realm="' + b'\\"' * 32_000)):
        yield flow_of("GET", URLS[1], [AGENT], (401, [(b"www-authenticate", value)], b""), None, at)


def headed():
    """Ten thousand fields in one answer."""
    yield flow_of(
        "GET", URLS[1], [AGENT], (200, [(b"x-%d" % n, b"v" * 50) for n in range(10_000)], b""), None, 0
    )


@pytest.mark.parametrize(
    "large", [wide, four_mib, deep, redirected, challenged, headed], ids=lambda one: one.__name__
)
def test_what_is_large_is_reported_in_bounds(tmp_path, large):
    path = tmp_path / "large.flow"
    path.write_bytes(written(large()))
    code = "import sys, resource; from inspector.cli.main import run; status = run(sys.argv[1:]); print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0], file=sys.stderr); sys.exit(status)"
    for options in ([], ["--format", "json"], ["--format", "markdown"])[: 2 if large is redirected else 3]:
        call = [sys.executable, "-c", code, "report", str(path), *options]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        # The limit ends a test that would never end; it is no measure.
        done = subprocess.run(call, capture_output=True, text=True, env=env, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        assert int(done.stderr.split()[-1]) < MOST, options
        if "json" in options:
            assert json.loads(done.stdout)["pulls"]
