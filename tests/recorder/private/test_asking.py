"""The question: what the one who is asked sees, and what becomes of the answer."""

import time

import pytest
from mitmproxy.http import Response
from mitmproxy.test import tflow, tutils

from inspector.recorder.private.asking import Guard, Question


def question(again, *, head=None, started=False, pause=0.0) -> Question:
    flow = tflow.tflow(resp=tutils.tresp() if started else False)
    return Question(flow, Guard(None, 4, pause, 0, again), 1, "cut", head, started, pause)


async def test_in_the_midst_the_head_is_shown_and_the_clients_comes_back() -> None:
    head, seen = Response.make(403), []

    async def again(flow, attempt, why) -> bool:
        seen.append((flow.response.status_code, attempt, why))
        return True

    asked = question(again, head=head, started=True)
    first = asked.flow.response
    await asked.ask()
    assert (seen, asked.yes, asked.answer) == ([(403, 1, "cut")], True, None)
    assert asked.flow.response is first


@pytest.mark.parametrize("head", [None, Response.make(503)])
async def test_before_anything_was_passed_on_an_answer_of_ones_own_is_taken(head) -> None:
    async def again(flow, attempt, why) -> bool:
        flow.response = Response.make(502)
        return False

    asked = question(again, head=head)
    await asked.ask()
    assert (asked.yes, asked.answer.status_code) == (False, 502)
    assert asked.flow.response is head


async def test_in_the_midst_there_is_no_answer_of_ones_own() -> None:
    async def again(flow, attempt, why) -> bool:
        flow.response = Response.make(502)
        return False

    asked = question(again, started=True)
    first = asked.flow.response
    await asked.ask()
    assert asked.answer is None
    assert asked.flow.response is first


async def test_a_failure_is_a_no_without_what_it_says(caplog) -> None:
    async def again(flow, attempt, why) -> bool:
        raise ValueError("Bearer secret")

    asked = question(again)
    await asked.ask()
    assert not asked.yes
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


async def test_two_tries_are_at_least_a_pause_apart(monkeypatch) -> None:
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def again(flow, attempt, why) -> bool:
        return True

    monkeypatch.setattr("asyncio.sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    await question(again, pause=3.0).ask()
    assert slept == [3.0]
