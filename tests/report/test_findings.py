"""Findings as a compiler shows errors."""

from collections.abc import Callable

import msgspec
from inline_snapshot import snapshot

from inspector.core.finding import Confidence, Evidence, Finding, Severity
from inspector.core.pull import Pull
from inspector.report.findings import Findings, in_short, summary_of

type Draw = Callable[..., str]


def test_root_and_note_at_100_columns(refused_pull: Pull, draw: Draw) -> None:
    assert draw(Findings(refused_pull.findings, refused_pull), 100) == snapshot("""\
  ✘ error[cdn-rejects-authorization]  (proved)
    the registry's token was sent on to the CDN, which refuses it
   ╭ 3 redirect    GET registry-1.docker.io/v2/library/hello-world/blobs/sha256:bc7794f74045…
   │             ▶ 307 Temporary Redirect
   ├ 4 cdn         GET production.cloudflare.docker.com/registry-v2/bc7794f74045/data
   │             ▶ 400 Bad Request, text/html
   │             ▶ authorization: Bearer ‹token A›
   ╰                              ^^^^^^^^^^^^^^^^
   prints   docker up to 24: error parsing HTTP 400 response body: invalid character '<' looking for
            beginning of value: "<html>…"
   cause    nginx's `proxy_pass $saved_redirect_location` keeps the client's Authorization header.
   fix      In `location @handle_redirect` add: proxy_set_header Authorization "";
   spec     distribution-spec, Registry Proxying; RFC 9110 §15.4
   explain  pull-inspector explain cdn-rejects-authorization
   led to   html-answer (step 4)

  • note[realm-bypasses-mirror]  (implied)
    the client fetched its token from auth.docker.io, not through the mirror
   ╭ 1 challenge    GET registry-1.docker.io/v2/
   │                401 Unauthorized
   │              ▶ www-authenticate: Bearer realm="https://auth.docker.io/token",service="registry…
   ╰                                                        ^^^^^^^^^^^^^^
   cause    The mirror passes the hub's challenge on.
   fix      Let it name itself as the realm.
   spec     token spec
   explain  pull-inspector explain realm-bypasses-mirror
""")


def test_at_80_columns(refused_pull: Pull, draw: Draw) -> None:
    assert draw(Findings(refused_pull.findings, refused_pull), 80) == snapshot("""\
  ✘ error[cdn-rejects-authorization]  (proved)
    the registry's token was sent on to the CDN, which refuses it
   ╭ 3 redirect    GET registry-1.docker.io/v2/li…rld/blobs/sha256:bc7794f74045…
   │             ▶ 307 Temporary Redirect
   ├ 4 cdn         GET production.cloudflare.dock…/registry-v2/bc7794f74045/data
   │             ▶ 400 Bad Request, text/html
   │             ▶ authorization: Bearer ‹token A›
   ╰                              ^^^^^^^^^^^^^^^^
   prints   docker up to 24: error parsing HTTP 400 response body: invalid
            character '<' looking for beginning of value: "<html>…"
   cause    nginx's `proxy_pass $saved_redirect_location` keeps the client's
            Authorization header.
   fix      In `location @handle_redirect` add: proxy_set_header Authorization
            "";
   spec     distribution-spec, Registry Proxying; RFC 9110 §15.4
   explain  pull-inspector explain cdn-rejects-authorization
   led to   html-answer (step 4)

  • note[realm-bypasses-mirror]  (implied)
    the client fetched its token from auth.docker.io, not through the mirror
   ╭ 1 challenge    GET registry-1.docker.io/v2/
   │                401 Unauthorized
   │              ▶ www-authenticate: … realm="https://auth.docker.io/token",se…
   ╰                                                   ^^^^^^^^^^^^^^
   cause    The mirror passes the hub's challenge on.
   fix      Let it name itself as the realm.
   spec     token spec
   explain  pull-inspector explain realm-bypasses-mirror
""")


def test_a_consequence_whose_root_is_missing_is_told_itself(refused_pull: Pull, draw: Draw) -> None:
    drawn = draw(Findings(refused_pull.findings[1:], refused_pull), 100)
    assert "error[html-answer]" in drawn


def test_a_finding_without_an_exchange_quotes_the_connection(draw: Draw) -> None:
    finding = Finding(
        code="tls-ca-not-trusted",
        severity=Severity.ERROR,
        confidence=Confidence.PROVED,
        summary="the client refused the certificate",
        evidence=[Evidence(exchange=None, what="alert 48, unknown CA")],
        cause="c",
        remedy="r",
        spec="RFC 8446 §6.2",
    )
    assert draw(Findings([finding]), 80) == snapshot("""\
  ✘ error[tls-ca-not-trusted]  the client refused the certificate  (proved)
   │ connection  ▶ alert 48, unknown CA
   cause    c
   fix      r
   spec     RFC 8446 §6.2
   explain  pull-inspector explain tls-ca-not-trusted
""")


def test_what_several_connections_say_is_quoted_once_with_their_number(
    refused_pull: Pull, draw: Draw
) -> None:
    root = refused_pull.findings[0]
    root.evidence = [
        Evidence(exchange=None, what=f"a.test:443: {what}") for what in ("refused", "reset", "refused")
    ]
    told = draw(Findings([root], refused_pull), 80)
    assert "a.test:443: refused (2 times)\n" in told
    assert "a.test:443: reset\n" in told
    assert told.count("a.test:443") == 2


