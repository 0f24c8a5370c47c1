"""One exchange, whole."""

from collections.abc import Callable

import pytest
from inline_snapshot import snapshot

from inspector.core.events import Body, Side
from inspector.core.pull import Pull
from inspector.report.request import Request

type Draw = Callable[..., str]


def test_a_redirect_at_100_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Request(docker_pull, 6), 100) == snapshot("""\
6 redirect  config bc7794f74045  of 9
  follows 2 token
  led to 8 cdn
  connection c6 · to 192.0.2.7:443 · TLSv1.3 · ALPN http/1.1 · at 14:13:20.096

  GET https://registry-1.docker.io/v2/library/hello-world/blobs/sha256:bc7794f74045000000
    0000000000000000000000000000000000000000000000 HTTP/1.1
  > host: registry-1.docker.io
  > user-agent: docker/20.10.24 go/go1.19 os/linux arch/amd64
  > authorization: Bearer ‹token A›

  307 Temporary Redirect  HTTP/1.1
  < location:
      https://production.cloudflare.docker.com/registry-v2/bc7794f74045/data?verify=‹signature
      01234567›

  waiting                                                                   receiving
  █████████████████████████████████████████████████████████████████████████│▓▓▓▓▓▓▓▓▓▓▓│
                                                                       4 ms        0 ms = 4 ms
""")


def test_a_fetch_at_80_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Request(docker_pull, 9), 80) == snapshot("""\
9 cdn  layer 1/1 3c06a682fa87  of 9
  follows 7 redirect
  connection c9 · to 192.0.2.7:443 · TLSv1.3 · ALPN http/1.1 · at 14:13:20.123

  GET https://production.cloudflare.docker.com/registry-v2/3c06a682fa
    87/data?verify=‹signature 01234567› HTTP/1.1
  > host: production.cloudflare.docker.com
  > user-agent: docker/20.10.24 go/go1.19 os/linux arch/amd64

  200 OK  HTTP/1.1
  received 305,000 bytes, 76 MB/s

  connect      TLS                waiting         receiving
  ░░░░░░░░░░░░│░░░░░░░░░░░░░░░░░░│███████████████│▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓│
          1 ms               6 ms            4 ms            4 ms = 15 ms
""")


def test_whether_the_digest_is_right_is_said_where_there_is_room(docker_pull: Pull, draw: Draw) -> None:
    step = docker_pull.step(9)
    body = Body(id="9", side=Side.SERVER, size=9, sha256="a" * 64, decoded_sha256="a" * 64, complete=True)
    step.exchange.response_body, step.verified = body, True
    digest = f"  sha256:{'a' * 64}"
    assert f"{digest}  ✔ as asked for\n" in draw(Request(docker_pull, 9), 100)
    assert f"{digest}\n  ✔ as asked for\n" in draw(Request(docker_pull, 9), 80)


def test_a_refusal_quotes_the_body(mirrored_pull: Pull, draw: Draw) -> None:
    assert "MANIFEST_UNKNOWN: manifest unknown" in draw(Request(mirrored_pull, 1), 80)


def test_no_answer_is_told(resumed_pull: Pull, draw: Draw) -> None:
    resumed_pull.steps[3].exchange.response = None
    assert "server broke off: peer closed the connection" in draw(Request(resumed_pull, 4), 80)


@pytest.mark.parametrize("number", [-1, 0, 10])
def test_there_is_no_such_step(docker_pull: Pull, number: int) -> None:
    with pytest.raises(IndexError):
        Request(docker_pull, number)


def test_what_our_mirror_did_for_it(own_mirror_pull: Pull, draw: Draw) -> None:
    told = draw(Request(own_mirror_pull, 3), 100)
    assert told[told.index("  received") : told.index("  waiting")] == snapshot("""\
  received 305,000 bytes, 3.4 MB/s
  ↳ upstream GET registry-1.docker.io/v2/library/hello-world/blobs/sha256:3c06a682fa87… · 307 · 2 ms
  ↳ upstream GET production.cloudflare.docker.com/registry-v2/3c06a682fa87/data?… · 200 · 32 ms
             peer closed connection
  ↳ upstream GET registry-1.docker.io/v2/library/hello-world/blobs/sha256:3c06a682fa87… · 307 · 2 ms
  ↳ upstream GET production.cloudflare.docker.com/registry-v2/3c06a682fa87/data?… · 206 · 36 ms
             passed on as it came
  resumed at 100 kB (peer closed connection)
  28 ms of 100 ms in the mirror itself

""")
