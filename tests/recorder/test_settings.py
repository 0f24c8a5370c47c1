"""What the options' values mean, and that a mistake is answered with a sentence."""

import re
from pathlib import Path

import pytest

from inspector.recorder.settings import OPTIONS, parse


def settings(**changed: str):
    values = {option.name.removeprefix("registry_"): option.default for option in OPTIONS} | changed
    return parse(**values)


def test_the_defaults_record_redacted_into_a_file_named_after_the_time() -> None:
    found = settings()
    assert re.fullmatch(r"pull-\d{8}-\d{6}\.flow", str(found.capture))
    assert (found.redact, found.live, found.rotate) == ("default", None, 0)


def test_every_option_has_a_help_text_and_the_prefix() -> None:
    assert all(option.name.startswith("registry_") and len(option.help) > 20 for option in OPTIONS)


@pytest.mark.parametrize(
    ("text", "path"),
    [("", None), ("  ", None), ("a/b.flow", Path("a/b.flow")), ("50%/x.flow", Path("50%/x.flow"))],
)
def test_the_capture_is_a_path_or_none(text: str, path: Path | None) -> None:
    assert settings(capture=text).capture == path


def test_the_home_folder_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert settings(capture="~/x.flow").capture == Path("/somewhere/x.flow")


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("", 0), ("500", 500), ("2k", 2048), ("100m", 100 << 20)]
)
def test_sizes(text: str, size: int) -> None:
    assert settings(rotate=text).rotate == size


@pytest.mark.parametrize(("text", "live"), [("auto", None), ("on", True), ("OFF", False), ("false", False)])
def test_live(text: str, live: bool | None) -> None:
    assert settings(live=text).live is live


@pytest.mark.parametrize(
    "wrong",
    [{"rotate": "big"}, {"rotate": "-1"}, {"live": "maybe"}, {"redact": "some"}, {"capture": "+x.flow"}],
)
def test_a_mistake_names_its_option(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f"registry_{next(iter(wrong))}"):
        settings(**wrong)
