from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.core.pull import Outcome
from inspector.rules import diagnose
from inspector.rules.example import Turn
from inspector.rules.sample import ACCEPT, HEALTHY, INDEX, manifest_url, resolve
from inspector.wire.mediatypes import DOCKER_LIST

TYPE = f"content-type: {DOCKER_LIST}"
BARE = replace(resolve(), give=(TYPE,))


def test_it_is_a_note_when_it_cost_nothing(found):
    findings = found(*HEALTHY[:2], BARE, *HEALTHY[3:])
    assert findings["digest-header-missing"].severity is Severity.NOTE


def test_it_is_a_warning_when_the_client_had_to_get_the_tag(found):
    findings = found(*HEALTHY[:2], BARE, replace(BARE, method="GET"), *HEALTHY[4:])
    assert findings["digest-header-missing"].severity is Severity.WARNING


def test_a_client_that_gives_up_makes_it_an_error(pulled):
    head = Turn(
        method="HEAD", url=manifest_url("latest", "https://registry.example.com"), ask=(ACCEPT,), status=200, give=(TYPE,),
        body=INDEX, agent="oras-go",
    )  # fmt: skip
    pull = pulled(head)
    pull.outcome = Outcome.FAILED  # as a tool that went on to other traffic would show
    diagnose(pull)
    finding = next(f for f in pull.findings if f.code == "digest-header-missing")
    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.IMPLIED)


def test_registries_without_it_by_design_get_a_note(found):
    bare = (
        replace(t, url=t.url.replace("registry-1.docker.io", "registry.redhat.io"))
        for t in (BARE, replace(BARE, method="GET"))
    )
    assert found(*bare)["digest-header-missing"].severity is Severity.NOTE


def test_blobs_and_redirects_need_none(found):
    assert "digest-header-missing" not in found(*HEALTHY)
