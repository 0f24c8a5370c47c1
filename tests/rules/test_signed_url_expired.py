from msgspec.structs import replace

from inspector.rules.sample import CONFIG, HEALTHY, cdn, redirect

LINK = "https://bucket.s3.example.com/blob?X-Amz-Date=20231115T120000Z&X-Amz-Expires=300"
SENT = replace(redirect(CONFIG), give=(f"location: {LINK}",))


def refused(date, body=b""):
    return replace(cdn(CONFIG), url=LINK, status=403, give=(f"date: {date}",), body=body)


def test_the_storages_clock_against_the_links_end(found):
    finding = found(*HEALTHY[:5], SENT, refused("Wed, 15 Nov 2023 12:06:00 GMT"))["signed-url-expired"]
    assert "60 s after the link's end" in finding.evidence[1].what


def test_a_link_in_its_time_was_refused_for_something_else(found):
    findings = found(*HEALTHY[:5], SENT, refused("Wed, 15 Nov 2023 12:04:00 GMT"))
    assert "signed-url-expired" not in findings
    assert "cdn-denied" in findings


def test_the_storages_words_suffice(found):
    body = b"<Error><Code>ExpiredToken</Code></Error>"
    assert "signed-url-expired" in found(*HEALTHY[:5], SENT, refused("nonsense", body))


def test_a_link_that_was_served_is_no_matter(found):
    late = replace(cdn(CONFIG), url=LINK, give=("date: Wed, 15 Nov 2023 13:00:00 GMT",))
    assert "signed-url-expired" not in found(*HEALTHY[:5], SENT, late, *HEALTHY[7:])


def test_a_fresh_link_that_was_served_overcomes_it(found):
    late, served = refused("Wed, 15 Nov 2023 12:06:00 GMT"), replace(cdn(CONFIG), url=LINK)
    assert "signed-url-expired" not in found(*HEALTHY[:5], SENT, late, SENT, served, *HEALTHY[7:])
