from hypothesis import given
from hypothesis import strategies as st

from inspector.core.clocks import FARTHEST, Span, offset


def test_no_request_fits():
    assert offset([]) is None
    assert offset([Span(FARTHEST + 1, FARTHEST + 2, 1)]) is None


def test_clocks_that_agree_are_left_alone():
    found = offset([Span(-0.01, 0.02, 1), Span(-0.02, 0.01, 2), Span(0.5, 0.6, 3)])
    assert found is not None
    assert (found.seconds, found.within, found.fitting, found.natural) == (0.0, 0.0, 2, True)


def test_the_offset_at_which_most_fit():
    found = offset(
        [Span(-30.02, -29.98, 1), Span(-30.01, -29.97, 2), Span(-30.00, -29.99, 3), Span(-0.1, 0.1, 4)]
    )
    assert found is not None
    assert not found.natural
    assert found.fitting == 3
    assert -30.0 <= found.seconds <= -29.99
    assert found.within <= 0.005 + 1e-9


def test_of_two_that_fit_as_well_the_smaller():
    found = offset([Span(39, 41, 1), Span(39, 41, 2), Span(-21, -19, 1), Span(-21, -19, 2)])
    assert found is not None
    assert round(found.seconds) == -20


def test_one_request_that_fits_often_counts_once():
    found = offset([*(Span(50, 51, 1) for _ in range(9)), Span(-31, -30, 1), Span(-31, -30, 2)])
    assert found is not None
    assert (round(found.seconds, 1), found.fitting) == (-30.5, 2)


@given(st.lists(st.tuples(st.floats(-200, 200), st.floats(0, 5), st.integers(0, 9)), max_size=40))
def test_what_is_said_to_fit_does(spans):
    made = [Span(low, low + width, inner) for low, width, inner in spans]
    found = offset(made)
    if found is not None:
        fitting = {s.inner for s in made if s.low <= found.seconds <= s.high}
        assert len(fitting) >= found.fitting
