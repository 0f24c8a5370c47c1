"""The sequence of steps, at the widths that it is made for."""

from collections.abc import Callable

from inline_snapshot import snapshot
from msgspec.structs import replace

from inspector.core.events import ConnectionFailed, Peer, Trouble
from inspector.core.pull import Pull
from inspector.report.sequence import Sequence

type Draw = Callable[..., str]


def test_docker_at_100_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Sequence(docker_pull), 100) == snapshot("""\
   #  stage     what                                   host                      status   size  time
   1  challenge GET  /v2/                              registry-1.docker.io         401   87 B  4 ms
      └ Bearer  realm auth.docker.io/token · service registry.docker.io
   2  token     GET  library/hello-world : pull        auth.docker.io               200 4.5 kB  4 ms
      └ granted pull · valid 300 s · token A
   3  resolve   HEAD latest → 588475207102             registry-1.docker.io         200      –  4 ms
   4  manifest  GET  index 588475207102, 2 platforms ✔ registry-1.docker.io         200 1.3 kB  4 ms
   5  manifest  GET  linux/amd64 25c641f59440        ✔ registry-1.docker.io         200  404 B  4 ms
   6  redirect  GET  config bc7794f74045               registry-1.docker.io         307      –  4 ms
   8  └ cdn     GET  config bc7794f74045             ✔ production.c…e.docker.com    200  299 B  8 ms
   7  redirect  GET  layer 1/1 3c06a682fa87            registry-1.docker.io         307      –  4 ms
   9  └ cdn     GET  layer 1/1 3c06a682fa87          ✔ production.c…e.docker.com    200 305 kB  8 ms
     ✔ digest verified
""")


def test_docker_at_80_columns_with_letters_for_hosts(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Sequence(docker_pull), 80) == snapshot("""\
   #  stage     what                                         status   size  time
   1  challenge GET  /v2/                                  R    401   87 B  4 ms
      └ Bearer  realm auth.docker.io/token · service registry.docker.io
   2  token     GET  library/hello-world : pull            T    200 4.5 kB  4 ms
      └ granted pull · valid 300 s · token A
   3  resolve   HEAD latest → 588475207102                 R    200      –  4 ms
   4  manifest  GET  index 588475207102, 2 platforms     ✔ R    200 1.3 kB  4 ms
   5  manifest  GET  linux/amd64 25c641f59440            ✔ R    200  404 B  4 ms
   6  redirect  GET  config bc7794f74045                   R    307      –  4 ms
   8  └ cdn     GET  config bc7794f74045                 ✔ C    200  299 B  8 ms
   7  redirect  GET  layer 1/1 3c06a682fa87                R    307      –  4 ms
   9  └ cdn     GET  layer 1/1 3c06a682fa87              ✔ C    200 305 kB  8 ms
     R registry-1.docker.io · T auth.docker.io
     C production.cloudflare.docker.com · ✔ digest verified
""")


def test_docker_at_160_columns_with_time_of_day_connection_and_bar(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Sequence(docker_pull), 160) == snapshot("""\
  at             #  stage     what                                   host                             conn status   size  time
  14:13:20.000   1  challenge GET  /v2/                              registry-1.docker.io             c1      401   87 B  4 ms ░█▓
                    └ Bearer  realm auth.docker.io/token · service registry.docker.io
  14:13:20.017   2  token     GET  library/hello-world : pull        auth.docker.io                   c2      200 4.5 kB  4 ms      █▓
                    └ granted pull · valid 300 s · token A
  14:13:20.031   3  resolve   HEAD latest → 588475207102             registry-1.docker.io             c3      200      –  4 ms         █▓
  14:13:20.049   4  manifest  GET  index 588475207102, 2 platforms ✔ registry-1.docker.io             c4      200 1.3 kB  4 ms              █▓
  14:13:20.071   5  manifest  GET  linux/amd64 25c641f59440        ✔ registry-1.docker.io             c5      200  404 B  4 ms                   █▓
  14:13:20.096   6  redirect  GET  config bc7794f74045               registry-1.docker.io             c6      307      –  4 ms                         █▓
  14:13:20.123   8  └ cdn     GET  config bc7794f74045             ✔ production.cloudflare.docker.com c8      200  299 B  8 ms                              ░░█▓
  14:13:20.096   7  redirect  GET  layer 1/1 3c06a682fa87            registry-1.docker.io             c7      307      –  4 ms                         █▓
  14:13:20.123   9  └ cdn     GET  layer 1/1 3c06a682fa87          ✔ production.cloudflare.docker.com c9      200 305 kB  8 ms                              ░░█▓
     ✔ digest verified
""")


