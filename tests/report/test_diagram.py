"""Lifelines and arrows."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.pull import Pull
from inspector.report.diagram import Diagram

type Draw = Callable[..., str]


def test_docker_at_100_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Diagram(docker_pull), 100) == snapshot("""\
Sequence diagram
      docker              registry-1.docker.io          auth.docker.io           productio…ocker.com
      client                    registry                 token service                   CDN
         │                          │                          │                          │
    0 ms ├─1 GET /v2/──────────────▶│                          │                          │
         │◀───────────401 challenge─┤                          │                          │
   17 ms ├─2 GET /token─────────────┼─────────────────────────▶│                          │
         │◀─────────────────────────┼────────────────200 token─┤                          │
   31 ms ├─3 HEAD manifests/latest─▶│                          │                          │
         │◀────────200 588475207102─┤                          │                          │
   49 ms ├─4 GET 588475207102──────▶│                          │                          │
         │◀────────────200 · 1.3 kB─┤                          │                          │
   71 ms ├─5 GET 25c641f59440──────▶│                          │                          │
         │◀─────────────200 · 404 B─┤                          │                          │
   96 ms ├─6 GET config────────────▶│                          │                          │
         │◀──────────────307 to CDN─┤                          │                          │
         ├─7 GET layer 1/1─────────▶│                          │                          │
         │◀──────────────307 to CDN─┤                          │                          │
  123 ms ├─8 GET config─────────────┼──────────────────────────┼─────────────────────────▶│
         │◀─────────────────────────┼──────────────────────────┼──────────────200 · 299 B─┤
         ├─9 GET layer 1/1──────────┼──────────────────────────┼─────────────────────────▶│
         │◀─────────────────────────┼──────────────────────────┼─────────────200 · 305 kB─┤
  CDN: production.cloudflare.docker.com
""")


def test_docker_at_80_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Diagram(docker_pull), 80) == snapshot("""\
Sequence diagram
      docker        registry-…docker.io   auth.docker.io    productio…ocker.com
      client             registry          token service            CDN
         │                   │                   │                   │
    0 ms ├─1 GET /v2/───────▶│                   │                   │
         │◀────401 challenge─┤                   │                   │
   17 ms ├─2 GET /token──────┼──────────────────▶│                   │
         │◀──────────────────┼─────────200 token─┤                   │
   31 ms ├─3 HEAD latest────▶│                   │                   │
         │◀─200 588475207102─┤                   │                   │
   49 ms ├─4 GET index──────▶│                   │                   │
         │◀─────200 · 1.3 kB─┤                   │                   │
   71 ms ├─5 GET manifest───▶│                   │                   │
         │◀──────200 · 404 B─┤                   │                   │
   96 ms ├─6 GET config─────▶│                   │                   │
         │◀───────307 to CDN─┤                   │                   │
         ├─7 GET layer 1/1──▶│                   │                   │
         │◀───────307 to CDN─┤                   │                   │
  123 ms ├─8 GET config──────┼───────────────────┼──────────────────▶│
         │◀──────────────────┼───────────────────┼───────200 · 299 B─┤
         ├─9 GET layer 1/1───┼───────────────────┼──────────────────▶│
         │◀──────────────────┼───────────────────┼──────200 · 305 kB─┤
  registry: registry-1.docker.io
  CDN: production.cloudflare.docker.com
""")


def test_a_mirror_has_its_own_lifeline(mirrored_pull: Pull, draw: Draw) -> None:
    assert draw(Diagram(mirrored_pull), 80) == snapshot("""\
Sequence diagram
      docker                   mirror.test:5000            registry-1.docker.io
      client                        mirror                       registry
         │                             │                             │
    0 ms ├─1 GET manifests/latest─────▶│                             │
         │◀───────────────✘ 404 · 69 B─┤                             │
   20 ms ├─2 GET manifests/latest──────┼────────────────────────────▶│
         │◀────────────────────────────┼────────────────200 · 1.3 kB─┤
""")


def test_a_refusal_is_marked_in_the_arrow(refused_pull: Pull, draw: Draw) -> None:
    assert "✘ 400" in draw(Diagram(refused_pull), 80)


def test_hosts_that_have_no_room_share_a_lifeline(docker_pull: Pull, draw: Draw) -> None:
    drawn = draw(Diagram(docker_pull), 46)
    assert "2 more" in drawn
    assert "drawn as one: auth.docker.io" in drawn


def test_our_mirror_has_a_lifeline_between_client_and_upstreams(own_mirror_pull: Pull, draw: Draw) -> None:
    assert draw(Diagram(own_mirror_pull), 100) == snapshot("""\
Sequence diagram
      docker             pull.test      registry-…docker.io   auth.docker.io    productio…ocker.com
      client              mirror             registry          token service            CDN
         │                   │                   │                   │                   │
    0 ms ├─1 GET /v2/───────▶│                   │                   │                   │
         │◀────────200 · 2 B─┤                   │                   │                   │
   20 ms ├─2 GET latest─────▶│                   │                   │                   │
         │                   ├─GET 401──────────▶│                   │                   │
         │                   ├─GET 200───────────┼──────────────────▶│                   │
         │                   ├─GET 200──────────▶│                   │                   │
         │◀──────200 · 404 B─┤                   │                   │                   │
   60 ms ├─3 GET layer 1/1──▶│                   │                   │                   │
         │                   ├─GET 307──────────▶│                   │                   │
         │                   ├─GET 200───────────┼───────────────────┼──────────────────▶│
         │                   ├─GET 307──────────▶│                   │                   │
         │                   ├─GET 206───────────┼───────────────────┼──────────────────▶│
         │◀─────200 · 305 kB─┤                   │                   │                   │
  registry: registry-1.docker.io
  CDN: production.cloudflare.docker.com
""")
