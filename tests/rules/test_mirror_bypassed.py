import pytest
from msgspec.structs import replace

from inspector.core.events import Trouble
from inspector.core.finding import Confidence, Severity
from inspector.rules.example import Broken
from inspector.rules.sample import HEALTHY, HTML, HUB, INDEX, MIRROR, SELF_SERVED, error_body, fetch, resolve
from inspector.wire.mediatypes import DOCKER_LIST

BUSY = replace(resolve(MIRROR), status=503, give=(), body=b"busy", ask=())


def test_a_failing_mirror_is_the_root(pulled):
    findings = {finding.code: finding for finding in pulled(BUSY, *SELF_SERVED).findings}
    detour = findings["mirror-bypassed"]
    assert detour.severity is Severity.WARNING
    assert detour.caused_by == "server-error"
    assert detour.evidence[0].exchange == 1
    assert "503" in detour.cause


def test_a_plain_miss_is_a_note(found):
    miss = replace(BUSY, status=404, body=error_body("MANIFEST_UNKNOWN", "manifest unknown"))
    assert found(miss, *SELF_SERVED)["mirror-bypassed"].severity is Severity.NOTE


def test_a_path_below_the_mirrors_prefix_is_the_same(found):
    prefixed = replace(BUSY, url=BUSY.url.replace("/v2/", "/v2/hub/"))
    assert "mirror-bypassed" in found(prefixed, *SELF_SERVED)


def test_a_mirror_that_could_not_be_reached(found):
    dead = Broken(trouble=Trouble.CONNECT, host="mirror.example.com", message="connection refused")
    finding = found(dead, *SELF_SERVED)["mirror-bypassed"]
    assert "mirror.example.com" in finding.summary
    assert finding.evidence[0].exchange is None


def test_a_mirror_that_redirects_to_the_original_was_obeyed(found):
    moved = replace(resolve(MIRROR), status=307, give=(f"location: {resolve(HUB).url}",))
    assert "mirror-bypassed" not in found(moved, *SELF_SERVED[2:])


def test_only_the_token_from_elsewhere_is_no_detour(found):
    assert "mirror-bypassed" not in found(*HEALTHY)


def test_the_sequence_implies_it(found):
    assert found(BUSY, *SELF_SERVED)["mirror-bypassed"].confidence is Confidence.IMPLIED
    dead = Broken(trouble=Trouble.CONNECT, host="mirror.example.com", message="connection refused")
    assert found(dead, *SELF_SERVED)["mirror-bypassed"].confidence is Confidence.IMPLIED


def test_the_remedy_names_both_hosts_as_the_clients_files_do(found):
    remedy = found(BUSY, *SELF_SERVED)["mirror-bypassed"].remedy
    assert '`server = "https://mirror.example.com"`' in remedy
    assert '`location = "docker.io"`, `blocked = true`' in remedy


@pytest.mark.parametrize(
    ("turn", "code", "told"),
    [
        (replace(resolve(MIRROR), method="GET", give=("content-type: text/html",), body=HTML), "html-answer", "text/html"),
        (replace(fetch(INDEX, DOCKER_LIST, MIRROR), body=b"{}"), "size-mismatch", "other content"),
    ],
)  # fmt: skip
def test_what_was_answered_well_and_could_not_be_used(found, turn, code, told):
    begin = () if code == "html-answer" else (resolve(MIRROR),)
    findings = found(*begin, turn, *SELF_SERVED)
    assert findings["mirror-bypassed"].caused_by == code
    assert told in findings["mirror-bypassed"].cause
