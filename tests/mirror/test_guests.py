"""Who is sent away, and when."""

from inspector.mirror.guests import Guests


def test_an_idle_client_goes_in_time_and_a_busy_one_does_not():
    guests = Guests(idle=10)
    for name in ("idle", "busy"):
        guests.come(name, 0)
    guests.begin("busy")
    assert guests.overdue(9) == []
    assert guests.overdue(10) == ["idle"]
    assert guests.overdue(1000) == []
    guests.end("busy", 1000)
    assert guests.overdue(1009) == []
    assert guests.overdue(1010) == ["busy"]
    assert len(guests) == 0


def test_40_a_body_has_as_long_as_a_head():
    guests = Guests(idle=10)
    guests.come("a", 0)
    guests.head("a", 8)
    assert guests.overdue(17) == []
    assert guests.overdue(18) == ["a"]


def test_of_several_requests_all_have_to_end():
    guests = Guests(idle=10)
    guests.come("a", 0)
    guests.begin("a")
    guests.begin("a")
    guests.end("a", 1)
    assert guests.overdue(100) == []


def test_a_full_house_sends_the_idlest_away():
    guests = Guests(most=2)
    guests.come("a", 0)
    guests.come("b", 1)
    guests.begin("a")
    guests.end("a", 5)
    assert guests.come("c", 6) == "b"
    assert len(guests) == 2


def test_a_house_full_of_busy_ones_takes_nobody():
    guests = Guests(most=1)
    guests.come("a", 0)
    guests.begin("a")
    assert guests.come("b", 1) == "b"
    guests.leave("a")
    assert guests.come("b", 2) is None


def test_strangers_change_nothing():
    guests = Guests()
    guests.head("x", 0)
    guests.begin("x")
    guests.end("x", 1)
    guests.leave("x")
    assert len(guests) == 0
