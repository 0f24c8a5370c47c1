"""Which codes real clients have shown: tests declare it, and whoever makes a table of it reads the declarations.

Knows: the decorator's name and form. Must not know: what the tests do. It needs nothing of the stack, and runs no test.
"""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest


def shows[F: Callable[..., object]](code: str, *clients: str) -> Callable[[F], F]:
    """The test shows ``code`` with each of these clients: it gets ``code`` and ``name``, and must assert the one of the other.

    Literals only: ``declared`` reads the source.
    """
    return pytest.mark.parametrize(("code", "name"), [(code, client) for client in clients])


def declared(folder: Path) -> dict[str, list[str]]:
    """The clients by code, from every ``@shows("code", "client", …)`` of the ``test_*.py`` in ``folder``."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            for mark in getattr(node, "decorator_list", ()):
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "shows":
                    code, *clients = (ast.literal_eval(word) for word in mark.args)
                    found.setdefault(code, set()).update(clients)
    return {code: sorted(clients) for code, clients in sorted(found.items())}
