"""The headline: did it work, by whom, over which path, at what cost."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.events import Side
from inspector.core.pull import Outcome, Pull, Stage
from inspector.report.headline import Headline

type Draw = Callable[..., str]


def test_a_healthy_pull_at_100_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Headline(docker_pull), 100) == snapshot("""\
✔ docker.io/library/hello-world:latest                                            complete in 0.13 s
  docker 20.10.24 from 127.0.0.1 · index 588475207102 → linux/amd64 25c641f59440, 1 layer
  312 kB in 9 requests over 9 connections to 3 hosts · 4 of 4 digests verified · token: anonymous
  registry-1.docker.io (registry) · auth.docker.io (token service)
  production.cloudflare.docker.com (CDN)
""")


def test_a_healthy_pull_at_80_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Headline(docker_pull), 80) == snapshot("""\
✔ docker.io/library/hello-world:latest                        complete in 0.13 s
  docker 20.10.24 from 127.0.0.1
  index 588475207102 → linux/amd64 25c641f59440, 1 layer
  312 kB in 9 requests over 9 connections to 3 hosts · 4 of 4 digests verified
  token: anonymous
  registry-1.docker.io (registry) · auth.docker.io (token service)
  production.cloudflare.docker.com (CDN)
""")


def test_a_failed_pull_says_where_it_stopped(refused_pull: Pull, draw: Draw) -> None:
    assert draw(Headline(refused_pull), 100) == snapshot("""\
✘ docker.io/library/hello-world:latest                                              failed in 0.06 s
  docker 20.10.24 from 127.0.0.1 · stopped at the config: 1 request refused with 400
  4.6 kB in 4 requests over 4 connections to 3 hosts · token: anonymous
  registry-1.docker.io (registry) · auth.docker.io (token service)
  production.cloudflare.docker.com (CDN)
""")


def test_a_mirror_is_named_as_one(mirrored_pull: Pull, draw: Draw) -> None:
    assert draw(Headline(mirrored_pull), 100) == snapshot("""\
✔ docker.io/library/hello-world:latest                                           inspected in 0.02 s
  docker 20.10.24 from 127.0.0.1 · digest 588475207102
  1.3 kB in 2 requests over 2 connections to 2 hosts · 1 of 1 digest verified · token: none
  mirror.test:5000 (mirror) · registry-1.docker.io (registry)
""")


def test_a_long_reference_gives_way_and_the_outcome_does_not(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.reference = "registry.example/" + "very/" * 30 + "deep:latest"
    first = draw(Headline(docker_pull), 80).splitlines()[0]
    assert first.startswith("✔ registry.example/very")
    assert first.endswith("deep:latest  complete in 0.13 s")
    assert len(first) == 80


def test_bytes_that_nobody_counted_make_it_at_least(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.steps[8].size = None
    assert "at least 6.5 kB in 9 requests" in draw(Headline(docker_pull), 100)


def test_an_index_that_only_a_head_told_of_is_one(docker_pull: Pull, draw: Draw) -> None:
    assert docker_pull.root is not None
    docker_pull.root.content, docker_pull.root.children = None, []
    assert "· index 588475207102\n" in draw(Headline(docker_pull), 100)


def test_where_a_pull_stopped_that_nobody_plainly_refused(
    docker_pull: Pull,
    talk: "Conversation",  # noqa: F821 - of conftest
    draw: Draw,
) -> None:
    docker_pull.outcome = Outcome.FAILED
    del docker_pull.steps[5:]
    assert "stopped after the manifest of step 5\n" in draw(Headline(docker_pull), 100)
    talk.add(
        Stage.CHALLENGE, "GET", "https://r.test/v2/x/manifests/1", 401, at=0.0, bearer="‹token 01234567›"
    )
    pull = talk.pull(Outcome.FAILED)
    assert "stopped at step 1: its credentials are not enough (401)" in draw(Headline(pull), 100)


def test_a_long_digest_is_cut_to_what_says_which_it_is(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.reference = f"docker.io/library/hello-world@{docker_pull.digest}"
    assert draw(Headline(docker_pull), 80).startswith(
        "✔ docker.io/library/hello-world@sha256:588475207102…  "
    )


def test_our_mirror_is_named_with_whom_it_asked_and_its_own_time(own_mirror_pull: Pull, draw: Draw) -> None:
    assert draw(Headline(own_mirror_pull), 100) == snapshot("""\
✔ pull.test/hello-world:latest                                                    complete in 0.16 s
  docker 20.10.24 from 127.0.0.1 · digest 588475207102
  305 kB in 3 requests over 3 connections to 1 host · 2 of 2 digests verified · token: none
  pull.test (mirror)
  behind pull.test: registry-1.docker.io (registry, 4 calls)
  auth.docker.io (token service, 1 call) · production.cloudflare.docker.com (CDN, 2 calls)
  38 ms in the mirror itself, 96 ms upstream · resumed 1 time
""")


def test_a_request_without_an_answer_is_no_transfer(talk: "Conversation", draw: Draw) -> None:  # noqa: F821
    refused = "[Errno 111] Connect call failed ('192.0.2.9', 443)"
    for at in (0.0, 1.0):
        talk.add(Stage.PING, "GET", "https://r.test/v2/", None, at=at, error=refused, side=Side.SERVER)
    pull = talk.pull(outcome=Outcome.FAILED)
    assert "stopped at the ping: 2 requests without an answer" in draw(Headline(pull), 100)
