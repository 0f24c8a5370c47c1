"""The mirror's home page in Chromium: it is drawn, in light and in dark, wide and narrow, and its policy stops nothing of it."""

import functools
import http.server
import shutil
import struct
import subprocess
import threading
import zlib

import pytest

from inspector.mirror import home
from inspector.mirror.config_file import load

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian's package chromium)"),
]


class Page(http.server.BaseHTTPRequestHandler):
    """The page with the mirror's own fields, its policy among them."""

    def do_GET(self):
        answer = home.page(
            "https://mirror.example",
            load({"mirror_upstreams": ["docker.io", "ghcr.io"], "mirror_default": "docker.io"}, {}),
            "GET",
        )
        self.send_response(answer.status if self.path == "/" else 404)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_):
        """Silence."""


@pytest.fixture(scope="module")
def url():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def shot(url, tmp_path):
    def take(width, *, dark=False):
        file = tmp_path / "page.png"
        done = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
             f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1200", f"--screenshot={file}",
             f"--blink-settings=preferredColorScheme={0 if dark else 1}", url],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert "Content Security Policy" not in done.stderr
        assert ":CONSOLE" not in done.stderr
        return pixels(file.read_bytes())

    return take


def pixels(png):
    """Rows of pixels of a PNG of 8 bits a channel (PNG specification, sections 9.2 and 11.2.2)."""
    width, height = struct.unpack(">II", png[16:24])
    size = {2: 3, 6: 4}[png[25]]
    at, packed = 8, b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    data, rows, above = zlib.decompress(packed), [], bytes(width * size)
    for y in range(height):
        start = y * (width * size + 1)
        above = unfiltered(data[start], bytearray(data[start + 1 : start + 1 + width * size]), above, size)
        rows.append([tuple(above[x : x + 3]) for x in range(0, width * size, size)])
    return rows


def unfiltered(kind, row, above, size):
    for x, value in enumerate(row):
        left, up = (row[x - size] if x >= size else 0), above[x]
        corner = above[x - size] if x >= size else 0
        nearest = min(
            (abs(up - corner), 0, left), (abs(left - corner), 1, up), (abs(left + up - 2 * corner), 2, corner)
        )[2]
        row[x] = (value + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
    return bytes(row)


@functools.cache
def paper(dark):
    text = home._asset("home.css").split("--paper: ")[2 if dark else 1]
    return tuple(bytes.fromhex(text[1:7]))


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_drawn_in_the_readers_scheme(shot, dark):
    rows = shot(900, dark=dark)
    assert rows[2][2] == paper(dark)
    assert len({pixel for row in rows[::3] for pixel in row}) > 50, "text, lines and boxes"


def test_it_fits_a_narrow_window(shot):
    rows = shot(500)
    edge = {row[-3] for row in rows}
    assert edge == {paper(False)}, "nothing runs out at the right"
