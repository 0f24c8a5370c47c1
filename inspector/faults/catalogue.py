"""All faults, found as modules of ``inspector.faults.kinds``; and the list of them as text.

Knows: where faults are found. Must not know: any of them by name.
"""

import pkgutil
import textwrap
from functools import cache
from importlib import import_module

import inspector.faults.kinds
from inspector.faults.fault import Fault

_WIDTH = 28


@cache
def faults() -> dict[str, Fault]:
    """Every fault by its name, in order of names."""
    names = sorted(module.name for module in pkgutil.iter_modules(inspector.faults.kinds.__path__))
    modules = [import_module(f"inspector.faults.kinds.{name}") for name in names]
    found = [fault for module in modules for fault in getattr(module, "FAULTS", ())]
    return {fault.name: fault for fault in sorted(found, key=lambda fault: fault.name)}


def listed(width: int = 110) -> str:
    """The list that ``fault=help`` prints: a name and what it does, one a line."""
    lines = ["Faults, for --set fault=NAME, NAME:TIMES or several, separated by commas:", ""]
    for fault in faults().values():
        text = fault.what + (f" (needs {fault.needs})" if fault.needs else "")
        first, *rest = textwrap.wrap(text, max(width - _WIDTH, 20), break_on_hyphens=False) or [""]
        lines.append(f"  {fault.name:<{_WIDTH - 2}}{first}")
        lines += [" " * _WIDTH + line for line in rest]
    lines += ["", "--set fault_filter=EXPRESSION strikes only what mitmproxy's filter expression fits."]
    return "\n".join(lines)
