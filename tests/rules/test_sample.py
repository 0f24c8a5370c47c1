from inspector.core.pull import Outcome, Stage
from inspector.rules.example import build
from inspector.rules.sample import HEALTHY, SELF_SERVED


def test_the_healthy_pull_is_the_nine_steps():
    (pull,) = build(HEALTHY)[0]
    assert pull.outcome is Outcome.COMPLETE
    assert [step.stage for step in pull.steps] == [
        Stage.CHALLENGE, Stage.TOKEN, Stage.RESOLVE, Stage.MANIFEST, Stage.MANIFEST, Stage.REDIRECT, Stage.CDN,
        Stage.REDIRECT, Stage.CDN,
    ]  # fmt: skip
    assert [step.verified for step in pull.steps if step.stage in (Stage.MANIFEST, Stage.CDN)] == [True] * 4


def test_a_registry_that_serves_itself_needs_no_storage():
    (pull,) = build(SELF_SERVED)[0]
    assert pull.outcome is Outcome.COMPLETE
    assert not [step for step in pull.steps if step.stage in (Stage.REDIRECT, Stage.CDN)]
