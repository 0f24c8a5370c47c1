from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.example import Turn
from inspector.rules.sample import MIRROR, bearer_line, error_body, ping, resolve, token

OWN = "https://registry.example.com"


def refused(repository="app", host=MIRROR, status=401):
    give = (bearer_line(host, repository, error="insufficient_scope"),) if status == 401 else ()
    return replace(resolve(host, repository), status=status, give=give, body=b"")


def test_docker_hubs_refusal_of_a_name_of_one_part(found):
    findings = found(ping(MIRROR), token("app"), refused())
    assert findings["library-missing"].severity is Severity.ERROR
    assert findings["insufficient-scope"].caused_by == "library-missing"
    assert "repository-denied" not in findings


def test_a_404_behind_docker_hubs_service_counts_too(found):
    findings = found(ping(MIRROR), token("app"), refused(status=404))
    assert "library-missing" in findings
    assert "tag-not-found" not in findings


def test_ns_tells_whose_mirror_it_is(found):
    head = Turn(method="HEAD", url=f"{OWN}/v2/app/manifests/latest?ns=docker.io", status=404)
    assert "library-missing" in found(head)


def test_two_parts_are_another_matter(found):
    findings = found(ping(MIRROR), token("someone/app"), refused("someone/app"))
    assert "library-missing" not in findings
    assert "repository-denied" in findings


def test_registries_where_one_part_is_right(found):
    head = Turn(
        method="GET",
        url=f"{OWN}/v2/app/manifests/latest",
        status=404,
        body=error_body("MANIFEST_UNKNOWN", "manifest unknown"),
    )
    findings = found(head)
    assert "library-missing" not in findings
    assert "tag-not-found" in findings


def test_a_mirror_that_redirects_to_library_and_serves(found):
    moved = replace(
        resolve(MIRROR, "app"), status=301, give=(f"location: {MIRROR}/v2/library/app/manifests/latest",)
    )
    assert "library-missing" not in found(ping(MIRROR), token("app"), moved, resolve(MIRROR))
