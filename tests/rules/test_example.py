from inspector.core.events import Body, Ended, RequestHead, ResponseHead, Trouble, header
from inspector.rules.example import Broken, Turn, build, digest_of, events, host_of

TURN = Turn(method="GET", url="https://Registry.example.com:5000/v2/", status=200, body=b"{}")


def test_a_turn_is_told_as_a_source_would():
    assert [type(event) for event in events((TURN,))] == [RequestHead, ResponseHead, Body, Ended]


def test_times_go_forward():
    times = [event.time for event in events((TURN, TURN)) if isinstance(event, RequestHead | Ended)]
    assert times == sorted(times)


def test_the_length_is_told_unless_it_is_not_known():
    def told(**fields):
        heads = events((Turn(method="GET", url="https://r/v2/", status=200, **fields),))
        return header(heads[1].headers, "content-length")

    assert told(body=b"abc") == "3"
    assert told(body=b"abc", give=("transfer-encoding: chunked",)) is None
    assert told(body=b"abc", give=("content-length: none",)) is None


def test_a_cut_body_is_not_whole_and_not_kept():
    body = next(
        event
        for event in events((Turn(method="GET", url="https://r/v2/", status=200, body=b"abc", arrived=1),))
        if isinstance(event, Body)
    )
    assert (body.size, body.complete, body.document) == (1, False, None)


def test_a_failed_connection_without_a_pull_is_left_over():
    pulls, unclaimed = build((Broken(trouble=Trouble.CONNECT, host="r.example.com", message="refused"),))
    assert pulls == []
    assert [event.host for event in unclaimed] == ["r.example.com"]


def test_small_helpers():
    assert host_of("https://Registry.example.com:5000/v2/") == "registry.example.com:5000"
    assert digest_of(b"").startswith("sha256:e3b0c442")
