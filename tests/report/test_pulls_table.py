"""A line a pull."""

from collections.abc import Callable

import msgspec
from inline_snapshot import snapshot

from inspector.core.exchange import Exchange
from inspector.core.pull import Pull, Step
from inspector.report.pulls_table import PullsTable, row_of

type Draw = Callable[..., str]


def test_at_100_columns(docker_pull: Pull, refused_pull: Pull, mirrored_pull: Pull, draw: Draw) -> None:
    refused_pull.n, mirrored_pull.n = 2, 3
    assert draw(
        PullsTable([row_of(pull) for pull in (docker_pull, refused_pull, mirrored_pull)]), 100
    ) == snapshot("""\
3 pulls
  #  outcome      reference                             client  req    size    time  findings
  1  ✔ complete   docker.io/library/hello-world:latest  docker    9  312 kB  131 ms  –
  2  ✘ failed     docker.io/library/hello-world:latest  docker    4  4.6 kB   64 ms  1 error
  3  ✔ inspected  docker.io/library/hello-world:latest  docker    2  1.3 kB   24 ms  –
""")


def test_at_80_columns(docker_pull: Pull, refused_pull: Pull, draw: Draw) -> None:
    refused_pull.n = 2
    assert draw(PullsTable([row_of(docker_pull), row_of(refused_pull)]), 80) == snapshot("""\
2 pulls
  #  outcome     reference                             req    time  findings
  1  ✔ complete  docker.io/library/hello-world:latest    9  131 ms  –
  2  ✘ failed    docker.io/library/hello-world:latest    4   64 ms  1 error
""")


def test_wide_it_tells_the_time(docker_pull: Pull, draw: Draw) -> None:
    assert "14:13:20.000" in draw(PullsTable([row_of(docker_pull)]), 140)


def test_a_login_has_no_reference(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.reference = docker_pull.repository = None
    assert "registry-1.docker.io" in draw(PullsTable([row_of(docker_pull)]), 100)


def test_a_row_holds_none_of_the_pulls_parts(docker_pull: Pull) -> None:
    docker_pull.reference = "r.test/" + "x" * 10_000
    row = row_of(docker_pull)
    assert len(row.reference) == 1000
    assert not any(isinstance(value, Pull | Step | Exchange) for value in msgspec.structs.astuple(row))
    assert sum(row.checks) == len(docker_pull.checks)


def test_a_table_says_what_was_not_counted(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.steps[8].size = None
    assert "≥6.5 kB" in draw(PullsTable([row_of(docker_pull)]), 100)
