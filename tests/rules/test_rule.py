from inspector.core.finding import Confidence, Evidence, Severity
from inspector.rules.digest_mismatch import RULE
from inspector.rules.rule import MOST_EVIDENCE, for_host, limited

PIECES = [Evidence(exchange=n, what=f"e{n}") for n in range(1, 30)]


def test_what_is_not_given_is_the_rules_own():
    finding = RULE.finding("summary", PIECES[:1])
    assert (finding.code, finding.severity, finding.confidence) == (
        RULE.code,
        RULE.severity,
        Confidence.PROVED,
    )
    assert (finding.cause, finding.remedy, finding.spec) == (RULE.cause, RULE.remedy, RULE.spec)


def test_a_typical_cause_is_never_an_error():
    assert RULE.finding("summary", PIECES, confidence=Confidence.TYPICAL).severity is Severity.WARNING


def test_evidence_is_bounded_and_keeps_its_last():
    kept = limited(PIECES)
    assert len(kept) == MOST_EVIDENCE
    assert kept[-1].exchange == 29
    assert "and 21 more" in kept[-1].what
    assert limited(PIECES[:MOST_EVIDENCE]) == PIECES[:MOST_EVIDENCE]


def test_a_remedy_names_the_host_where_it_has_a_place_for_it():
    text = 'docker: `"insecure-registries": ["host:port"]`; `docker login HOST[:PORT]`; HOSTS stay'
    told = 'docker: `"insecure-registries": ["r.test:5000"]`; `docker login r.test:5000`; HOSTS stay'
    assert for_host(text, "r.test:5000") == told
    assert for_host(text, None) == text
    assert RULE.finding("x", [], remedy="log in at HOST", host="r.test").remedy == "log in at r.test"
