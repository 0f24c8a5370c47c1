"""What a check says of a pull."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.finding import Severity
from inspector.core.pull import Pull
from inspector.gate.policy import Judge, Policy
from inspector.gate.slo import Limit
from inspector.report.judged import MOST_SHOWN, JudgedPull, Said, Told

type Draw = Callable[..., str]


def test_what_counts_is_told_with_proof_and_remedy(refused_pull: Pull, draw: Draw) -> None:
    judgement = Judge(Policy(limits=(Limit("total", 0.001),))).pull(refused_pull)
    assert draw(JudgedPull(judgement), 80) == snapshot("""\
✘ docker.io/library/hello-world:latest  failed in 0.06 s
  ✘ error[cdn-rejects-authorization]
    the registry's token was sent on to the CDN, which refuses it
    proof    step 3: 307
             step 4: authorization: Bearer ‹token 3fa9c1d2›
    fix      In `location @handle_redirect` add: proxy_set_header Authorization
             "";
    led to   html-answer
    explain  pull-inspector explain cdn-rejects-authorization
  ✘ slo[total]
    64 ms, allowed 1 ms: the whole pull, from its first request to its last byte
""")


def test_what_passed_is_a_line(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.n = 2
    assert draw(JudgedPull(Judge().pull(docker_pull)), 80) == snapshot(
        "✔ pull 2  docker.io/library/hello-world:latest  complete in 0.13 s\n"
    )


def test_what_is_excused_is_told_with_its_reason(refused_pull: Pull, draw: Draw) -> None:
    judge = Judge(Policy(ignored={"cdn-rejects-authorization": "a mirror of others"}))
    assert draw(JudgedPull(judge.pull(refused_pull)), 80) == snapshot("""\
✘ docker.io/library/hello-world:latest  failed in 0.06 s
  • cdn-rejects-authorization  ignored: a mirror of others
  • html-answer  ignored: a mirror of others
""")


def test_a_failure_on_which_nothing_counts_says_how_to_see_more(refused_pull: Pull, draw: Draw) -> None:
    for finding in refused_pull.findings:
        finding.severity = Severity.WARNING
    assert "--fail-on note" in draw(JudgedPull(Judge().pull(refused_pull)), 80)


def test_what_belongs_to_no_pull_stands_under_its_own_head(refused_pull: Pull, draw: Draw) -> None:
    assert draw(JudgedPull(Judge().capture(refused_pull.findings)), 80).startswith("✘ before any pull\n")


def test_of_very_many_pulls_only_so_many_are_told(docker_pull: Pull, refused_pull: Pull, draw: Draw) -> None:
    told, judge = Told(80), Judge()
    for _ in range(MOST_SHOWN + 2):
        told.add(judge.pull(docker_pull))
        told.add(judge.pull(refused_pull))
    lines = draw(told, 80).splitlines()
    assert sum(line.startswith("✔") for line in lines) == MOST_SHOWN
    assert lines[-2:] == ["… and 2 pulls more that fail", "… and 2 pulls more that pass"]


def test_a_sentence_is_folded(draw: Draw) -> None:
    assert draw(Said(["one two three"], "dim"), 9) == "one two\nthree\n"
