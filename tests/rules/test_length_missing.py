from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.core.pull import Outcome
from inspector.rules import diagnose
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, cdn, documents, resolve, serve

NONE = "content-length: none"


def test_on_a_blob_it_is_a_note(found):
    turn = replace(cdn(LAYER), give=(*cdn(LAYER).give, "transfer-encoding: chunked"))
    assert found(*HEALTHY[:-1], turn)["length-missing"].severity is Severity.NOTE


def test_on_the_head_of_a_manifest_it_is_a_warning(found):
    head = replace(resolve(), give=(*resolve().give, NONE))
    assert found(*HEALTHY[:2], head, *HEALTHY[3:])["length-missing"].severity is Severity.WARNING


def test_a_client_that_stops_there_makes_it_an_error(pulled):
    pull = pulled(*HEALTHY[:2], replace(resolve(), give=(*resolve().give, NONE)))
    pull.outcome = Outcome.FAILED
    diagnose(pull)
    finding = next(f for f in pull.findings if f.code == "length-missing")
    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.IMPLIED)


def test_tokens_and_errors_need_none(found):
    token = replace(HEALTHY[1], give=(*HEALTHY[1].give, "transfer-encoding: chunked"))
    assert "length-missing" not in found(HEALTHY[0], token, *HEALTHY[2:])


def test_a_registry_that_sends_chunks_by_design_is_a_note(found):
    host = "https://registry.access.redhat.com"
    head = replace(resolve(host), give=(*resolve(host).give, NONE))
    turns = (head, *documents(host)[1:], serve(CONFIG, host), serve(LAYER, host))
    assert found(*turns)["length-missing"].severity is Severity.NOTE
    assert (
        found(*(replace(turn, url=turn.url.replace("access.redhat.com", "example.com")) for turn in turns))[
            "length-missing"
        ].severity
        is Severity.WARNING
    )
