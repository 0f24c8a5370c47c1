"""What a test of a code asserts: the report's first finding is the root, its evidence proves it, and nothing else is an error.

Knows: the report's document (report-json). Must not know: servers, clients, any single code.
"""

from collections.abc import Iterable

from stack.scene import Scene

ANY = "any"
UPSTREAM = "upstream"
type Proof = tuple[str | None, str]
"""The stage of the exchange that a piece of evidence names (None: a failed connection; ANY: whichever), and words in it."""


def findings(scene: Scene) -> list[dict]:
    """All findings, in the order in which the report tells them: of no pull, then pull by pull."""
    lists = [scene.report["findings"], *(pull["findings"] for pull in scene.report["pulls"])]
    return [finding for found in lists for finding in found]


def root(scene: Scene, code: str = "") -> dict:
    """The first finding of the pull that has a finding (or of the report as a whole).

    With ``code``: the first with this code, where two pulls of one client both have something to say.
    """
    found = [one for one in findings(scene) if not code or one["code"] == code]
    assert found, f"no finding {code}: {scene.codes()}"
    return found[0]


def assert_root(
    scene: Scene, code: str, *, evidence: Iterable[Proof], severity: str = "error", confidence: str = "proved"
) -> dict:
    """Assert that ``code`` is the first finding of the report and the only root among the errors; returns it.

    Each of ``evidence`` must stand in a piece of the finding's evidence. The text report says all of it too, and neither
    report holds a secret.
    """
    first = root(scene)
    told = [(one["code"], one["severity"], one["caused_by"]) for one in findings(scene)]
    assert (first["code"], first["severity"], first["caused_by"]) == (code, severity, None), told
    assert first["confidence"] == confidence
    pieces = list(_pieces(scene, first))
    for stage, words in evidence:
        assert any(stage in (at, ANY) and words.lower() in what.lower() for at, what in pieces), (
            stage,
            words,
            pieces,
        )
    others = [one for one in told if one[1] == "error" and code not in (one[0], one[2])]
    assert others == [], told
    printed = " ".join(scene.text.split())
    for said in (first["summary"], first["remedy"]):
        assert " ".join(said.split()) in printed, f"not printed: {said}"
    assert scene.leaks() == []
    return first


def _pieces(scene: Scene, finding: dict) -> Iterable[tuple[str | None, str]]:
    """Each piece of evidence with the stage of its exchange: that exists, and is of the finding's own pull."""
    owners = [pull for pull in scene.report["pulls"] if finding in pull["findings"]]
    steps = {one["n"]: one for one in owners[0]["exchanges"]} if owners else {}
    # Where both sides of a mirror are recorded, what it asked itself has numbers too.
    steps |= {
        inner["n"]: inner | {"stage": UPSTREAM}
        for one in list(steps.values())
        for inner in one.get("upstream", ())
    }
    for piece in finding["evidence"]:
        n = piece["exchange"]
        assert n is None or n in steps, piece
        yield (steps[n]["stage"] if n is not None else None), piece["what"]


def assert_pulled(scene: Scene, code: str) -> None:
    """Assert that the pull is complete and that the code, and every error, is gone."""
    assert [pull["outcome"] for pull in scene.report["pulls"]] == ["complete"]
    told = [(one["code"], one["severity"]) for one in findings(scene)]
    assert [one for one in told if code == one[0] or one[1] == "error"] == []
