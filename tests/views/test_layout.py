"""Text in YAML's shape, clean whatever a peer wrote."""

from inspector.views import layout


def test_a_field_has_a_name_a_value_and_a_remark():
    assert layout.field("size", 12, "bytes") == "size: 12  # bytes"
    assert layout.field("size", None) == "size: ?"
    assert layout.field("issuer", "a", deep=1) == "  issuer: a"
    assert layout.item("x", "y") == "- x  # y"


def test_escape_sequences_and_line_ends_are_made_visible():
    written = "".join(
        (
            layout.field("a\x1b", "b\nc"),
            layout.item("\x1b[2J"),
            layout.title("\u202e"),
            *layout.problems(("\x07",)),
        )
    )
    assert not any(mark in written for mark in "\x1b\n\u202e\x07")


def test_a_time_beyond_every_calendar_is_none():
    assert layout.when(0) == "1970-01-01T00:00:00Z"
    assert layout.when(1e30) is None
    assert layout.when(float("nan")) is None
