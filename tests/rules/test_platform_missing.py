import pytest
from msgspec.structs import replace

from inspector.core.finding import CheckState, Confidence, Severity
from inspector.rules.example import CONTAINERD, DOCKER
from inspector.rules.platform_missing import fits
from inspector.rules.sample import HEALTHY
from inspector.wire.document import Descriptor

UNTIL_INDEX = HEALTHY[:4]


def _as(agent):
    return [replace(turn, agent=agent) for turn in UNTIL_INDEX]


def test_a_known_platform_that_is_not_there_is_an_error(found):
    finding = found(*_as(DOCKER.replace("arch/amd64", "arch/s390x")))["platform-missing"]
    assert finding.severity is Severity.ERROR
    assert "linux/s390x" in finding.summary
    assert "linux/amd64" in finding.summary


def test_an_unknown_platform_is_a_warning(found):
    finding = found(*_as(CONTAINERD))["platform-missing"]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.IMPLIED)


def test_a_platform_that_is_there_leaves_it_open(checked):
    assert checked("platform-missing", *UNTIL_INDEX).state is CheckState.CANNOT_TELL


def test_a_child_that_was_asked_for_passes(checked):
    assert checked("platform-missing", *HEALTHY).state is CheckState.PASSED


@pytest.mark.parametrize(
    ("offered", "client", "taken"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/386", "linux/amd64", True),
        ("linux/arm/v7", "linux/arm64", True),
        ("linux/arm64/v8", "linux/arm64", True),
        (None, "linux/arm64", True),
        ("windows/amd64", "linux/amd64", False),
        ("linux/arm64", "linux/amd64", False),
        ("linux/amd64", "linux/386", False),
    ],
)
def test_what_a_client_can_run(offered, client, taken):
    assert fits(Descriptor(platform=offered), client) is taken


def test_an_index_whose_child_was_asked_and_refused_is_another_matter(checked):
    refused = replace(HEALTHY[4], status=404, give=(), body=b"")
    assert checked("platform-missing", *UNTIL_INDEX, refused).state is CheckState.PASSED
