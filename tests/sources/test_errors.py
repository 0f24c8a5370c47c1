"""The exception for what cannot be read."""

from inspector.sources.errors import CaptureError


def test_it_is_a_users_mistake():
    assert issubclass(CaptureError, ValueError)
    assert str(CaptureError("a.flow: not a capture.")) == "a.flow: not a capture."
