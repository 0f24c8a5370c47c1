"""What every recording must satisfy, whatever the scenario: the report agrees with the servers, and no secret is out.

Knows: the report's document (report-json), the oracle. Must not know: one scenario's particulars.
"""

from collections import Counter

from stack import truth
from stack.scene import Scene


def honest(scene: Scene, product: str | None) -> None:
    """Assert that no step is missing and none invented, that they are in order, and that no secret leaked.

    ``product`` is the client's name as the report should give it; None when no request reached a server.
    """
    assert scene.log or product is None, "nothing reached a server"
    assert scene.differences() == {"missing": [], "invented": []}
    assert scene.leaks() == []
    for pull in scene.report["pulls"]:
        numbers = [one["n"] for one in pull["exchanges"]]
        starts = [one["start"] for one in pull["exchanges"]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert starts == sorted(starts)
        assert pull["client"]["name"] == product
        agents = {record.agent.lower() for record in scene.log}
        assert any(f"/{pull['client']['version']}" in agent for agent in agents), (pull["client"], agents)


def whole(scene: Scene) -> None:
    """Assert that every content that was fetched was verified, with the size that the server sent."""
    fetched = [one for one in scene.exchanges if _fetched(one)]
    assert fetched
    assert [one for one in scene.exchanges if one["status"] is None] == []
    assert [one for one in fetched if one["verified"] is not True] == []
    sent = Counter(
        (record.path, record.size)
        for record in scene.log
        if record.method == "GET" and record.status == 200 and record.stage in ("manifest", "blob", "cdn")
    )
    told = Counter((truth.urlsplit(one["url"]).path, one["size"]) for one in fetched)
    assert told == sent
    assert scene.connections_failed == 0


def linked(scene: Scene) -> None:
    """Assert that what led to what is told: redirect to CDN, challenge to token, token to the requests that carry it."""
    for pull in scene.report["pulls"]:
        steps = {one["n"]: one for one in pull["exchanges"]}
        led = [(steps.get(one["follows"], {}).get("stage"), one["stage"]) for one in steps.values()]
        assert {before for before, stage in led if stage == "cdn"} <= {"redirect"}, led
        assert {before for before, stage in led if stage == "token"} <= {"challenge"}, led
    carried = sum(record.credential == "bearer" for record in scene.log)
    after_token = sum(
        1
        for pull in scene.report["pulls"]
        for one in pull["exchanges"]
        if _stage_of(pull, one["follows"]) == "token"
    )
    assert after_token == carried


def _stage_of(pull: dict, n: int | None) -> str | None:
    return pull["exchanges"][n - 1]["stage"] if n else None


def _fetched(one: dict) -> bool:
    return one["method"] == "GET" and one["status"] == 200 and one["stage"] in ("manifest", "blob", "cdn")
