"""The report put together: sections, several pulls, one exchange; and that nothing hostile gets through any of it."""

import io
from collections.abc import Callable

import msgspec
import pytest
from inline_snapshot import snapshot
from rich.cells import cell_len
from rich.console import Console

from inspector.core.pull import Outcome, Pull, Stage
from inspector.core.report import Report, Source
from inspector.report.render import SECTIONS, print_pull, print_report, pull_lines

type Draw = Callable[..., str]


def printed(report: Report, width: int = 100, **how: object) -> str:
    out = io.StringIO()
    print_report(Console(file=out, width=width, _environ={}), report, **how)  # type: ignore[arg-type]
    return out.getvalue()


def report_of(*pulls: Pull) -> Report:
    for n, pull in enumerate(pulls, 1):
        pull.n = n
    return Report(sources=[Source(file="pull.flow", format="flow", redaction="default")], pulls=list(pulls))


def test_the_default_report(docker_pull: Pull) -> None:
    assert printed(report_of(docker_pull)) == snapshot("""\
✔ docker.io/library/hello-world:latest                                            complete in 0.13 s
  docker 20.10.24 from 127.0.0.1 · index 588475207102 → linux/amd64 25c641f59440, 1 layer
  312 kB in 9 requests over 9 connections to 3 hosts · 4 of 4 digests verified · token: anonymous
  registry-1.docker.io (registry) · auth.docker.io (token service)
  production.cloudflare.docker.com (CDN)

   #  stage     what                                   host                      status   size  time
   1  challenge GET  /v2/                              registry-1.docker.io         401   87 B  4 ms
      └ Bearer  realm auth.docker.io/token · service registry.docker.io
   2  token     GET  library/hello-world : pull        auth.docker.io               200 4.5 kB  4 ms
      └ granted pull · valid 300 s · token A
   3  resolve   HEAD latest → 588475207102             registry-1.docker.io         200      –  4 ms
   4  manifest  GET  index 588475207102, 2 platforms ✔ registry-1.docker.io         200 1.3 kB  4 ms
   5  manifest  GET  linux/amd64 25c641f59440        ✔ registry-1.docker.io         200  404 B  4 ms
   6  redirect  GET  config bc7794f74045               registry-1.docker.io         307      –  4 ms
   8  └ cdn     GET  config bc7794f74045             ✔ production.c…e.docker.com    200  299 B  8 ms
   7  redirect  GET  layer 1/1 3c06a682fa87            registry-1.docker.io         307      –  4 ms
   9  └ cdn     GET  layer 1/1 3c06a682fa87          ✔ production.c…e.docker.com    200 305 kB  8 ms
     ✔ digest verified

No findings.   more: --full · one exchange: --request 8
pull.flow · flow · redacted: default
Checks: 1 passed, 0 failed, 0 not applicable, 0 could not tell
""")


def test_what_is_wrong_comes_before_the_long_story(refused_pull: Pull) -> None:
    text = printed(report_of(refused_pull))
    assert (
        text.index("✘ docker.io")
        < text.index("error[cdn-rejects")
        < text.index("   #  stage")
        < text.index("Checks:")
    )


@pytest.mark.parametrize("width", [40, 60, 80, 99, 100, 120, 160, 250])
def test_everything_at_every_width(
    width: int, docker_pull: Pull, refused_pull: Pull, resumed_pull: Pull
) -> None:
    text = printed(report_of(docker_pull, refused_pull, resumed_pull), width, full=True)
    assert max(map(cell_len, text.splitlines())) <= width
    assert text.splitlines()[-1].startswith(("Checks of all pulls:", "  "))


def test_the_last_line_counts_the_checks(docker_pull: Pull) -> None:
    assert (
        printed(report_of(docker_pull)).splitlines()[-1]
        == "Checks: 1 passed, 0 failed, 0 not applicable, 0 could not tell"
    )


@pytest.mark.parametrize(
    ("section", "sign"),
    [
        ("headline", "complete in"), ("sequence", "#  stage"), ("diagram", "Sequence diagram"), ("timeline", "by stage:"),
        ("content", "Content"), ("tokens", "Challenges and tokens"), ("hosts", "allow-list"), ("checks", "Checks  1 passed"),
        ("footer", "No findings."),
    ],
)  # fmt: skip
def test_a_section_is_shown_alone(section: str, sign: str, docker_pull: Pull, draw: Draw) -> None:
    alone = draw(pull_lines(docker_pull, {section}), 100)
    assert sign in alone
    others = draw(pull_lines(docker_pull, set(SECTIONS) - {section}), 100)
    assert sign not in others


def test_findings_are_shown_alone(refused_pull: Pull, draw: Draw) -> None:
    assert draw(pull_lines(refused_pull, {"findings"}), 100).startswith("  ✘ error[")


def test_several_pulls_begin_with_a_table(docker_pull: Pull, refused_pull: Pull) -> None:
    text = printed(report_of(docker_pull, refused_pull))
    assert text.startswith("2 pulls\n")
    assert "── pull 1 ─" in text
    assert "── pull 2 ─" in text
    assert "--pull 2 --request 4" in text


def test_of_many_pulls_only_the_failed_are_told(docker_pull: Pull, refused_pull: Pull) -> None:
    many = [msgspec.structs.replace(docker_pull) for _ in range(8)]
    text = printed(report_of(*many, refused_pull))
    assert "── pull 9 ─" in text
    assert "── pull 1 ─" not in text
    assert "8 pulls not shown one by one" in text
    assert "9 pulls: 8 complete, 1 failed" in text


def test_one_pull_of_several(docker_pull: Pull, refused_pull: Pull) -> None:
    text = printed(report_of(docker_pull, refused_pull), pull=2)
    assert text.startswith("✘ docker.io")


