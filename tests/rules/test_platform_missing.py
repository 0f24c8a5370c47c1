import pytest
from msgspec.structs import replace

from inspector.core.finding import CheckState, Confidence, Severity
from inspector.rules.example import CONTAINERD, DOCKER, PODMAN
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


def test_a_platform_that_is_there_and_left_means_that_another_was_wanted(found):
    finding = found(*UNTIL_INDEX)["platform-missing"]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.IMPLIED)
    assert "though it has one for linux/amd64" in finding.summary


def test_an_index_that_was_not_taken_for_one_leaves_it_open(checked):
    wrong = replace(UNTIL_INDEX[3], give=("content-type: application/json",))
    assert checked("platform-missing", *UNTIL_INDEX[:3], wrong).state is CheckState.CANNOT_TELL


@pytest.mark.parametrize("agent", [PODMAN, "skopeo/1.9.3", "Buildah/1.28.2"])
def test_a_client_that_looks_and_fails_alike_is_told_of_both(found, agent):
    finding = found(*_as(agent))["platform-missing"]
    assert (finding.severity, finding.confidence) == (Severity.NOTE, Confidence.IMPLIED)
    assert "only looked, or found none" in finding.summary


def test_a_tool_that_looks_is_told_nothing(found):
    assert "platform-missing" not in found(*_as("crane/v0.19 go-containerregistry/v0.19"))


def test_the_remedy_names_a_platform_that_is_there(found):
    remedy = found(*_as(DOCKER.replace("arch/amd64", "arch/s390x")))["platform-missing"].remedy
    assert "`--platform linux/amd64`" in remedy


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
