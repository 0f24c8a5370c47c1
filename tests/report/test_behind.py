"""What our mirror did behind a pull: whom it asked, its own time, what was resumed."""

import pytest
from inline_snapshot import snapshot
from msgspec.structs import replace

from inspector.core.events import Resume, UpstreamCall
from inspector.core.pull import Behind, Pull
from inspector.report.behind import (
    behind,
    call_status,
    call_time,
    call_url,
    in_words,
    own_time,
    resumed,
    summary,
)


def call(url: str = "https://up.test/v2/", **more: object) -> UpstreamCall:
    return UpstreamCall(method="GET", url=url, host="up.test", **more)  # type: ignore[arg-type]


def test_each_host_has_its_part(own_mirror_pull: Pull) -> None:
    assert [(one.name, str(one.role), one.calls) for one in behind(own_mirror_pull).values()] == snapshot(
        [
            ("registry-1.docker.io", "registry", 4),
            ("auth.docker.io", "token service", 1),
            ("production.cloudflare.docker.com", "CDN", 2),
        ]
    )


def test_the_summary_is_for_mirrored_pulls_only(own_mirror_pull: Pull, docker_pull: Pull) -> None:
    assert summary(own_mirror_pull) == snapshot(
        [
            "behind pull.test: registry-1.docker.io (registry, 4 calls)",
            "auth.docker.io (token service, 1 call)",
            "production.cloudflare.docker.com (CDN, 2 calls)",
            "38 ms in the mirror itself, 96 ms upstream",
            "resumed 1 time",
        ]
    )
    assert summary(docker_pull) == []
    assert behind(docker_pull) == {}


def test_a_mirror_that_asked_nobody_says_so(own_mirror_pull: Pull) -> None:
    own_mirror_pull.steps = own_mirror_pull.steps[:1]
    assert summary(own_mirror_pull) == snapshot(
        ["pull.test asked no upstream", "4 ms in the mirror itself, 0 ms upstream"]
    )


def test_a_recorded_side_says_how_it_was_found(own_mirror_pull: Pull, docker_pull: Pull) -> None:
    side = Behind(pull=docker_pull, first=7, shift=-30.0, within=0.007, matched=5)
    own_mirror_pull.behind = [side]
    assert summary(own_mirror_pull)[3] == snapshot(
        "recorded on both sides, 5 requests matched, the mirror's clock 30.0 s ahead (to 7 ms)"
    )
    own_mirror_pull.behind = [replace(side, shift=2.5, matched=1)]
    assert "1 request matched, the mirror's clock 2.50 s behind" in summary(own_mirror_pull)[3]
    own_mirror_pull.behind = [replace(side, shift=0.0, within=0.0)]
    assert summary(own_mirror_pull)[3] == "recorded on both sides, 5 requests matched"


def test_the_upstream_side_alone_says_what_it_is(docker_pull: Pull) -> None:
    request = docker_pull.steps[1].exchange.request
    docker_pull.steps[1].exchange.request = replace(
        request, headers=(*request.headers, ("x-forwarded-for", "10.0.0.1"))
    )
    assert summary(docker_pull) == [
        "sent on by a proxy (x-forwarded-for), whose client's side was not recorded"
    ]


def test_the_mirrors_own_time_of_a_step(own_mirror_pull: Pull, docker_pull: Pull) -> None:
    assert [own_time(step) for step in own_mirror_pull.steps] == snapshot(
        [
            "4 ms in the mirror itself, which asked no upstream",
            "6 ms of 30 ms in the mirror itself",
            "28 ms of 100 ms in the mirror itself",
        ]
    )
    assert own_time(docker_pull.steps[0]) is None


def test_less_than_a_millisecond_of_its_own_is_not_worth_a_word(own_mirror_pull: Pull) -> None:
    exchange = own_mirror_pull.steps[0].exchange
    assert exchange.end is not None
    whole = call(start=exchange.request.time, end=exchange.end.time)
    exchange.end = replace(exchange.end, upstream=(whole,))
    assert own_time(own_mirror_pull.steps[0]) is None


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (Resume(at=31_000_000, why="cut", status=206), ("resumed", "at 31 MB (cut)")),
        (Resume(at=0, why="status 503", status=200), ("again", "from the start (status 503)")),
        (Resume(at=9, why="cut", status=503), ("resumed", "at 9 B (cut), answered 503 Service Unavailable")),
        (Resume(at=9, why="cut"), ("resumed", "at 9 B (cut), in vain")),
    ],
)
def test_a_resume_in_words(one: Resume, told: tuple[str, str]) -> None:
    assert resumed(one) == told


@pytest.mark.parametrize(
    ("one", "told", "bad"),
    [
        (call(status=200), "200", False),
        (call(status=401), "401", False),
        (call(status=404), "404", True),
        (call(status=200, error="cut"), "200", True),
        (call(error="refused"), "–", True),
        (call(), "–", False),
    ],
)
def test_a_status_is_marked_where_something_is_wrong(one: UpstreamCall, told: str, bad: bool) -> None:
    status, style = call_status(one)
    assert (status, bool(style)) == (told, bad)


def test_times_and_urls() -> None:
    assert call_time(call(start=1.0, first_byte=1.5, end=2.5)) == "1.50 s"
    assert call_time(call()) == "–"
    assert call_url(call(f"https://up.test/a@sha256:{'ab' * 32}?x=1")) == "up.test/a@sha256:abababababab…?…"


def test_nothing_in_a_note_commands_a_terminal(own_mirror_pull: Pull, draw: "Callable[..., str]") -> None:  # noqa: F821
    from rich.console import Group

    exchange = own_mirror_pull.steps[0].exchange
    assert exchange.end is not None
    evil = call("https://up.test/\x1b[31m[red]x", error="\x1b]8;;x", address="\x07")
    exchange.end = replace(exchange.end, upstream=(evil,), resumes=(Resume(at=1, why="\x1b[2J"),))
    told = draw(Group(*in_words(own_mirror_pull.steps[0], 80)), 80)
    assert "[red]x" in told
    assert not {"\x1b", "\x07"} & set(told)


def test_many_calls_are_abridged(own_mirror_pull: Pull) -> None:
    exchange = own_mirror_pull.steps[0].exchange
    assert exchange.end is not None
    exchange.end = replace(exchange.end, upstream=(call(),) * 60, resumes=(Resume(at=1, why="cut"),) * 60)
    assert len(list(in_words(own_mirror_pull.steps[0], 80))) < 30