def test_a_refusal_is_marked_and_quoted(refused_pull: Pull, draw: Draw) -> None:
    assert draw(Sequence(refused_pull), 100) == snapshot("""\
   #  stage     what                              host                           status   size  time
   1  challenge GET  /v2/                         registry-1.docker.io              401   87 B  4 ms
      └ Bearer  realm auth.docker.io/token · service registry.docker.io
   2  token     GET  library/hello-world : pull   auth.docker.io                    200 4.5 kB  4 ms
      └ granted pull · valid 300 s · token A
   3  redirect  GET  config bc7794f74045          registry-1.docker.io              307      –  4 ms
✘  4  └ cdn     GET  config bc7794f74045          production.clo…lare.docker.com    400   28 B  4 ms
        └ ✘     an HTML page: Bad Request
""")


def test_a_resumed_transfer_stands_with_the_one_that_broke(resumed_pull: Pull, draw: Draw) -> None:
    assert draw(Sequence(resumed_pull), 100) == snapshot("""\
   #  stage      what                                  host                      status   size  time
   1  challenge  GET  /v2/                             registry-1.docker.io         401   87 B  4 ms
      └ Bearer   realm auth.docker.io/token · service registry.docker.io
   2  token      GET  library/hello-world : pull       auth.docker.io               200 4.5 kB  4 ms
      └ granted  pull · valid 300 s · token A
   3  redirect   GET  layer 1/1 3c06a682fa87           registry-1.docker.io         307      –  4 ms
✘  4  └ cdn      GET  layer 1/1 3c06a682fa87         ? production.c…e.docker.com    200 100 kB  8 ms
        └ ✘      server broke off after 100 of 305 kB: peer closed the connection
   5  ↻ redirect GET  layer 1/1 3c06a682fa87 (try 2)   registry-1.docker.io         307      –  4 ms
   6  └ cdn      GET  layer 1/1 3c06a682fa87 (try 2)   production.c…e.docker.com    206 205 kB  8 ms
        └ resumes at 100 kB
     ? could not be verified · ↻ tried again
""")


def test_the_registry_is_quoted_in_its_own_words(mirrored_pull: Pull, draw: Draw) -> None:
    assert draw(Sequence(mirrored_pull), 80) == snapshot("""\
   #  stage     what                                         status   size  time
✘  1  manifest  GET  manifest latest                       M    404   69 B  4 ms
      └ ✘       MANIFEST_UNKNOWN: manifest unknown
   2  manifest  GET  index 588475207102, 2 platforms     ✔ R    200 1.3 kB  4 ms
     M mirror.test:5000 · R registry-1.docker.io · ✔ digest verified
""")


def failed(time: float, host: str) -> ConnectionFailed:
    return ConnectionFailed(
        id=host, time=time, trouble=Trouble.CONNECT, client=Peer(), host=host, port=443, message="refused"
    )


def test_a_connection_that_came_to_no_request_stands_where_it_happened(
    mirrored_pull: Pull, draw: Draw
) -> None:
    begin = mirrored_pull.begin
    mirrored_pull.broken = [
        failed(begin + 0.01, "a.test"),
        failed(begin - 1, "first.test"),
        failed(begin + 9, "last.test"),
    ]
    lines = draw(Sequence(mirrored_pull), 100).splitlines()
    assert lines[1] == "✘  –  connect   first.test:443 could not connect: refused"
    assert [line.split()[3] for line in lines if "connect: refused" in line] == [
        "first.test:443",
        "a.test:443",
        "last.test:443",
    ]
    assert lines.index("✘  –  connect   a.test:443 could not connect: refused") == 4


