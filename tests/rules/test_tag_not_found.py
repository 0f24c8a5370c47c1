import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import (
    HEALTHY,
    HTML,
    MANIFEST,
    MIRROR,
    SELF_SERVED,
    error_body,
    fetch,
    ping,
    resolve,
    token,
)
from inspector.wire.mediatypes import DOCKER_MANIFEST

MISS = replace(resolve(), status=404, give=(), body=b"")
TOLD = replace(MISS, method="GET", body=error_body("MANIFEST_UNKNOWN", "manifest unknown"))


def test_head_and_get_are_one_finding(pulled):
    findings = pulled(ping(), token(), MISS, TOLD).findings
    assert [finding.code for finding in findings] == ["tag-not-found"]
    assert [piece.exchange for piece in findings[0].evidence] == [3, 4]
    assert findings[0].final


def test_an_unknown_repository_is_another_matter(found):
    unknown = replace(TOLD, body=error_body("NAME_UNKNOWN", "repository name not known to registry"))
    findings = found(ping(), token(), unknown)
    assert "tag-not-found" not in findings
    assert "repository-denied" in findings


def test_a_narrow_accept_is_another_matter(found):
    narrow = replace(
        TOLD,
        body=error_body(
            "MANIFEST_UNKNOWN", "OCI index found, but accept header does not support OCI indexes"
        ),
    )
    findings = found(ping(), token(), narrow)
    assert "tag-not-found" not in findings
    assert "accept-too-narrow" in findings


def test_a_page_is_another_matter(found):
    page = replace(TOLD, give=("content-type: text/html",), body=HTML)
    assert "tag-not-found" not in found(ping(), token(), page)


def test_the_mirrors_miss_and_then_the_originals_hit(found):
    miss = replace(TOLD, url=resolve(MIRROR).url, ask=())
    assert "tag-not-found" not in found(miss, *SELF_SERVED)


def test_signatures_may_be_missing(found):
    signature = replace(TOLD, url=resolve(reference=f"sha256-{'ab' * 32}.sig").url)
    assert "tag-not-found" not in found(*HEALTHY, signature)


def test_what_the_index_names_is_blob_unknown(found):
    child = replace(
        fetch(MANIFEST, DOCKER_MANIFEST), status=404, give=(), body=error_body("MANIFEST_UNKNOWN", "unknown")
    )
    findings = found(*HEALTHY[:4], child)
    assert "tag-not-found" not in findings
    assert findings["blob-unknown"].severity is Severity.ERROR


def test_hosts_and_reference_are_named(found):
    finding = found(ping(), token(), TOLD)["tag-not-found"]
    assert finding.summary == "library/app has no tag latest at registry-1.docker.io"


def test_a_digest_is_called_one(found):
    digest = replace(TOLD, url=resolve(reference=f"sha256:{'ab' * 32}").url)
    assert "no digest sha256:abab" in found(ping(), token(), digest)["tag-not-found"].summary


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (error_body("NAME_UNKNOWN", "repository name not known to registry"), "repository-denied"),
        (error_body("MANIFEST_UNKNOWN", "OCI index found, but accept header does not support OCI indexes"), "accept-too-narrow"),
    ],
)  # fmt: skip
def test_what_the_get_says_of_it_counts_for_the_head_before_it(found, error, code):
    findings = found(ping(), token(), MISS, replace(TOLD, body=error))
    assert code in findings
    assert "tag-not-found" not in findings
