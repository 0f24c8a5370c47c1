"""What is changed of mitmproxy's options, and that what the user has set stays."""

import logging

import pytest
from mitmproxy.addons import dumper, termlog
from mitmproxy.test import taddons

from inspector.recorder import begin as module
from inspector.recorder.begin import begin, finish
from inspector.recorder.capture import CaptureError
from inspector.recorder.settings import OPTIONS, parse


@pytest.fixture(name="options")
def _options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with taddons.context(dumper.Dumper(), termlog.TermLog()) as made:
        for option in OPTIONS:
            made.options.add_option(option.name, str, option.default, option.help)
        made.options.add_option("rfile", str, "", "")
        yield made.options
        made.master.addons.get("termlog").uninstall()
    finish()


def started(options, *, prints: bool = True):
    settings = parse(*(getattr(options, option.name) for option in OPTIONS))
    session = begin(options, settings, prints=prints)
    session.close()
    return session


def test_mitmdumps_own_lines_are_off_while_ours_are_on(options) -> None:
    assert started(options).live is not None
    assert (options.flow_detail, options.termlog_verbosity, options.http2_ping_keepalive) == (0, "warn", 0)


def test_mitmproxys_warnings_of_connections_are_not_told_twice(options) -> None:
    log = logging.getLogger("mitmproxy.proxy.server")
    started(options)
    assert log.level == logging.ERROR
    options.update(registry_live="off", termlog_verbosity="warn")
    started(options)
    assert log.level == logging.WARNING


def test_what_the_user_has_set_stays(options) -> None:
    options.update(flow_detail=1, termlog_verbosity="info", http2_ping_keepalive=58)
    started(options)
    assert (options.flow_detail, options.termlog_verbosity, options.http2_ping_keepalive) == (1, "info", 58)


@pytest.mark.parametrize(("live", "shown"), [("auto", False), ("on", True), ("off", False)])
def test_a_quiet_mitmdump_stays_quiet_unless_told_otherwise(options, live: str, shown: bool) -> None:
    options.update(flow_detail=0, termlog_verbosity="error", registry_live=live)
    assert (started(options).live is not None) is shown


def test_nothing_is_printed_into_the_console_or_mitmweb(options) -> None:
    options.update(registry_live="on")
    assert started(options, prints=False).live is None
    assert options.flow_detail == 1


def test_reading_a_file_writes_none_unless_asked(options, tmp_path) -> None:
    options.update(rfile="x.flow")
    assert started(options).capture is None
    options.update(registry_capture="y.flow")
    assert started(options).capture.path.name == "y.flow"


def test_a_named_capture_that_cannot_be_written_is_an_error_and_the_default_one_is_not(
    options, monkeypatch, caplog
) -> None:
    options.update(registry_capture="/dev/null/x.flow")
    with pytest.raises(CaptureError, match=r"/dev/null/x\.flow"):
        started(options)
    options.reset()

    def cannot(*_args, **_kwargs):
        raise CaptureError("cannot write the capture pull.flow: Read-only file system")

    monkeypatch.setattr(module, "Capture", cannot)
    assert started(options).capture is None
    assert "Read-only file system" in caplog.text


def test_lines_that_nobody_sees_are_not_made_and_are_given_back(options) -> None:
    options.update(termlog_verbosity="error", flow_detail=0)
    started(options)
    logger = logging.getLogger("mitmproxy.proxy.server")
    assert not logger.isEnabledFor(logging.INFO)
    finish()
    assert logger.level == logging.NOTSET
