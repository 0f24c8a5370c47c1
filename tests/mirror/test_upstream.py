"""What goes to the upstream of a client's request."""

import pytest

from inspector.mirror.challenge import NO_TOKEN, Known
from inspector.mirror.model import Kind, Target
from inspector.mirror.upstream import headers_for, probing, without


@pytest.fixture
def sent(settings, request_for):
    def fields(*, kind=Kind.BLOB, known=None, setup=None, **headers):
        setup = setup or settings()
        target = Target(kind=kind, upstream=setup.upstreams[0], path="/", own="")
        return headers_for(request_for("GET /v2/", **headers), target, setup, known, "feed")

    return fields


def test_fields_are_taken_from_a_list(sent):
    got = sent(
        accept="a/b",
        user_agent="docker/1",
        cookie="c",
        x_custom="x",
        referer="r",
        x_forwarded_for="1",
        range="bytes=1-",
    )
    assert got == (
        ("accept", "a/b"), ("user-agent", "docker/1"), ("range", "bytes=1-"), ("accept-encoding", "identity"),
        ("via", "1.1 pull-inspector-feed"),
    )  # fmt: skip


def test_46_no_coding_is_asked_for(sent):
    assert ("accept-encoding", "identity") in sent(accept_encoding="gzip")
    assert ("accept-encoding", "gzip") not in sent(accept_encoding="gzip")


def test_52_via_grows(sent):
    assert dict(sent(via="1.1 nginx"))["via"] == "1.1 nginx, 1.1 pull-inspector-feed"


def test_documents_are_asked_for_whole(sent):
    assert "range" not in dict(sent(kind=Kind.MANIFEST, range="bytes=0-", if_range="x"))


def test_a_bearer_goes_to_the_upstream_and_a_password_only_where_it_asks_for_one(sent, settings):
    assert dict(sent(authorization="Bearer t"))["authorization"] == "Bearer t"
    assert "authorization" not in dict(sent(authorization="Basic eA=="))
    assert "authorization" not in dict(sent(authorization="Basic eA==", known=Known(realm="https://a/")))
    assert dict(sent(authorization="Basic eA==", known=Known(basic=True)))["authorization"] == "Basic eA=="
    assert "authorization" not in dict(sent(authorization="Negotiate x", known=Known(basic=True)))


def test_the_token_of_an_upstream_that_asks_for_none_goes_no_further(sent):
    assert "authorization" not in dict(sent(authorization=f"Bearer {NO_TOKEN}"))


def test_in_own_mode_a_clients_authorization_goes_nowhere(sent, settings):
    assert "authorization" not in dict(sent(authorization="Bearer t", setup=settings(auth="own")))


def test_in_pass_mode_all_but_the_hops_own_goes_on(sent, settings):
    got = dict(
        sent(
            setup=settings(auth="pass"), authorization="Basic eA==", x_custom="x", connection="close", te="x"
        )
    )
    assert got["authorization"] == "Basic eA=="
    assert got["x-custom"] == "x"
    assert not {"host", "connection", "te"} & set(got)


def test_a_probe_asks_for_one_byte():
    assert probing((("range", "bytes=5-"), ("if-range", "x"), ("if-none-match", "y"), ("accept", "a"))) == (
        ("accept", "a"), ("range", "bytes=0-0"),
    )  # fmt: skip


def test_fields_left_out():
    assert without((("a", "1"), ("b", "2")), "a") == (("b", "2"),)


def test_39_of_several_ranges_none_is_asked_for(sent):
    assert "range" not in dict(sent(range="bytes=0-1,5-6", if_range='"a"'))
    assert "if-range" not in dict(sent(range="bytes=0-1,5-6", if_range='"a"'))
    assert dict(sent(range="bytes=-5"))["range"] == "bytes=-5"
