"""The faults are found by their modules, and listed."""

import pkgutil
from importlib import import_module

import inspector.faults.kinds
from inspector.faults.catalogue import faults, listed


def test_every_fault_of_every_module_is_found_once():
    modules = [
        import_module(f"inspector.faults.kinds.{m.name}")
        for m in pkgutil.iter_modules(inspector.faults.kinds.__path__)
    ]
    names = [fault.name for module in modules for fault in module.FAULTS]
    assert sorted(names) == list(faults())
    assert all(fault.name == name for name, fault in faults().items())


def test_the_list_has_a_line_for_each_and_fits_the_width():
    text = listed(100).splitlines()
    named = [line.split()[0] for line in text if line.startswith("  ") and line[2] != " "]
    assert named == list(faults())
    assert max(map(len, text[1:-1])) <= 100
