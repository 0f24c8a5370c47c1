from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import Confidence, Severity
from inspector.rules.sample import HEALTHY, LAYER, cdn, ping, token

SILENT = replace(cdn(LAYER), status=None, error="client disconnected", side=Side.CLIENT)


def test_a_client_that_waited_ten_seconds_in_vain(found):
    finding = found(*HEALTHY[:-1], replace(SILENT, took=12))["stalled"]
    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.PROVED)
    assert "12 s" in finding.summary


def test_a_client_that_left_sooner(found):
    assert "stalled" not in found(*HEALTHY[:-1], replace(SILENT, took=9))


def test_a_head_that_came_late_is_a_warning(found):
    late = replace(cdn(LAYER), took=130)  # the head comes after half of it
    assert found(*HEALTHY[:-1], late)["stalled"].severity is Severity.WARNING


def test_a_body_that_stopped_is_implied(found):
    stopped = replace(cdn(LAYER), arrived=10, error="client disconnected", side=Side.CLIENT, took=60)
    finding = found(*HEALTHY[:-1], stopped)["stalled"]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.IMPLIED)


def test_dockers_own_limit_is_named(found):
    silent = replace(token(), status=None, error="client disconnected", side=Side.CLIENT, took=15)
    assert "docker's limit of 15 s" in found(ping(), silent)["stalled"].summary


def test_the_end_of_the_recording_is_no_stall(found):
    assert "stalled" not in found(
        *HEALTHY[:-1], replace(SILENT, error=None, side=None, recording_ends=True, took=100)
    )


def test_a_body_in_which_the_recording_ends_is_a_note(found):
    cut = replace(cdn(LAYER), arrived=100, recording_ends=True)
    finding = found(*HEALTHY[:-1], cut)["stalled"]
    assert finding.severity is Severity.NOTE
    assert "ended while production.cloudflare.docker.com was sending" in finding.summary


def test_a_request_in_which_it_ends_is_none(found):
    assert "stalled" not in found(*HEALTHY[:-1], replace(cdn(LAYER), status=None, recording_ends=True))
