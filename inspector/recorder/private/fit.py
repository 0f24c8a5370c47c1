"""Does a remedy fit the installed mitmproxy? The questions that each asks before it changes anything.

Must not know: what the remedies do.
"""

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any


class DoesNotFit(Exception):  # noqa: N818 - reads as the reason that it is
    """The installed mitmproxy is not the one that a remedy was made for."""


def require_names(function: Any, *names: str) -> None:
    """DoesNotFit unless the code of ``function`` (the innermost, when it is wrapped) uses all attributes ``names``."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    missing = [name for name in names if code is None or name not in code.co_names]
    if missing:
        raise DoesNotFit(f"{getattr(function, '__qualname__', function)} knows no {', '.join(missing)}")


def require_parameters(function: Callable[..., Any], *names: str) -> None:
    """DoesNotFit unless ``function`` takes exactly the parameters ``names``."""
    found = tuple(inspect.signature(function).parameters)
    if found != names:
        raise DoesNotFit(f"{function.__qualname__} takes {', '.join(found)}")


def with_constant(function: Any, old: int, new: int) -> Any:
    """A copy of ``function`` with the integer ``new`` for ``old``, which its code must hold exactly once."""
    if not isinstance(function, FunctionType):
        raise DoesNotFit(f"{function!r} is no plain function")
    code = function.__code__
    if code.co_consts.count(old) != 1:
        raise DoesNotFit(f"{function.__qualname__} does not hold {old} exactly once")
    changed = tuple(new if type(c) is int and c == old else c for c in code.co_consts)
    copy = FunctionType(
        code.replace(co_consts=changed),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return functools.wraps(function)(copy)
