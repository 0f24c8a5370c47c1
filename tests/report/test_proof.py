"""The box around the evidence, alone; how it looks in a finding is in test_findings."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.finding import Evidence
from inspector.core.pull import Pull
from inspector.report.proof import Proof

type Draw = Callable[..., str]


def test_the_very_lines_with_a_mark_at_what_matters(refused_pull: Pull, draw: Draw) -> None:
    assert draw(Proof(refused_pull.findings[2], refused_pull), 80) == snapshot("""\
   ╭ 1 challenge    GET registry-1.docker.io/v2/
   │                401 Unauthorized
   │              ▶ www-authenticate: … realm="https://auth.docker.io/token",se…
   ╰                                                   ^^^^^^^^^^^^^^
""")


def test_nothing_is_drawn_without_evidence(refused_pull: Pull, draw: Draw) -> None:
    refused_pull.findings[0].evidence = []
    assert draw(Proof(refused_pull.findings[0], refused_pull), 80) == ""


def test_a_step_that_is_not_there_is_named_by_its_number(refused_pull: Pull, draw: Draw) -> None:
    refused_pull.findings[0].evidence = [Evidence(exchange=99, what="a third party's rule saw this")]
    assert "99" in draw(Proof(refused_pull.findings[0], refused_pull), 80)
