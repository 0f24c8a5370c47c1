"""Which codings an Accept-Encoding offers."""

import pytest

from inspector.wire.coding import offered


@pytest.mark.parametrize(
    ("field", "coding"),
    [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("zstd;q=1.0, gzip;q=0.8, deflate;q=0.5", "Gzip"),
        ("br, *", "gzip"),
        ("gzip;q=0.001", "gzip"),
    ],
)
def test_what_is_named_or_anything_is_offered(field, coding):
    assert offered(field, coding)


@pytest.mark.parametrize("field", [None, "", "identity", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip", ";,;q"])
def test_what_is_not_named_or_refused_is_not(field):
    assert not offered(field, "gzip")
