"""What the command ``report`` says of a capture, held against what it may never say.

Knows: the report's JSON document. Must not know: how a capture came to be.
"""

import json
import re
from pathlib import Path
from typing import Any

# What a terminal obeys or the eye misses; our own colours (SGR) and line ends apart.
OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]|\x1b(?!\\[[0-9;]*m)"
)


class Told:
    """What the command said of a capture: ``text``, ``colour``, ``document`` and, by code, ``findings``."""

    def __init__(self, path: Path, text: str, colour: str, document: dict[str, Any]) -> None:
        self.path, self.text, self.colour, self.document = path, text, colour, document
        self.pulls = document["pulls"]
        self.findings: dict[str, dict[str, Any]] = {}
        for one in [*document["findings"], *(f for pull in self.pulls for f in pull["findings"])]:
            self.findings.setdefault(one["code"], one)

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        return [exchange for pull in self.pulls for exchange in pull["exchanges"]]

    def everything(self) -> str:
        return self.text + self.colour + json.dumps(self.document, ensure_ascii=False)

    def found(self, code: str) -> dict[str, Any]:
        """The finding, which has evidence that points into the pull, and stands in the printed report."""
        assert code in self.findings, f"only {sorted(self.findings)}"
        finding = self.findings[code]
        assert finding["evidence"]
        assert all(piece["what"] for piece in finding["evidence"])
        assert code in self.text
        return finding
