"""What the times of the steps add up to."""

import pytest

from inspector.core.pull import Pull, Stage
from inspector.report.shares import between, milestones, shares, together


def test_the_shares_sum_to_one(docker_pull: Pull) -> None:
    found = shares(docker_pull)
    assert found[0][0] is Stage.CDN
    assert sum(share for _, share in found) == pytest.approx(1)


def test_the_clients_own_time_is_what_no_request_covers(talk: "Conversation") -> None:  # noqa: F821 - of conftest
    talk.add(Stage.BLOB, "GET", "https://r.test/1", at=0.0, wait=1.0)
    talk.add(Stage.BLOB, "GET", "https://r.test/2", at=0.5, wait=0.1)
    talk.add(Stage.BLOB, "GET", "https://r.test/3", at=3.0, wait=1.0)
    pull = talk.pull()
    assert between(pull) == pytest.approx(2.0)
    assert together(pull) == 2


def test_one_after_the_other_is_not_at_once(talk: "Conversation") -> None:  # noqa: F821
    talk.add(Stage.BLOB, "GET", "https://r.test/1", at=0.0, wait=1.0)
    talk.add(Stage.BLOB, "GET", "https://r.test/2", at=1.0, wait=1.0)
    assert together(talk.pull()) == 1


def test_milestones(docker_pull: Pull) -> None:
    assert [name for name, _ in milestones(docker_pull)] == [
        "first manifest",
        "first layer byte",
        "last byte",
    ]
    assert dict(milestones(docker_pull))["last byte"] == pytest.approx(0.131)


def test_no_time_at_all(talk: "Conversation") -> None:  # noqa: F821
    pull = talk.pull()
    assert shares(pull) == []
    assert between(pull) == 0
    assert together(pull) == 0
    assert milestones(pull) == []
