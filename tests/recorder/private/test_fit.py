"""A remedy changes nothing where mitmproxy is not as it expects."""

import functools

import pytest

from inspector.recorder.private.fit import DoesNotFit, require_names, require_parameters, with_constant


def reads(reader: object) -> object:
    return reader.read(65535)  # type: ignore[attr-defined]


class Reader:
    def read(self, size: int) -> int:
        return size


def test_the_copy_has_the_new_constant_and_the_original_the_old() -> None:
    assert with_constant(reads, 65535, 262144)(Reader()) == 262144
    assert reads(Reader()) == 65535


@pytest.mark.parametrize(("function", "old"), [(reads, 4096), (len, 1)])
def test_a_constant_that_is_not_there_does_not_fit(function: object, old: int) -> None:
    with pytest.raises(DoesNotFit):
        with_constant(function, old, 2)


def test_names_are_looked_for_in_the_innermost_function() -> None:
    @functools.wraps(reads)
    def wrapped(reader: object) -> object:
        return reads(reader)

    require_names(wrapped, "read")
    with pytest.raises(DoesNotFit, match="stream_queue"):
        require_names(wrapped, "read", "stream_queue")


def test_parameters_must_be_the_same() -> None:
    require_parameters(reads, "reader")
    with pytest.raises(DoesNotFit, match="reader"):
        require_parameters(reads, "self", "reader")
