"""Whose turn it is."""

import pytest
from mitmproxy.test import tflow

from inspector.core.pull import Stage
from inspector.faults.catalogue import faults
from inspector.faults.fault import Reply
from inspector.faults.options import parse


def turns(plan, stage=Stage.CDN, path="/x"):
    flow = tflow.tflow()
    flow.request.path = path
    return [entry.fault.name for entry in plan.turns(flow, stage, Reply)]


def test_a_fault_is_over_when_it_has_struck_as_often_as_was_asked():
    plan = parse(["cdn-denied:2,signed-url-expired"], "", "")
    assert turns(plan) == ["cdn-denied", "signed-url-expired"]
    for _ in range(2):
        plan.entries[0].strike()
    assert turns(plan) == ["signed-url-expired"]
    assert (plan.entries[0].struck, plan.entries[0].over) == (2, True)


def test_without_a_number_it_is_never_over():
    plan = parse(["cdn-denied"], "", "")
    for _ in range(5):
        plan.entries[0].strike()
    assert turns(plan) == ["cdn-denied"]


@pytest.mark.parametrize("stage", [None, *Stage])
def test_only_its_stages_are_struck_and_never_what_is_no_registrys(stage):
    assert turns(parse(["cdn-denied"], "", ""), stage) == (["cdn-denied"] if stage is Stage.CDN else [])


def test_the_filter_chooses():
    plan = parse(["cdn-denied"], "~u layer", "")
    assert turns(plan, path="/layer/1") == ["cdn-denied"]
    assert turns(plan, path="/config") == []


def test_acts_of_another_kind_wait_for_theirs():
    assert faults()["slow"].act is not None
    assert turns(parse(["slow"], "", "")) == []
