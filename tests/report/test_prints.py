"""What the client at hand prints, in the rule's own words."""

import pytest

from inspector.core.finding import Confidence, Finding, Severity
from inspector.report.prints import MOST, prints
from inspector.rules import catalogue


def found(code: str) -> Finding:
    return Finding(
        code=code, severity=Severity.ERROR, confidence=Confidence.PROVED, summary="", evidence=[], cause="", remedy="", spec=""
    )  # fmt: skip


def test_docker_has_its_own_words_and_those_of_its_log() -> None:
    assert prints(found("body-truncated"), "docker") == [
        ("docker", "unexpected EOF"),
        ("docker's log", "Download failed, retrying (1/5): unexpected EOF"),
    ]


@pytest.mark.parametrize(
    ("client", "who"),
    [("containers", "podman"), ("skopeo", "podman"), ("buildah", "podman"), ("nerdctl", "containerd"), ("containerd", "containerd")],
)  # fmt: skip
def test_a_client_speaks_as_what_it_is_built_on(client: str, who: str) -> None:
    assert {name for name, _ in prints(found("body-truncated"), client)} == {who}


def test_nobody_is_given_another_clients_words() -> None:
    assert prints(found("body-truncated"), "curl") == []
    assert prints(found("body-truncated"), None) == []
    assert prints(found("unexplained"), "docker") == []


def test_what_any_client_prints_is_said_of_the_one_at_hand() -> None:
    rule = next(rule for rule in catalogue.rules() if "any" in {who for who, _ in rule.says})
    words = [words for who, words in rule.says if who == "any"]
    assert prints(found(rule.code), "some-client") == [("some-client", one) for one in words]


def test_never_more_than_a_few_lines() -> None:
    for rule in catalogue.rules():
        assert len(prints(found(rule.code), "containerd")) <= MOST