def test_of_a_location_the_host_is_pointed_at(refused_pull: Pull, draw: Draw) -> None:
    target = refused_pull.step(3).exchange.location
    refused_pull.findings[0].evidence = [Evidence(exchange=3, what=f"location: {target}")]
    lines = draw(Findings(refused_pull.findings[:1], refused_pull), 100).splitlines()
    at = next(number for number, line in enumerate(lines) if "location:" in line)
    pointed = lines[at][lines[at + 1].index("^") : lines[at + 1].rindex("^") + 1]
    assert pointed == "production.cloudflare.docker.com"


def test_the_same_answer_to_the_same_request_is_quoted_once(mirrored_pull: Pull, draw: Draw) -> None:
    mirrored_pull.steps[1].exchange = mirrored_pull.steps[0].exchange
    finding = Finding(
        code="tag-not-found",
        severity=Severity.ERROR,
        confidence=Confidence.PROVED,
        summary="no such tag",
        evidence=[Evidence(exchange=1, what="404"), Evidence(exchange=2, what="404")],
        cause="",
        remedy="",
        spec="",
    )
    drawn = draw(Findings([finding], mirrored_pull), 100)
    assert drawn.count("404 Not Found") == 1
    assert "the same in step 2" in drawn


def test_the_summary_counts_roots_only(refused_pull: Pull) -> None:
    summary = summary_of(refused_pull.findings)
    assert summary is not None
    assert summary.plain == "1 error, 1 note"


def test_nothing_found_says_nothing(draw: Draw) -> None:
    assert draw(Findings([]), 80) == ""
    assert summary_of([]) is None


def test_evidence_that_was_shown_is_not_shown_again(refused_pull: Pull, draw: Draw) -> None:
    root, _, note = refused_pull.findings
    note.evidence = list(root.evidence)
    text = draw(Findings(refused_pull.findings, refused_pull), 100)
    assert text.count("▶ 400") == 1
    assert "   evidence as above (steps 3-4)\n" in text.partition("note[")[2]
    note.evidence = root.evidence[:1]
    assert "as above" not in draw(Findings(refused_pull.findings, refused_pull), 100)


def test_of_a_url_the_host_is_marked_and_a_long_part_is_not(refused_pull: Pull, draw: Draw) -> None:
    root = refused_pull.findings[0]
    root.evidence = [
        Evidence(
            exchange=3, what="location: " + str(refused_pull.steps[2].exchange.response_header("location"))
        )
    ]
    marks = [
        line.strip(" │╰") for line in draw(Findings([root], refused_pull), 160).splitlines() if "^" in line
    ]
    assert marks == ["^" * len("production.cloudflare.docker.com")]
    exchange = refused_pull.steps[0].exchange
    assert exchange.response is not None
    exchange.response = msgspec.structs.replace(exchange.response, headers=(("x-long", "y" * 60),))
    root.evidence = [Evidence(exchange=1, what="x-long: " + "y" * 60)]
    text = draw(Findings([root], refused_pull), 160)
    assert "▶ x-long: yyy" in text
    assert "^" not in text


def test_a_request_line_is_pointed_at_where_it_stands(refused_pull: Pull, draw: Draw) -> None:
    root = refused_pull.findings[0]
    exchange = refused_pull.steps[0].exchange
    root.evidence = [Evidence(exchange=1, what=f"{exchange.method} {exchange.path}")]
    text = draw(Findings([root], refused_pull), 100)
    assert text.count("GET") == 1
    assert "▶ GET registry-1.docker.io/v2/" in text


def test_what_has_no_request_is_pointed_at_once(refused_pull: Pull, draw: Draw) -> None:
    root = refused_pull.findings[0]
    root.evidence = [Evidence(exchange=None, what="word " * 40)]
    text = draw(Findings([root], refused_pull), 80)
    assert text.count("▶") == 1
    assert text.count("word") == 40


def test_the_full_report_says_what_the_client_prints(refused_pull: Pull, draw: Draw) -> None:
    root = refused_pull.findings[0]
    root.code = "body-truncated"
    told = draw(Findings([root], refused_pull, full=True), 100)
    assert "   prints   docker: unexpected EOF\n            docker's log: Download failed, " in told
    assert "docker's log" not in draw(Findings([root], refused_pull), 100)


def test_the_short_report_says_the_first_line_of_it_of_an_error_alone(refused_pull: Pull, draw: Draw) -> None:
    root = refused_pull.findings[0]
    root.code = "body-truncated"
    assert "   prints   docker: unexpected EOF\n" in draw(Findings([root], refused_pull), 100)
    root.severity = Severity.WARNING
    assert "prints" not in draw(Findings([root], refused_pull), 100)


def test_the_short_report_leaves_advice_out_but_never_the_only_word_on_a_failure(refused_pull: Pull) -> None:
    root, consequence, note = refused_pull.findings
    assert in_short([root, consequence, note]) == [root, consequence]
    follows = msgspec.structs.replace(note, caused_by=root.code)
    assert in_short([root, follows]) == [root, follows]
    assert in_short([root, msgspec.structs.replace(note, caused_by="advice-too")]) == [root]
    honest = msgspec.structs.replace(note, code="unexplained")
    assert in_short([note, honest]) == [honest]
