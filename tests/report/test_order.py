"""The order of the rows."""

from inspector.core.pull import Pull, Stage
from inspector.report.order import ordered


def test_a_fetch_stands_under_its_redirect(docker_pull: Pull) -> None:
    assert [(one.step.n, one.depth) for one in ordered(docker_pull)][5:] == [(6, 0), (8, 1), (7, 0), (9, 1)]


def test_a_second_try_stands_after_the_first(resumed_pull: Pull) -> None:
    assert [(one.step.n, one.depth, one.attempt) for one in ordered(resumed_pull)][2:] == [
        (3, 0, 1),
        (4, 1, 1),
        (5, 0, 2),
        (6, 1, 2),
    ]


def test_tries_at_two_blobs_do_not_mix(talk: "Conversation") -> None:  # noqa: F821 - of conftest
    def get(stage: Stage, **more: object) -> None:
        talk.add(stage, "GET", "https://r.test/v2/x/blobs/b", at=float(len(talk.steps)), **more)

    get(Stage.REDIRECT)
    get(Stage.REDIRECT)
    get(Stage.CDN, follows=1)
    get(Stage.CDN, follows=2)
    get(Stage.REDIRECT, retry_of=1)
    get(Stage.CDN, follows=5, retry_of=3)
    assert [one.step.n for one in ordered(talk.pull())] == [1, 3, 5, 6, 2, 4]


def test_every_step_comes_once_whatever_leads_where(talk: "Conversation") -> None:  # noqa: F821
    for number in range(1, 30):
        talk.add(
            Stage.REDIRECT,
            "GET",
            "https://r.test/v2/x/blobs/b",
            at=0.0,
            follows=(number * 7) % 31 or None,
            retry_of=(number * 5) % 11 or None,
        )
    assert sorted(one.step.n for one in ordered(talk.pull())) == list(range(1, 30))