def test_a_pull_of_failed_connections_only(talk: "Conversation", draw: Draw) -> None:  # noqa: F821 - of conftest
    pull = talk.pull(broken=[failed(1.0, "r.test")])
    for width in (80, 160):
        assert "r.test:443 could not connect: refused" in draw(Sequence(pull), width)


def test_nothing_at_all(talk: "Conversation", draw: Draw) -> None:  # noqa: F821
    assert draw(Sequence(talk.pull()), 80) == ""


def test_no_line_is_wider_than_asked_for(
    docker_pull: Pull, refused_pull: Pull, resumed_pull: Pull, draw: Draw
) -> None:
    for pull in (docker_pull, refused_pull, resumed_pull):
        for width in (60, 80, 99, 100, 120, 139, 140, 160, 200):
            assert max(map(len, draw(Sequence(pull), width).splitlines())) <= width


def test_what_our_mirror_did_upstream_stands_under_the_step(own_mirror_pull: Pull, draw: Draw) -> None:
    assert draw(Sequence(own_mirror_pull), 100) == snapshot("""\
   #  stage     what                                                  host      status   size   time
   1  ping      GET  /v2/                                             pull.test    200    2 B   4 ms
      └ mirror  4 ms in the mirror itself, which asked no upstream
   2  manifest  GET  manifest 25c641f59440                          ✔ pull.test    200  404 B  30 ms
      ↳ upstream GET  registry-1.docker.io/v2/libr…/hello-world/manifests/latest   401   87 B   2 ms
      ↳ upstream GET  auth.docker.io/token?…                                       200 4.5 kB  10 ms
      ↳ upstream GET  registry-1.docker.io/v2/libr…/hello-world/manifests/latest   200  404 B  12 ms
      └ mirror  6 ms of 30 ms in the mirror itself
   3  blob      GET  layer 1/1 3c06a682fa87                         ✔ pull.test    200 305 kB 100 ms
      ↳ upstream GET  registry-1.docker.io/v2/libr…ld/blobs/sha256:3c06a682fa87…   307    0 B   2 ms
      ↳ upstream GET  production.cloudflare.docker…gistry-v2/3c06a682fa87/data?…   200      –  32 ms
      ↳ upstream GET  registry-1.docker.io/v2/libr…ld/blobs/sha256:3c06a682fa87…   307    0 B   2 ms
      ↳ upstream GET  production.cloudflare.docker…gistry-v2/3c06a682fa87/data?…   206      –  36 ms
      └ mirror  28 ms of 100 ms in the mirror itself
      └ resumed at 100 kB (peer closed connection)
     ✔ digest verified
""")


def test_no_line_of_a_mirrored_pull_is_wider_than_asked_for(own_mirror_pull: Pull, draw: Draw) -> None:
    for width in (46, 60, 80, 99, 100, 139, 140, 200):
        lines = draw(Sequence(own_mirror_pull), width, encoding="ascii").splitlines()
        assert max(map(len, lines)) <= width
        assert sum("` upstream GET" in line for line in lines) == 7
        assert not any("?" in line.replace("token?", "").replace("data?", "") for line in lines if width > 99)


def test_only_some_of_very_many_calls_are_shown(own_mirror_pull: Pull, draw: Draw) -> None:
    exchange = own_mirror_pull.steps[2].exchange
    assert exchange.end is not None
    assert exchange.end.upstream is not None
    exchange.end = replace(exchange.end, upstream=exchange.end.upstream * 16)
    told = draw(Sequence(own_mirror_pull), 100)
    assert told.count("↳") == 3 + 12
    assert "52 more calls upstream" in told
