from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.rules.redirect_leaves_mirror import NGINX
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, MIRROR, cdn, documents, ping, redirect, token

CODE = "redirect-leaves-mirror"
BEGIN = (ping(MIRROR), token(), *documents(MIRROR))
SENT = redirect(CONFIG, MIRROR)


def test_the_client_that_goes_there_gets_a_note(found):
    finding = found(*BEGIN, SENT, cdn(CONFIG), redirect(LAYER, MIRROR), cdn(LAYER))[CODE]
    assert finding.severity is Severity.NOTE
    assert "Docker Hub" in finding.summary


def test_a_storage_that_cannot_be_reached_makes_it_the_root(found):
    told = found(*BEGIN, SENT, replace(cdn(CONFIG), status=None, error="connection refused"))
    assert (told[CODE].severity, told[CODE].confidence) == (Severity.ERROR, Confidence.PROVED)
    assert told["cdn-unreachable"].caused_by == CODE


def test_where_that_is_only_implied_it_is_a_warning(found):
    assert found(*BEGIN, SENT)[CODE].severity is Severity.WARNING


def test_the_remedy_fits_the_server(found):
    sent = replace(SENT, give=(*SENT.give, "server: nginx/1.27"))
    assert found(*BEGIN, sent, cdn(CONFIG))[CODE].remedy == NGINX


def test_the_registry_is_no_mirror_of_itself(found):
    named = [
        replace(turn, url=f"{turn.url}?ns=docker.io") if "/v2/library" in turn.url else turn
        for turn in HEALTHY
    ]
    assert CODE not in found(*named)


def test_the_registry_itself_and_a_storage_of_its_own(found):
    assert CODE not in found(*HEALTHY)
    own = replace(SENT, give=("location: https://cdn.example.com/1?sig=2",))
    assert CODE not in found(*BEGIN, own, replace(cdn(CONFIG), url="https://cdn.example.com/1?sig=2"))
