"""One exchange's time as a bar."""

from inspector.core.pull import Pull
from inspector.report.phases import phase_bar, phases


def test_connecting_counts_only_where_it_was_done(docker_pull: Pull) -> None:
    assert [name for name, _ in phases(docker_pull.step(9))] == ["connect", "TLS", "waiting", "receiving"]
    assert [name for name, _ in phases(docker_pull.step(4))] == ["waiting", "receiving"]


def test_the_bar_has_its_figures_under_it(docker_pull: Pull) -> None:
    names, bar, figures = (line.plain for line in phase_bar(docker_pull.step(9), 80))
    assert names.split() == ["connect", "TLS", "waiting", "receiving"]
    assert bar.count("│") == 4
    assert figures.split() == ["1", "ms", "6", "ms", "4", "ms", "4", "ms", "=", "15", "ms"]
    assert all(len(line) <= 80 for line in (names, bar, figures))


def test_nothing_is_known(docker_pull: Pull) -> None:
    docker_pull.step(4).wait = docker_pull.step(4).receive = None
    assert [line.plain for line in phase_bar(docker_pull.step(4), 80)] == ["  how long it took is not known"]
