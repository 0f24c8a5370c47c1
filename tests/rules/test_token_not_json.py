from msgspec.structs import replace

from inspector.core.finding import CheckState
from inspector.rules.sample import HEALTHY, HTML, ping, token
from inspector.wire.token import LIMIT

PAGE = replace(token(), give=("content-type: text/html",), body=HTML)


def test_type_and_first_characters_are_quoted(found):
    what = [piece.what for piece in found(ping(), PAGE)["token-not-json"].evidence]
    assert what[0] == "content-type: text/html"
    assert what[1].startswith('the body begins with "<html>')


def test_an_empty_answer(found):
    assert found(ping(), replace(token(), body=b""))["token-not-json"].evidence[1].what == "the body is empty"


def test_refusals_are_another_matter(found):
    assert "token-not-json" not in found(ping(), replace(PAGE, status=401))


def test_an_answer_that_was_not_kept(checked):
    assert checked("token-not-json", HEALTHY[0], replace(token(), kept=False)).state is CheckState.CANNOT_TELL


def test_an_answer_longer_than_any_client_reads_is_none(found):
    flood = replace(token(), give=("content-type: application/json",), body=b" " * (LIMIT + 1))
    evidence = found(ping(), flood)["token-not-json"].evidence
    assert "1,048,577 bytes long" in evidence[1].what