def test_one_request(docker_pull: Pull) -> None:
    assert printed(report_of(docker_pull), request=6).startswith("6 redirect  config bc7794f74045  of 9")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"request": 10}, "there is no request 10: this pull has 9"),
        ({"pull": 2}, "there is no pull 2: it has 1 pull"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(how: dict[str, int], said: str, docker_pull: Pull) -> None:
    with pytest.raises(IndexError, match=said):
        printed(report_of(docker_pull), **how)


def test_a_request_of_several_pulls_needs_the_pull(docker_pull: Pull, refused_pull: Pull) -> None:
    with pytest.raises(IndexError, match="say which with --pull N"):
        printed(report_of(docker_pull, refused_pull), request=1)


def test_no_pull_at_all() -> None:
    assert printed(report_of()).startswith("No pull in this recording.\npull.flow")
    with pytest.raises(IndexError, match="there is no pull in it"):
        printed(report_of(), request=1)


def test_findings_of_no_pull_come_first(docker_pull: Pull, refused_pull: Pull) -> None:
    report = report_of(docker_pull)
    report.findings = refused_pull.findings[:1]
    assert printed(report).startswith("  ✘ error[cdn-rejects-authorization]")


def test_a_live_pull_is_printed_as_it_ends(docker_pull: Pull) -> None:
    out = io.StringIO()
    print_pull(Console(file=out, width=100, _environ={}), docker_pull)
    assert out.getvalue().startswith("✔ docker.io/library/hello-world:latest")


HOSTILE = "\x1b[2J\x1b]52;c;aGk=\x07[bold][/x][link=https://evil.example]\u202e" + "w" * 10_000


def hostile(talk: "Conversation") -> Pull:  # noqa: F821 - of conftest
    """A pull in which every text is an attack."""
    path = HOSTILE
    body = b'{"errors":[{"code":"DENIED","message":"[/x]\\u001b[2J"}]}'
    talk.client = HOSTILE
    talk.add(
        Stage.CHALLENGE,
        "GET",
        f"https://a.test/v2/{path}",
        401,
        at=0.0,
        answer={"www-authenticate": f'Bearer realm="{HOSTILE}"'},
    )
    talk.add(
        Stage.TOKEN,
        "GET",
        f"https://b.test/{path}?service={HOSTILE}&scope={HOSTILE}",
        at=0.1,
        document=b'{"token":"x","scope":"[/x]"}',
    )
    talk.add(
        Stage.MANIFEST,
        HOSTILE[:40],
        "https://evil\x1b.test/v2/x/manifests/[bold]",
        403,
        at=0.2,
        document=body,
        size=3,
    )
    talk.add(
        Stage.CDN,
        "GET",
        f"https://c.test/{path}",
        None,
        at=0.3,
        error=HOSTILE,
        headers={HOSTILE: HOSTILE},
        answer={HOSTILE: HOSTILE},
    )
    return talk.pull(Outcome.FAILED, reference=HOSTILE, repository=HOSTILE, registry=HOSTILE, digest=HOSTILE)


@pytest.mark.parametrize("colour", [None, "truecolor"])
@pytest.mark.parametrize("width", [80, 160])
def test_hostile_text_is_inert_everywhere(
    colour: str | None,
    width: int,
    talk: "Conversation",  # noqa: F821 - of conftest
    draw: Draw,
) -> None:
    pull = hostile(talk)
    drawn = draw(pull_lines(pull, full=True), width, colour=colour)
    assert "\x1b]" not in drawn
    assert "\x1b[2J" not in drawn
    assert "\u202e" not in drawn
    if colour is None:
        assert "\x1b" not in drawn
        assert max(map(cell_len, drawn.splitlines())) <= width


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_hostile_headers_are_inert(number: int, talk: "Conversation") -> None:  # noqa: F821
    text = printed(report_of(hostile(talk)), 80, request=number)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_terminal_without_unicode(docker_pull: Pull, refused_pull: Pull, draw: Draw) -> None:
    for pull in (docker_pull, refused_pull):
        drawn = draw(pull_lines(pull, full=True), 100, encoding="ascii")
        assert drawn.isascii()
        assert "??" not in drawn
    assert drawn.startswith("x docker.io/library/hello-world:latest")


def test_ten_thousand_steps(talk: "Conversation", draw: Draw) -> None:  # noqa: F821
    for number in range(10_000):
        status = 404 if number == 5000 else 200
        talk.add(
            Stage.BLOB, "GET", f"https://r.test/v2/x/blobs/sha256:{number:064x}", status, at=number / 100
        )
    pull = talk.pull()
    short = draw(pull_lines(pull), 100)
    assert "… 9,799 more steps" in short
    assert "✘  5001" in short
    assert len(short.splitlines()) < 250
    full = draw(pull_lines(pull, {"sequence"}, full=True), 100)
    assert len(full.splitlines()) > 10_000


def test_advice_is_told_in_full_and_only_counted_in_short(
    docker_pull: Pull, refused_pull: Pull, draw: Draw
) -> None:
    docker_pull.findings = refused_pull.findings[2:]
    short = draw(pull_lines(docker_pull), 100)
    assert "realm-bypasses-mirror" not in short
    assert "✔ complete, with 1 note." in short
    for more in (pull_lines(docker_pull, full=True), pull_lines(docker_pull, {"findings"})):
        assert "• note[realm-bypasses-mirror]" in draw(more, 100)


def test_what_the_client_prints_is_in_the_full_report(refused_pull: Pull, draw: Draw) -> None:
    refused_pull.findings[0].code = "body-truncated"
    assert "prints   docker: unexpected EOF" in draw(pull_lines(refused_pull, full=True), 100)
    assert "docker's log" not in draw(pull_lines(refused_pull), 100)
