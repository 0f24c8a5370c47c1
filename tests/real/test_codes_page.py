"""The page of ``explain --format html`` in Chromium: it is drawn, and nothing of it is wider than a narrow window."""

import functools
import http.server
import re
import shutil
import subprocess
import threading

import pytest

from inspector.export.codes_page import page
from inspector.rules import catalogue

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
# The page's own policy lets no script run; the measure takes its place.
MEASURE = (
    '<script>document.title = [innerWidth, document.documentElement.scrollWidth].join(" ")</script></body>'
)

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian's package chromium)"),
]


class Page(http.server.BaseHTTPRequestHandler):
    """``/`` holds the page in a frame of 360 pixels: a window of Chromium's own cannot be so narrow."""

    @functools.cached_property
    def framed(self):
        return re.sub("<meta http-equiv=[^>]*>", "", page(catalogue.rules())).replace("</body>", MEASURE)

    def do_GET(self):
        outer = (
            '<iframe src="/page" style="width:360px;height:600px;border:0"></iframe>'
            "<script>addEventListener('load', () => { document.body.textContent ="
            " document.querySelector('iframe').contentDocument.title })</script>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((self.framed if self.path == "/page" else outer).encode())

    def log_message(self, *_):
        """Silence."""


@pytest.fixture(scope="module")
def url():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def chromium(tmp_path, *words):
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    return subprocess.run([*command, *words], capture_output=True, text=True, timeout=120, check=False)


def test_a_narrow_window_is_never_scrolled_sideways(url, tmp_path):
    found = re.search(r"<body>(\d+) (\d+)", chromium(tmp_path, "--dump-dom", url).stdout)
    assert found is not None
    window, widest = map(int, found.groups())
    assert window == 360
    assert widest <= window


def test_the_pages_own_policy_stops_nothing_of_it(tmp_path):
    file = tmp_path / "codes.html"
    file.write_text(page(catalogue.rules()))
    done = chromium(
        tmp_path, "--enable-logging=stderr", f"--screenshot={tmp_path / 'page.png'}", file.as_uri()
    )
    assert (tmp_path / "page.png").stat().st_size > 20_000, done.stderr
    assert "Content Security Policy" not in done.stderr
