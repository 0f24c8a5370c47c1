"""The content tree and what became of each part."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.pull import Outcome, Pull
from inspector.report.content import ContentTree

type Draw = Callable[..., str]


def test_a_complete_pull(docker_pull: Pull, draw: Draw) -> None:
    assert draw(ContentTree(docker_pull), 100) == snapshot("""\
Content
  index            588475207102  1.3 kB  ✔ fetched · verified · step 4
  ├─ linux/amd64   25c641f59440   404 B  ✔ fetched · verified · step 5
  │  ├─ config     bc7794f74045   299 B  ✔ fetched · verified · step 8
  │  └─ layer 1/1  3c06a682fa87  305 kB  ✔ fetched · verified · step 9
  ├─ linux/arm64   86eb9724ee32   401 B  – skipped
  └─ attestation   0c0ea9691d5f   465 B  – skipped
  4 fetched (306 kB), 2 skipped (866 B)
""")


def test_a_failed_pull_at_80_columns(refused_pull: Pull, draw: Draw) -> None:
    assert draw(ContentTree(refused_pull), 80) == snapshot("""\
Content
  index            588475207102       –  ✔ fetched
  ├─ linux/amd64   25c641f59440   404 B  ✔ fetched
  │  ├─ config     bc7794f74045   299 B  ✘ failed · step 4
  │  └─ layer 1/1  3c06a682fa87  305 kB  ◌ not reached
  ├─ linux/arm64   86eb9724ee32   401 B  – skipped
  └─ attestation   0c0ea9691d5f   465 B  – skipped
  2 fetched (404 B), 1 failed (299 B), 1 not reached (305 kB), 2 skipped (866 B)
""")


def test_a_layer_that_nobody_asked_for_was_there_already(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.outcome = Outcome.UP_TO_DATE
    layer = docker_pull.root.children[0].children[1]  # type: ignore[union-attr]
    layer.state, layer.steps = "not-asked", []
    assert "305 kB  • already there" in draw(ContentTree(docker_pull), 80)


def test_bytes_that_came_twice_are_called_out(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.steps[7].size = 300 + 299
    assert "▲ 300 B came more than once: bc7794f74045" in draw(ContentTree(docker_pull), 80)


def test_no_manifest_was_read(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.root = None
    assert draw(ContentTree(docker_pull), 80) == "Content\n  No manifest was read.\n"
