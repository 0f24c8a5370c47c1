"""The one exception of this package: what the user named is no capture that can be read.

Its text is one clear sentence that says what was expected and what to do. A peer's bad input never raises it.
"""


class CaptureError(ValueError):
    """A file that cannot be read as a capture at all."""
