from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import HEALTHY, INDEX, LAYER, cdn, fetch
from inspector.wire.mediatypes import DOCKER_LIST

GZIP = "content-encoding: gzip"
INDEX_TURN = fetch(INDEX, DOCKER_LIST)


def test_a_wrong_decoded_body_is_an_error(found):
    turn = replace(cdn(LAYER), give=(GZIP,), body=b"\x1f\x8b" + LAYER, ask=("accept-encoding: gzip",))
    assert found(*HEALTHY[:-1], turn)["content-encoding"].severity is Severity.ERROR


def test_right_but_not_offered_is_a_warning(found):
    turn = replace(INDEX_TURN, give=(*INDEX_TURN.give, GZIP))
    assert found(*HEALTHY[:3], turn, *HEALTHY[4:])["content-encoding"].severity is Severity.WARNING


def test_right_and_offered_is_a_note(found):
    turn = replace(INDEX_TURN, give=(*INDEX_TURN.give, GZIP), ask=(*INDEX_TURN.ask, "accept-encoding: gzip"))
    assert found(*HEALTHY[:3], turn, *HEALTHY[4:])["content-encoding"].severity is Severity.NOTE


def test_a_refused_offer_is_none(found):
    turn = replace(
        INDEX_TURN, give=(*INDEX_TURN.give, GZIP), ask=(*INDEX_TURN.ask, "accept-encoding: gzip;q=0, br")
    )
    assert found(*HEALTHY[:3], turn, *HEALTHY[4:])["content-encoding"].severity is Severity.WARNING


def test_identity_is_no_encoding(found):
    turn = replace(INDEX_TURN, give=(*INDEX_TURN.give, "content-encoding: identity"))
    assert "content-encoding" not in found(*HEALTHY[:3], turn, *HEALTHY[4:])


def test_a_compressed_token_is_a_note_at_most(found):
    offered = replace(HEALTHY[1], give=(*HEALTHY[1].give, GZIP), ask=("accept-encoding: gzip",))
    assert "content-encoding" not in found(HEALTHY[0], offered, *HEALTHY[2:])
    unasked = replace(HEALTHY[1], give=(*HEALTHY[1].give, GZIP))
    assert found(HEALTHY[0], unasked, *HEALTHY[2:])["content-encoding"].severity is Severity.NOTE


def test_unasked_and_not_to_be_checked_is_an_error(found):
    part = replace(cdn(LAYER), status=206, ask=("range: bytes=1-",), give=(GZIP,), body=LAYER[1:])
    assert found(*HEALTHY[:-1], part)["content-encoding"].summary.endswith("which the client did not offer")


def test_a_head_says_little(found):
    head = replace(HEALTHY[2], give=(*HEALTHY[2].give, GZIP))
    assert found(*HEALTHY[:2], head, *HEALTHY[3:])["content-encoding"].severity is Severity.NOTE


def test_a_layer_that_is_only_called_coded_is_an_error_for_who_undoes_it(found):
    turn = replace(cdn(LAYER), give=(GZIP,), decoded=b"a layer's files", ask=("accept-encoding: gzip",))
    told = found(*HEALTHY[:-1], turn)
    finding = told["content-encoding"]
    assert finding.severity is Severity.ERROR
    assert "clients undo it" in finding.summary
    assert finding.evidence[-1].what.startswith("as it came, the body is sha256:")
    assert "proxy_hide_header Content-Encoding;" in finding.remedy
    assert "digest-mismatch" not in told


def test_a_layer_that_is_only_called_coded_is_right_for_who_undoes_nothing(found):
    turn = replace(cdn(LAYER), give=(GZIP,), decoded=b"a layer's files")
    assert found(*HEALTHY[:-1], turn)["content-encoding"].severity is Severity.WARNING
