"""What is no pull: logins, searches, lists, inspections, pushes; judged line by line."""

import pytest

from inspector.core.pull import Outcome
from inspector.rules import diagnose

PUSH_TOKEN = (
    "https://auth.test/token?service=registry.test&scope=repository:a/b:pull,push&scope=repository:c/d:pull"
)


def alarms(pull):
    diagnose(pull)
    return [(f.code, str(f.severity)) for f in pull.findings if f.severity != "note"]


def test_a_login_by_token(talk):
    pull = (
        talk()
        .say("""
        GET V/ 401 ask => challenge - - - -
        GET https://auth.test/token?account=ada&client_id=docker&offline_token=true&service=registry.test 200 give=1 basic => token - - 1 -
        GET V/ 200 auth=1 => ping - - 2 -
    """)
        .pull()
    )
    assert (pull.outcome, pull.reference, pull.repository, alarms(pull)) == (Outcome.LOGIN, None, None, [])


def test_a_wrong_and_then_a_right_password_are_two_logins(talk):
    ask = "GET https://auth.test/token?account=ada&service=registry.test"
    one, two = (
        talk()
        .say(f"""
        GET V/ 401 ask => challenge - - - - #1
        {ask} 401 basic => token - - 1 - #1
        GET V/ 401 ask wait=9 => challenge - - - - #2
        {ask} 200 basic give=1 => token - - 1 - #2
        GET V/ 200 auth=1 => ping - - 2 - #2
    """)
        .pulls()
    )
    assert (one.outcome, two.outcome) == (Outcome.FAILED, Outcome.LOGIN)


def test_a_login_by_basic(talk):
    pull = (
        talk()
        .say("""
        GET V/ 401 h:www-authenticate=Basic~realm="x" ua=containers/5.36 => challenge - - - -
        GET V/ 200 basic => ping - - - -
    """)
        .pull()
    )
    assert (pull.outcome, pull.reference, alarms(pull)) == (Outcome.LOGIN, None, [])


def test_a_wrong_password_at_the_token_service(talk):
    pull = (
        talk()
        .say("""
        GET V/ 401 ask => challenge - - - -
        GET https://auth.test/token?account=ada&service=registry.test 401 basic h:www-authenticate=Basic => token - - 1 -
    """)
        .pull()
    )
    assert (pull.outcome, alarms(pull)) == (Outcome.FAILED, [("token-denied", "error")])


@pytest.mark.parametrize("agent", ["docker/27.0", "libpod/5.0", "curl/8.9", "regclient/regctl~(v0.8.0)"])
def test_a_search(talk, agent):
    pull = (
        talk()
        .say(f"""
        GET https://index.docker.io/v1/search?q=alpine&n=25 200 ua={agent} text={{"num_results":0,"results":[]}} => search - - - -
    """)
        .pull()
    )
    assert (pull.outcome, pull.reference, alarms(pull)) == (Outcome.SEARCHED, None, [])


def test_a_search_of_something_else_is_no_registrys(talk):
    assert (
        talk().say('GET https://shop.test/v1/search?q=x 200 ua=Mozilla/5.0 text={"hits":[]} => other').pulls()
        == []
    )


def test_a_list_of_tags_in_pages(talk):
    pull = talk().say("""
        GET V/ 401 ask ua=skopeo/1.9.3 => challenge - - - -
        GET T 200 give=1 => token - - 1 -
        GET R/tags/list?n=2 200 auth=1 text={"tags":["1","2"]} h:link=</v2/a/b/tags/list?last=2&n=2>;~rel="next" => tags - - 2 -
        GET R/tags/list?last=2&n=2 200 auth=1 text={"tags":["3"]} => tags - - 2 -
    """).pull()  # fmt: skip
    assert (pull.outcome, pull.repository, pull.tag, pull.reference) == (Outcome.INSPECTED, "a/b", None, None)
    assert alarms(pull) == []


def test_a_catalog(talk):
    pull = (
        talk().say("GET V/_catalog?n=100 200 ua=regclient/regctl~(v0.8.0) text={} => catalog - - - -").pull()
    )
    assert (pull.reference, alarms(pull)) == (None, [])


@pytest.mark.parametrize(
    "lines",
    [
        "HEAD R/manifests/1 200 have=index ua=crane/v0.20 => resolve index - - -",
        "HEAD R/manifests/1 200 have=manifest ua=regclient/regctl~(v0.8.0) => resolve manifest - - -",
        "GET R/manifests/1 200 have=index ua=Docker-Client/27.0~(linux) => manifest index t - -",
        "GET R/manifests/1 200 have=index ua=oras/1.2 => manifest index t - -",
        "GET R/manifests/1 200 have=index ua=buildkit/v0.20 => manifest index t - -",
        "GET R/manifests/1 200 have=index ua=- => manifest index t - -",
        """GET R/manifests/1 200 have=index ua=skopeo/1.9.3 => manifest index t - -
        GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
        GET R/blobs/{config} 200 have=config => blob config t - -
        GET R/tags/list 200 text={"tags":[]} => tags - - - -""",
        """GET R/manifests/1 200 have=index ua=Docker-Client/27.0~(linux) => manifest index t - -
        GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
        GET R/manifests/{attest} 200 have=attest => manifest attestation t - -
        GET R/blobs/{config} 200 have=config => blob config t - -""",
    ],
)
def test_an_inspection(talk, lines):
    pull = talk().say(lines).pull()
    assert (pull.outcome, pull.reference, alarms(pull)) == (Outcome.INSPECTED, "r.test/a/b:1", [])


