"""The captures of real clients, each read back: the report must be the one that is kept beside it.

Knows: captures/NAME/{pull.flow,NOTES.md,expected.json}. ``python tests/test_captures.py [NAME...]`` writes expected.json
anew from what the tool says now: compare it with NOTES.md, which says by hand what it should say, before keeping it.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

CAPTURES = Path(__file__).parents[1] / "captures"
NAMES = sorted(folder.name for folder in CAPTURES.iterdir() if folder.is_dir())
SMALL = 60_000  # bytes
CLOCK = {"begin", "elapsed", "start", "wait", "receive"}
QUIET = {"passed", "not applicable"}

# What the stack's secrets look like: its password, plain and in Basic, JWTs, refresh tokens, the CDN's signature.
SECRET = re.compile(
    rb"alicepw|YWxpY2U6|eyJ[\w-]{20,}\.[\w-]+\.[\w-]+|dckr_jti_|1893456000-wNqz|Basic [A-Za-z0-9+/]{8,}"
)


def told(name: str) -> dict[str, Any]:
    """What the tool says of a capture now, without what a clock decides."""
    from inspector.export.document import to_document
    from inspector.sources.reading import read

    return _timeless(to_document(read([str(CAPTURES / name / "pull.flow")])))


def _timeless(value: Any) -> Any:
    """The same without times of a clock, the file's folder, and checks that found nothing: every new rule adds one."""
    if isinstance(value, list):
        return [_timeless(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if key not in CLOCK}
    if "checks" in kept:
        kept["checks"] = [check for check in kept["checks"] if check["state"] not in QUIET]
    return {key: Path(item).name if key == "file" else _timeless(item) for key, item in kept.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_report_is_the_one_that_is_kept(name: str) -> None:
    assert told(name) == json.loads((CAPTURES / name / "expected.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_capture_is_small_and_says_what_it_is(name: str) -> None:
    notes = (CAPTURES / name / "NOTES.md").read_text()
    assert (CAPTURES / name / "pull.flow").stat().st_size < SMALL
    for heading in ("Client:", "Command:", "It should say:"):
        assert heading in notes


@pytest.mark.parametrize("name", NAMES)
def test_mitmproxys_own_reader_finds_every_exchange(name: str) -> None:
    from mitmproxy import http, io

    expected = json.loads((CAPTURES / name / "expected.json").read_text())
    with (CAPTURES / name / "pull.flow").open("rb") as file:
        flows = [
            flow for flow in io.FlowReader(file).stream() if isinstance(flow, http.HTTPFlow) and flow.response
        ]
    assert len(flows) == sum(len(pull["exchanges"]) for pull in expected["pulls"])


@pytest.mark.parametrize("name", NAMES)
def test_a_capture_holds_no_secret(name: str) -> None:
    for path in (CAPTURES / name).iterdir():
        assert SECRET.findall(path.read_bytes()) == []


def test_there_are_captures_of_every_scenario() -> None:
    script = (Path(__file__).parent / "real" / "record_captures.py").read_text()
    assert sorted(re.findall(r'^    "([\w-]+)": Scenario\(', script, re.MULTILINE)) == NAMES


if __name__ == "__main__":
    sys.path.insert(0, str(CAPTURES.parent))
    for wanted in sys.argv[1:] or NAMES:
        (CAPTURES / wanted / "expected.json").write_text(json.dumps(told(wanted), indent=1) + "\n")
