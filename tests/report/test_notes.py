"""The notes under a step's row."""

from inspector.core.pull import Pull, Stage
from inspector.report.names import Names
from inspector.report.notes import notes


def said(pull: Pull, n: int, followed: tuple[int, ...] = ()) -> list[tuple[str, str]]:
    return [(label, line) for label, line, _ in notes(pull.step(n), pull, Names(pull), followed)]


def test_a_challenge_says_realm_and_service(docker_pull: Pull) -> None:
    assert said(docker_pull, 1) == [("Bearer", "realm auth.docker.io/token · service registry.docker.io")]


def test_a_token_says_what_was_granted_and_for_how_long(docker_pull: Pull) -> None:
    assert said(docker_pull, 2) == [("granted", "pull · valid 300 s · token A")]


def test_a_redirect_that_nobody_followed_says_where_it_led(docker_pull: Pull) -> None:
    assert said(docker_pull, 6) == [
        ("to", "production.cloudflare.docker.com/registry-v2/bc7794f74045/data?… (not followed)")
    ]
    assert said(docker_pull, 6, (6,)) == []


def test_a_resumed_transfer_says_where(resumed_pull: Pull) -> None:
    assert said(resumed_pull, 6) == [("resumes", "at 100 kB")]


def test_a_body_that_the_mirror_went_on_with_says_where(own_mirror_pull: Pull) -> None:
    assert said(own_mirror_pull, 3) == [("resumed", "at 100 kB (peer closed connection)")]


def test_only_the_first_redirect_to_another_repository_is_told(talk: "Conversation") -> None:  # noqa: F821 - of conftest
    for tag in ("1", "2"):
        talk.add(
            Stage.REDIRECT,
            "GET",
            f"https://m.test/v2/alpine/manifests/{tag}",
            301,
            at=0.0,
            answer={"location": f"/v2/library/alpine/manifests/{tag}"},
        )
    pull = talk.pull()
    assert said(pull, 1, (1, 2)) == [("to", "repository library/alpine")]
    assert said(pull, 2, (1, 2)) == []


def test_two_challenges_are_two_notes(talk: "Conversation") -> None:  # noqa: F821
    talk.add(
        Stage.CHALLENGE,
        "GET",
        "https://m.test/v2/",
        401,
        at=0.0,
        answer={
            "www-authenticate": 'Bearer realm="https://t.test/t",scope="repository:a/b:pull", Basic realm="m"'
        },
    )
    assert said(talk.pull(), 1) == [("Bearer", "realm t.test/t · scope a/b : pull"), ("Basic", "realm m")]
