"""The live lines say who asked for what, and nothing recorded can command the terminal."""

import io

import pytest
from rich.console import Console

from inspector.core.events import (
    Body,
    ConnectionFailed,
    Ended,
    Peer,
    RequestHead,
    ResponseHead,
    Side,
    Trouble,
)
from inspector.core.exchange import Exchange
from inspector.core.pull import Stage
from inspector.core.updates import Finished
from inspector.recorder.live import Live, Progressing, exchange_line


def finished(*, size: int = 80, error: str | None = None, host: str = "registry-1.docker.io") -> Finished:
    exchange = Exchange(
        RequestHead(
            id="1",
            time=1_000_000_000.0,
            method="GET",
            url=f"https://{host}/v2/library/hello-world/manifests/latest",
            host=host,
            http_version="HTTP/1.1",
            headers=(("user-agent", "docker/20.10.24 go/go1.19"),),
            client=Peer(address="127.0.0.1", port=1, connection="c"),
        )
    )
    exchange.response = ResponseHead(
        id="1", time=1_000_000_000.1, status=200, http_version="HTTP/1.1", headers=()
    )
    exchange.response_body = Body(id="1", side=Side.SERVER, size=size, complete=error is None)
    exchange.end = Ended(id="1", time=1_000_000_002.0, error=error, side=Side.SERVER if error else None)
    return Finished(exchange=exchange, stage=Stage.MANIFEST, repository="library/hello-world", pull=1)


def live(*, terminal: bool = False, width: int = 100) -> tuple[Live, io.StringIO]:
    out = io.StringIO()
    return Live(Console(file=out, width=width, force_terminal=terminal, highlight=False)), out


def test_a_line_says_when_who_what_and_how_long() -> None:
    words = exchange_line(finished(), 120).split()
    assert words[1:] == [
        "docker",
        "127.0.0.1",
        "library/hello-world",
        "manifest",
        "200",
        "registry-1.docker.io",
        "2.00",
        "s",
    ]


def test_a_large_body_has_its_size_and_rate() -> None:
    assert exchange_line(finished(size=50_000_000), 120).endswith("50 MB in 2.00 s  25 MB/s")


def test_a_broken_exchange_says_so() -> None:
    assert "✘ peer closed connection" in exchange_line(finished(error="peer closed connection"), 100)


def test_on_a_narrow_terminal_a_line_stays_one_line() -> None:
    shown, out = live(terminal=True, width=80)
    shown.exchange(finished(size=300_000_000, host="production.cloudflare.docker.com"))
    line = out.getvalue().rstrip("\n")
    assert len(line) <= 80
    assert line.split()[1:5] == ["docker", "library/hello-world", "manifest", "200"]
    assert line.endswith("300 MB in 2.00 s")


def test_a_file_has_room_for_the_whole_line() -> None:
    shown, out = live(width=80)
    shown.exchange(finished())
    assert "docker 127.0.0.1" in out.getvalue()


def test_a_bar_says_for_which_repository_it_is() -> None:
    exchange = finished().exchange
    shown, _ = live(terminal=True, width=80)
    assert shown.label(exchange, "labuser/big").split() == ["docker", "labuser/big"]
    assert shown.label(exchange, None).split() == ["docker", "library/hello-world"]


def test_other_traffic_is_not_shown() -> None:
    shown, out = live()
    update = finished()
    shown.exchange(Finished(exchange=update.exchange, stage=None, repository=None, pull=None))
    assert out.getvalue() == ""


def refused() -> ConnectionFailed:
    return ConnectionFailed(
        id="1",
        time=1.0,
        trouble=Trouble.CLIENT_TLS,
        client=Peer(address="127.0.0.1"),
        host="auth.test",
        port=443,
        message="unknown ca" + ", and so on" * 9,
    )


def test_a_failed_connection_is_a_line() -> None:
    shown, out = live()
    shown.failed(refused())
    assert "127.0.0.1               ✘ client-tls  auth.test:443  unknown ca" in out.getvalue()


def test_a_failed_connection_is_one_line_of_a_narrow_terminal_too() -> None:
    shown, out = live(terminal=True, width=80)
    shown.failed(refused())
    line = out.getvalue().rstrip("\n")
    assert len(line) == 80
    assert "✘ auth.test:443 the client refused the certificate: unknown ca" in line


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "\x1b]52;c;AAAA\x07", "[link=file:///etc/passwd]x[/link]", "[/x]", "\u202e"]
)
def test_recorded_text_commands_no_terminal(hostile: str) -> None:
    shown, out = live(terminal=True)
    shown.exchange(finished(host=hostile, error=hostile))
    shown.say(hostile)
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()


def test_bars_are_for_terminals_only() -> None:
    body = Progressing("1", "docker 127.0.0.1  labuser/big", 31_000_000, 50_000_000, 2.0)
    for terminal, drawn in ((True, True), (False, False)):
        shown, out = live(terminal=terminal)
        shown.progress([body])
        shown.close()
        assert ("31 of 50 MB" in out.getvalue()) is drawn


def test_a_bar_goes_when_its_body_is_done() -> None:
    shown, _ = live(terminal=True)
    shown.progress([Progressing("1", "a", 1, 2, 1.0), Progressing("2", "b", 1, None, 1.0)])
    shown.progress([Progressing("2", "b", 2, None, 1.0)])
    assert list(shown._tasks) == ["2"]
    shown.progress([])
    assert shown._bars is None
