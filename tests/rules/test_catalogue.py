import subprocess
import sys
from pathlib import Path

from inspector.rules import catalogue
from inspector.rules.sample import HEALTHY

ROOT = str(Path(__file__).parents[2])


class Entry:
    """An entry point, as far as the catalogue looks at it."""

    def __init__(self, name, found=None, error=None):
        self.name, self.found, self.error = name, found, error

    def load(self):
        if self.error:
            raise self.error
        return self.found


OWN = catalogue.built_in()


def foreign(code="acme-house-rule"):
    import msgspec

    return msgspec.structs.replace(OWN[0], code=code, good=HEALTHY)


def test_every_module_with_a_rule_is_found_once():
    codes = [rule.code for rule in OWN]
    assert len(codes) == len(set(codes))
    assert {"digest-mismatch", "tls-ca-not-trusted", "mirror-bypassed"} <= set(codes)


def test_a_rule_stands_in_the_file_of_its_name():
    for one in OWN:
        assert one.check.__module__ == f"inspector.rules.{one.code.replace('-', '_')}"


def test_a_third_partys_rule_joins():
    rules, problems = catalogue.collect(OWN, [Entry("acme", foreign())])
    assert rules[-1].code == "acme-house-rule"
    assert problems == ()


def test_a_broken_plug_in_is_named_and_left_out():
    entries = [
        Entry("a", error=ImportError("no module")),
        Entry("b", found="text"),
        Entry("c", foreign(OWN[0].code)),
    ]
    rules, problems = catalogue.collect(OWN, entries)
    assert rules == OWN
    assert [problem.split()[2] for problem in problems] == ["a", "b", "c"]


def test_a_rule_by_its_code():
    assert catalogue.rule("digest-mismatch") in OWN
    assert catalogue.rule("no-such-code") is None


def test_the_rules_wait_until_they_are_asked():
    script = "import sys, inspector.rules; print([name for name in sys.modules if name.startswith('inspector.rules.')])"
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONPATH": ROOT}
    )
    assert told.stdout.strip() == "[]"