def test_a_push_that_mounts_finds_and_uploads(talk):
    pull = talk().say(f"""
        GET V/ 401 ask => challenge - - - -
        GET {PUSH_TOKEN} 200 give=1 => token - - 1 -
        HEAD R/blobs/{{layer0}} 404 auth=1 => push layer - 2 -
        POST R/blobs/uploads/?from=c/d&mount={{layer0}} 201 auth=1 => push layer - 2 -
        HEAD R/blobs/{{layer1}} 307 to=https://cdn.test/1 auth=1 => redirect layer - 2 -
        HEAD https://cdn.test/1 200 => cdn layer - 5 -
        HEAD R/blobs/{{config}} 404 auth=1 => push config - 2 -
        POST R/blobs/uploads/ 202 auth=1 => push - - 2 -
        PATCH R/blobs/uploads/u1?_state=x 202 auth=1 => push - - 2 -
        PUT R/blobs/uploads/u1?digest={{config}} 201 auth=1 => push config - 2 -
        PUT R/manifests/1 201 auth=1 sent=manifest => push manifest - 2 -
    """).pull()  # fmt: skip
    assert (pull.outcome, pull.reference, pull.registry) == (Outcome.PUSHED, "r.test/a/b:1", "r.test")
    assert (pull.digest, alarms(pull)) == (talk().digest("manifest"), [])


def test_a_push_by_containerd_of_an_index(talk):
    pull = talk().say(f"""
        HEAD R/manifests/1 401 ask ua=containerd/v2.0 => challenge - - - -
        GET {PUSH_TOKEN} 200 give=1 => token - - 1 -
        HEAD R/manifests/1 404 auth=1 => resolve - - 2 -
        HEAD R/blobs/{{layer0}} 404 auth=1 => push layer - 2 -
        POST R/blobs/uploads/ 202 auth=1 => push - - 2 -
        PUT R/blobs/uploads/u?digest={{layer0}} 201 auth=1 => push layer - 2 -
        HEAD R/manifests/{{manifest}} 404 auth=1 => resolve manifest - 2 -
        PUT R/manifests/{{manifest}} 201 auth=1 sent=manifest => push manifest - 2 -
        PUT R/manifests/1 201 auth=1 sent=index => push index - 2 -
    """).pull()  # fmt: skip
    assert (pull.outcome, pull.reference, pull.digest) == (
        Outcome.PUSHED,
        "r.test/a/b:1",
        talk().digest("index"),
    )
    assert alarms(pull) == []


def test_two_pushes_and_a_pull_of_one_tag(talk):
    one, two, three = talk().say("""
        POST R/blobs/uploads/ 202 => push - - - - #1
        PUT R/manifests/1 201 sent=manifest => push manifest - - - #1
        PUT R/manifests/2 201 sent=manifest => push manifest - - - #2
        HEAD R/manifests/1 200 have=manifest => resolve manifest - - - #3
        GET R/blobs/{layer0} 200 have=layer0 => blob - t - - #3
    """).pulls()  # fmt: skip
    assert [(p.tag, p.outcome) for p in (one, two)] == [("1", Outcome.PUSHED), ("2", Outcome.PUSHED)]
    assert three.outcome is Outcome.COMPLETE


def test_a_pull_and_then_a_push_to_the_same_repository(talk):
    one, two = (
        talk()
        .say(f"""
        HEAD R/manifests/1 200 have=manifest => resolve manifest - - - #1
        GET R/manifests/{{manifest}} 200 have=manifest => manifest manifest t - - #1
        GET R/blobs/{{layer0}} 200 have=layer0 => blob layer t - - #1
        GET V/ 401 ask wait=5 => challenge - - - - #2
        GET {PUSH_TOKEN} 200 give=1 => token - - 1 - #2
        HEAD R/blobs/{{layer0}} 200 auth=1 => push layer - 2 - #2
        HEAD R/blobs/{{layer1}} 404 auth=1 => push layer - 2 - #2
        POST R/blobs/uploads/ 202 auth=1 => push - - 2 - #2
        PUT R/blobs/uploads/x?digest={{layer1}} 201 auth=1 => push layer - 2 - #2
        PUT R/manifests/2 201 auth=1 sent=manifest => push manifest - 2 - #2
    """)
        .pulls()
    )
    assert [(p.tag, p.outcome, alarms(p)) for p in (one, two)] == [
        ("1", Outcome.COMPLETE, []),
        ("2", Outcome.PUSHED, []),
    ]


def test_a_refused_push(talk):
    pull = (
        talk()
        .say("""
        GET V/ 200 => ping - - - -
        POST R/blobs/uploads/ 202 => push - - - -
        PATCH R/blobs/uploads/u 413 text=<html><title>413</title></html> h:content-type=text/html => push - - - -
    """)
        .pull()
    )
    assert (pull.outcome, alarms(pull)) == (Outcome.FAILED, [("html-answer", "error")])


def test_a_deleted_tag_is_a_push_request(talk):
    pull = talk().say("DELETE R/manifests/{manifest} 202 ua=regclient/regctl~(v0.8.0) => push - - - -").pull()
    assert alarms(pull) == []


def test_curl_takes_up_no_challenge_and_is_not_blamed_for_it(traffic):
    traffic.ua = "curl/7.88.1"
    traffic.ping()
    pull = traffic.pull()
    diagnose(pull)
    assert [finding.code for finding in pull.findings if finding.severity != "note"] == []
