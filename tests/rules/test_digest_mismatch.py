from msgspec.structs import replace

from inspector.core.events import Side
from inspector.core.finding import CheckState, Severity
from inspector.rules.example import digest_of
from inspector.rules.sample import CONFIG, HEALTHY, HTML, LAYER, cdn, redirect

WRONG = LAYER.replace(b"bytes", b"bites")


def test_the_digest_asked_for_and_the_hash_are_the_evidence(found):
    finding = found(*HEALTHY[:-1], replace(cdn(LAYER), body=WRONG))["digest-mismatch"]
    assert finding.severity is Severity.ERROR
    assert finding.final
    assert {piece.exchange for piece in finding.evidence} == {8, 9}


def test_the_empty_body_is_named(found):
    finding = found(*HEALTHY[:-1], replace(cdn(LAYER), body=b""))["digest-mismatch"]
    assert "empty body" in finding.summary
    assert "empty file" in finding.cause


def test_it_stays_an_error_in_a_pull_that_arrived_with_a_retry(found):
    wrong = replace(cdn(LAYER), body=WRONG)
    findings = found(*HEALTHY[:-1], wrong, redirect(LAYER), cdn(LAYER))
    assert findings["digest-mismatch"].severity is Severity.ERROR


def test_a_cut_body_is_not_hashed(found):
    cut = replace(cdn(LAYER), arrived=10, error="peer closed connection", side=Side.SERVER)
    assert "digest-mismatch" not in found(*HEALTHY[:-1], cut)


def test_a_page_is_not_taken_for_content(found):
    page = replace(cdn(LAYER), give=("content-type: text/html",), body=HTML)
    findings = found(*HEALTHY[:-1], page)
    assert "digest-mismatch" not in findings
    assert "html-answer" in findings


def test_an_encoding_is_told_by_its_own_code(found):
    encoded = replace(cdn(LAYER), give=("content-encoding: gzip",), body=WRONG)
    findings = found(*HEALTHY[:-1], encoded)
    assert "digest-mismatch" not in findings
    assert "content-encoding" in findings


def test_two_wrong_blobs_of_one_host_are_one_finding(pulled):
    wrong = (replace(cdn(CONFIG), body=b"{}"), HEALTHY[7], replace(cdn(LAYER), body=WRONG))
    findings = pulled(*HEALTHY[:6], *wrong).findings
    assert [finding.code for finding in findings].count("digest-mismatch") == 1


def test_without_a_whole_body_it_cannot_tell(checked):
    cut = replace(HEALTHY[3], arrived=1, error="peer closed connection", side=Side.SERVER)
    assert checked("digest-mismatch", *HEALTHY[:3], cut).state is CheckState.CANNOT_TELL


def test_a_manifest_by_tag_is_a_matter_of_its_header(found):
    by_tag = replace(HEALTHY[3], url=HEALTHY[2].url, body=HEALTHY[3].body + b" ")
    findings = found(*HEALTHY[:2], by_tag)
    assert "digest-mismatch" not in findings
    assert "digest-header-mismatch" in findings


def test_a_tag_that_is_redirected_to_the_storage_is_no_digest(found):
    link = "https://production.cloudflare.docker.com/manifests/1"
    sent = replace(HEALTHY[3], url=HEALTHY[2].url, status=307, give=(f"location: {link}",), body=b"")
    got = replace(HEALTHY[3], url=link, body=HEALTHY[3].body + b" ")
    assert "digest-mismatch" not in found(*HEALTHY[:2], sent, got)


def test_a_body_that_a_mirror_broke_since_it_is_wrong(found):
    broken = replace(
        cdn(LAYER),
        arrived=700,
        error=f"wrong content: {digest_of(LAYER)} was asked for, {digest_of(WRONG)} came (9 bytes)",
    )
    findings = found(*HEALTHY[:-1], broken)
    assert digest_of(WRONG)[7:19] in findings["digest-mismatch"].summary
    assert findings["digest-mismatch"].final
    assert "body-truncated" not in findings
