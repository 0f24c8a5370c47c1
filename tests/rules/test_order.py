from graphlib import TopologicalSorter

from hypothesis import given
from hypothesis import strategies as st

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.rules.order import NEVER_FAILS_A_PULL, NEVER_ROOT, REFUSALS_OF_A_MIRROR, TABLE, arrange

CODES = sorted({code for row in TABLE for code in (*row.roots, *row.consequences)} | NEVER_ROOT)


def finding(code, severity=Severity.ERROR, n=1, final=False):
    return Finding(
        code=code, severity=severity, confidence=Confidence.PROVED, summary="s", cause="c", remedy="r", spec="s", final=final,
        evidence=[Evidence(exchange=n, what="w")],
    )  # fmt: skip


def told(*findings, contents=frozenset({"sha256:a"})):
    ordered = arrange(list(findings), contents=lambda _: contents, hosts=lambda _: frozenset({"m"}))
    return [(one.code, one.caused_by) for one in ordered]


def test_severity_first_then_what_the_pull_failed_on_then_the_table():
    assert told(
        finding("length-missing", Severity.NOTE),
        finding("realm-bypasses-mirror", Severity.WARNING),
        finding("server-error"),
        finding("tag-not-found", n=9, final=True),
    ) == [
        ("tag-not-found", None),
        ("server-error", None),
        ("realm-bypasses-mirror", None),
        ("length-missing", None),
    ]
    assert told(finding("server-error", n=2), finding("cdn-denied", n=9, final=True)) == [
        ("cdn-denied", None),
        ("server-error", None),
    ]


def test_a_consequence_stands_right_after_its_root():
    assert told(
        finding("insufficient-scope"), finding("cdn-denied", n=5), finding("library-missing", n=7)
    ) == [
        ("library-missing", None),
        ("insufficient-scope", "library-missing"),
        ("cdn-denied", None),
    ]


def test_what_cannot_be_named_cannot_be_there():
    assert told(
        finding("repository-denied", final=True), finding("tag-not-found", n=2), finding("name-invalid", n=3)
    ) == [
        ("name-invalid", None),
        ("repository-denied", "name-invalid"),
        ("tag-not-found", "name-invalid"),
    ]


def test_one_redirect_and_one_token_are_told_once():
    assert told(finding("redirect-to-http"), finding("redirect-to-private"))[1] == (
        "redirect-to-http",
        "redirect-to-private",
    )
    assert told(finding("cdn-rejects-authorization"), finding("credentials-forwarded"))[1] == (
        "cdn-rejects-authorization",
        "credentials-forwarded",
    )


def test_a_warning_that_explains_an_error_comes_before_it():
    assert told(finding("realm-unreachable"), finding("realm-bypasses-mirror", Severity.WARNING))[0] == (
        "realm-bypasses-mirror",
        None,
    )


def test_a_note_explains_no_error():
    assert ("tag-moved", None) in told(finding("tag-moved"), finding("digest-header-mismatch", Severity.NOTE))


def test_chains_lead_to_the_top():
    chain = told(
        finding("mirror-bypassed", Severity.WARNING), finding("repository-denied"), finding("rate-limited")
    )
    assert chain == [
        ("rate-limited", None),
        ("repository-denied", "rate-limited"),
        ("mirror-bypassed", "rate-limited"),
    ]


def test_other_contents_are_not_explained():
    pair = (finding("body-truncated"), finding("digest-mismatch"))
    assert ("digest-mismatch", "body-truncated") in told(*pair)
    assert ("digest-mismatch", None) in told(*pair, contents=frozenset())


def test_a_then_b():
    pair = [finding("cdn-rejects-authorization", n=1), finding("credentials-forwarded", n=2)]
    assert told(*pair)[0] == ("credentials-forwarded", None)


def test_ties_go_to_the_earlier_exchange():
    assert told(finding("schema1", n=5), finding("accept-too-narrow", n=2))[0] == ("accept-too-narrow", None)


def test_the_table_has_no_circle():
    graph = {}
    for row in TABLE:
        for consequence in row.consequences:
            graph.setdefault(consequence, set()).update(row.roots)
    assert list(TopologicalSorter(graph).static_order())


def test_what_never_is_a_root_never_explains():
    assert not NEVER_ROOT & REFUSALS_OF_A_MIRROR
    assert NEVER_ROOT <= NEVER_FAILS_A_PULL


@given(st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(Severity), st.integers(1, 9)), max_size=12))
def test_nothing_is_lost_and_every_cause_is_there(drawn):
    findings = [finding(code, severity, n) for code, severity, n in drawn]
    ordered = told(*findings)
    assert sorted(code for code, _ in ordered) == sorted(code for code, _, _ in drawn)
    roots = {code for code, cause in ordered if cause is None}
    assert {cause for _, cause in ordered if cause} <= roots


def test_a_proved_cause_is_told_where_the_table_knows_none():
    def caused(root, consequence):
        return (root.code, consequence.code) == ("token-denied", "schema1")

    found = [finding("schema1"), finding("token-denied", n=2)]
    ordered = arrange(found, contents=lambda _: frozenset(), hosts=lambda _: frozenset(), caused=caused)
    assert [(one.code, one.caused_by) for one in ordered] == [
        ("token-denied", None),
        ("schema1", "token-denied"),
    ]


def test_two_that_are_said_to_cause_one_another_are_both_told():
    found = [finding("schema1"), finding("token-denied", n=2), finding("library-missing", n=3)]
    ordered = arrange(
        found, contents=lambda _: frozenset(), hosts=lambda _: frozenset(), caused=lambda _root, _other: True
    )
    assert {one.code for one in ordered} == {"schema1", "token-denied", "library-missing"}
    assert sum(one.caused_by is None for one in ordered) == 1
