"""The demo's pull goes through a real mitmdump with the script that it is given, and leaves that script's capture."""

import pytest

from inspector.lab.demo import record_pull
from inspector.lab.proxy import ProxyError

# A recorder in small: it takes the options that addons/record.py takes and writes down what came by.
RECORDER = """
from mitmproxy import ctx

class Recorder:
    def load(self, loader):
        loader.add_option("registry_capture", str, "", "")
        loader.add_option("registry_live", bool, True, "")
        self.lines = []
    def responseheaders(self, flow):
        flow.response.stream = True
        self.lines.append(f"{flow.request.method} {flow.request.pretty_url.partition('?')[0]} {flow.response.status_code}")
    def done(self):
        if FILE and not ctx.options.registry_live:
            open(ctx.options.registry_capture, "w").write("\\n".join(self.lines))

addons = [Recorder()]
"""


@pytest.fixture(name="recorder")
def fixture_recorder(tmp_path):
    def write(*, leaves_file):
        script = tmp_path / "recorder.py"
        script.write_text(f"FILE = {leaves_file}\n{RECORDER}")
        return script

    return write


def test_the_capture_holds_the_pull_under_the_names_that_the_client_used(recorder, tmp_path):
    pulled = record_pull(recorder(leaves_file=True), tmp_path / "demo.flow")
    lines = (tmp_path / "demo.flow").read_text().splitlines()
    assert lines[:5] == [
        "GET https://registry.demo.test/v2/ 401",
        "GET https://auth.demo.test/token 200",
        "HEAD https://registry.demo.test/v2/demo/app/manifests/latest 200",
        lines[3],
        f"GET https://registry.demo.test/v2/demo/app/manifests/{pulled.digest} 200",
    ]
    assert len(lines) == 15


def test_a_recorder_that_leaves_no_capture_is_an_error(recorder, tmp_path):
    with pytest.raises(ProxyError, match="left no capture"):
        record_pull(recorder(leaves_file=False), tmp_path / "demo.flow")
