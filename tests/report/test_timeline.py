"""The waterfall and where the time went."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.pull import Pull
from inspector.report.timeline import Timeline

type Draw = Callable[..., str]


def test_docker_at_100_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Timeline(docker_pull), 100) == snapshot("""\
Timeline  9 requests in 131 ms, at most 2 at once
                                         0                   50 ms                100 ms
  1  challenge /v2/                    ░░█▓                                                     4 ms
  2  token     library/hello-world :…           █▓                                              4 ms
  3  resolve   latest → 588475207102                 ██▓                                        4 ms
  4  manifest  index 588475207102, 2…                        █▓                                 4 ms
  5  manifest  linux/amd64 25c641f594…                                █▓                        4 ms
  6  redirect  config bc7794f74045                                              ██▓             4 ms
  7  redirect  layer 1/1 3c06a682fa87                                           ██▓             4 ms
  8  cdn       config bc7794f74045                                                      ░░░██▓▓ 8 ms
  9  cdn       layer 1/1 3c06a682fa87                                                   ░░░██▓▓ 8 ms
  ░ connect and TLS  █ waiting for the first byte  ▓ receiving
   cdn ────────────────────────────────┤ manifest ──────┤ redirect ──────┤───────┤ token ┤───────┤
  by stage: cdn 36 %, manifest 18 %, redirect 18 %, challenge 9 %, token 9 %,
            resolve 9 % · between requests, the client itself: 99 ms
  slowest: 8 cdn 8 ms, 9 cdn 8 ms, 1 challenge 4 ms
  reached: first manifest 53 ms, first layer byte 127 ms, last byte 131 ms
""")


def test_docker_at_80_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Timeline(docker_pull), 80) == snapshot("""\
Timeline  9 requests in 131 ms, at most 2 at once
                                   0              50 ms          100 ms
  1  challenge /v2/               ░█▓                                       4 ms
  2  token     library/hello-wor…       █▓                                  4 ms
  3  resolve   latest → 58847520…           ██▓                             4 ms
  4  manifest  index 58847520710…                 █▓                        4 ms
  5  manifest  linux/amd64 25c64…                       ██▓                 4 ms
  6  redirect  config bc7794f740…                               █▓          4 ms
  7  redirect  layer 1/1 3c06a68…                               █▓          4 ms
  8  cdn       config bc7794f740…                                     ░░█▓▓ 8 ms
  9  cdn       layer 1/1 3c06a68…                                     ░░█▓▓ 8 ms
  ░ connect and TLS  █ waiting for the first byte  ▓ receiving
   cdn ──────────────────────────┤ manifest ──┤ redirect ──┤─────┤─────┤─────┤
  by stage: cdn 36 %, manifest 18 %, redirect 18 %, challenge 9 %, token 9 %,
            resolve 9 % · between requests, the client itself: 99 ms
  slowest: 8 cdn 8 ms, 9 cdn 8 ms, 1 challenge 4 ms
  reached: first manifest 53 ms, first layer byte 127 ms, last byte 131 ms
""")


def test_what_ran_at_once_overlaps(docker_pull: Pull, draw: Draw) -> None:
    rows = [line for line in draw(Timeline(docker_pull), 100).splitlines() if "redirect  " in line]
    bars = [row[40:-6] for row in rows]
    assert len(bars) == 2
    assert bars[0].index("█") == bars[1].index("█")


def test_a_step_without_times_is_drawn_all_the_same(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.steps[2].wait = docker_pull.steps[2].receive = None
    row = next(line for line in draw(Timeline(docker_pull), 100).splitlines() if "resolve" in line)
    assert "█" in row
    assert row.endswith("–")
