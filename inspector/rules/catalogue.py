"""All rules: the built-in ones, found as modules of this package, and third parties' through an entry point group.

A module of ``inspector.rules`` with a ``RULE`` is a rule. Knows: where rules are found. Must not know: any of them by name.
A third party's rule that cannot be loaded, or takes a code that is taken, is left out and named in ``problems``: a broken
plug-in must not cost the report.
"""

import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import inspector.rules
from inspector.rules.rule import Rule

GROUP = "pull_inspector.rules"


@cache
def built_in() -> tuple[Rule, ...]:
    """The rules of this package, by code."""
    names = sorted(module.name for module in pkgutil.iter_modules(inspector.rules.__path__))
    modules = [import_module(f"inspector.rules.{name}") for name in names]
    rules = [module.RULE for module in modules if isinstance(getattr(module, "RULE", None), Rule)]
    return tuple(sorted(rules, key=lambda rule: rule.code))


@cache
def _loaded() -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    return collect(built_in(), entry_points(group=GROUP))


def collect(own: Iterable[Rule], foreign: Iterable[EntryPoint]) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The own rules and the foreign ones that load; and a sentence about each of those that do not."""
    rules = {rule.code: rule for rule in own}
    problems: list[str] = []
    for entry in foreign:
        try:
            found = entry.load()
        except Exception as error:  # a plug-in may fail in any way
            problems.append(f"the rule {entry.name} could not be loaded: {error}")
            continue
        if not isinstance(found, Rule):
            problems.append(f"the rule {entry.name} is no inspector.rules.rule.Rule")
        elif found.code in rules:
            problems.append(f"the rule {entry.name} takes the code {found.code}, which is taken")
        else:
            rules[found.code] = found
    return tuple(rules.values()), tuple(problems)


def rules() -> tuple[Rule, ...]:
    """Every rule there is."""
    return _loaded()[0]


def problems() -> tuple[str, ...]:
    """What is wrong with third parties' rules, a sentence each."""
    return _loaded()[1]


def rule(code: str) -> Rule | None:
    """The rule with this code."""
    return next((one for one in rules() if one.code == code), None)
