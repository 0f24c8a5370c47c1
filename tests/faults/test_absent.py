"""What is not a fault has a reason, which ``fault=`` tells to those who ask for it."""

import pytest

from inspector.faults.absent import ABSENT
from inspector.faults.options import parse


@pytest.mark.parametrize("code", ABSENT)
def test_the_reason_is_told(code):
    with pytest.raises(ValueError, match="cannot be brought about in transit") as told:
        parse([code], "", "")
    assert ABSENT[code].rstrip(".") in str(told.value)
