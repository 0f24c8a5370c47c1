"""What each recorded capture should say. Written by hand from the client's exit status and the catalogue, before any output.

The captures are no part of the repository: PULL_INSPECTOR_CAPTURES names their folder.
"""

from pathlib import Path

import pytest

from inspector.core.finding import Finding, Severity
from inspector.core.report import Report
from inspector.rules import diagnose
from inspector.rules.case import ARRIVED

HEALTHY = (
    "buildah-pull-tag", "ctr-pull-private", "ctr-pull-tag", "ctr-repull", "dist-docker-library-cold",
    "dist-docker-library-cold.up", "docker-pull-big", "docker-pull-digest", "docker-pull-private-loggedin",
    "docker-pull-tag", "docker-repull-uptodate", "podman-pull-tag", "podman-repull", "py-oras-pull", "skopeo-copy",
    "skopeo-inspect", "tamper-none-docker", "trojan-docker", "worker26-docker-nolibrary", "worker26-docker-nolibrary.up",
    "worker26-mirror-ctr", "worker26-mirror-ctr.up", "nginx-strip-docker-library.up",
)  # fmt: skip

ERROR, WARNING = Severity.ERROR, Severity.WARNING

# Errors and warnings, root first: code, severity, the root's code where it is a consequence.
EXPECTED: dict[str, list[tuple[str, Severity, str | None]]] = {
    "nginx-strip-docker-library": [("realm-bypasses-mirror", WARNING, None)],
    "resume-docker": [("body-truncated", WARNING, None)],
    "resume-podman": [("body-truncated", ERROR, None)],
    "tamper-blob-docker": [("digest-mismatch", ERROR, None)],
    "tamper-cdn403-ctr": [("cdn-denied", ERROR, None)],
    "tamper-m429-podman": [("rate-limited", ERROR, None), ("retry-storm", WARNING, "rate-limited")],
    "tamper-wrongct-docker": [("media-type-mismatch", ERROR, None)],
    "docker-pull-missing-tag": [("tag-not-found", ERROR, None)],
    "nginx-asis-docker-library": [("html-answer", ERROR, None), ("realm-bypasses-mirror", WARNING, None)],
    "nginx-asis-docker-library.up": [
        ("credentials-forwarded", ERROR, None),
        ("html-answer", ERROR, "credentials-forwarded"),
        ("cdn-rejects-authorization", ERROR, "credentials-forwarded"),
    ],
    "nginx-asis-docker-nolibrary": [
        ("library-missing", ERROR, None),
        ("insufficient-scope", ERROR, "library-missing"),
        ("realm-bypasses-mirror", WARNING, None),
    ],
    "nginx-regmirror-docker-missing": [
        ("tag-not-found", ERROR, None),
        ("realm-bypasses-mirror", WARNING, None),
    ],
    "nginx-regmirror-docker-missing.up": [("tag-not-found", ERROR, None)],
}


def _read(path: Path) -> Report:
    reading = pytest.importorskip("inspector.sources.reading")
    report: Report = reading.read([str(path)])
    for pull in report.pulls:
        diagnose(pull)
    return report


def _grave(report: Report) -> list[Finding]:
    found = [finding for pull in report.pulls for finding in pull.findings] + report.findings
    return [finding for finding in found if finding.severity is not Severity.NOTE]


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_capture_raises_no_alarm(captures: Path, name: str) -> None:
    report = _read(captures / f"{name}.flow")
    assert report.pulls
    assert [(finding.code, finding.summary) for finding in _grave(report)] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_faulty_capture_names_its_root_first(captures: Path, name: str) -> None:
    found = _grave(_read(captures / f"{name}.flow"))
    assert [(finding.code, finding.severity, finding.caused_by) for finding in found] == EXPECTED[name]


def test_the_detour_around_a_mirror_that_lacks_the_tag_is_a_note(captures: Path) -> None:
    report = _read(captures / "nginx-regmirror-docker-missing.flow")
    (pull,) = report.pulls
    detour = next(finding for finding in pull.findings if finding.code == "mirror-bypassed")
    assert (detour.severity, detour.caused_by) == (Severity.NOTE, "tag-not-found")


def test_every_capture_has_its_expectation(captures: Path) -> None:
    names = {path.name.removesuffix(".flow") for path in captures.glob("*.flow")}
    assert names == set(HEALTHY) | set(EXPECTED)


def test_the_outcome_fits_the_clients_exit_status_and_no_exchange_is_lost(captures: Path) -> None:
    rows = [line.split("|") for line in (captures / "INDEX.md").read_text().splitlines()]
    truth = {
        row[1].strip(): (row[2].strip(), row[3].strip())
        for row in rows
        if len(row) > 5 and row[3].strip().isdigit()
    }
    assert set(truth) == set(HEALTHY) | set(EXPECTED)
    for name, (status, flows) in truth.items():
        (pull,) = _read(captures / f"{name}.flow").pulls
        assert (name, pull.outcome in ARRIVED) == (name, status == "0")
        assert (name, len(pull.steps)) == (name, int(flows))
