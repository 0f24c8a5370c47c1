"""The remedies are installed once, and one that does not fit costs a sentence and nothing else."""

import pytest
from mitmproxy.options import Options
from mitmproxy.proxy import server

from inspector.recorder import private
from inspector.recorder.private.fit import DoesNotFit


def test_all_remedies_fit_this_mitmproxy(monkeypatch: pytest.MonkeyPatch) -> None:
    private.install()
    before = server.ConnectionHandler.drain_writers
    assert private.install() == []
    assert server.ConnectionHandler.drain_writers is before  # the second time changes nothing
    assert getattr(server.ConnectionHandler, private.MARK)


def test_one_that_does_not_fit_steps_aside_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def misfit() -> None:
        raise DoesNotFit("close_connection takes self")

    monkeypatch.delattr(server.ConnectionHandler, private.MARK, raising=False)
    monkeypatch.setattr(
        private, "REMEDIES", {"a": misfit, "b": lambda: done.append("b"), "c": lambda: None.gone}
    )
    said = private.install()
    assert done == ["b"]
    assert [line.count("\n") for line in said] == [0, 0]
    assert "close_connection takes self" in said[0]
    monkeypatch.setattr(server.ConnectionHandler, private.MARK, "installed")


def test_an_option_that_was_set_to_its_default_was_set() -> None:
    options = Options()
    assert private.option_was_set(options, "http2_ping_keepalive") is False
    options.update(http2_ping_keepalive=58)
    assert private.option_was_set(options, "http2_ping_keepalive") is True
    assert private.option_was_set(options, "no_such_option") is False
