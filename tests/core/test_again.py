"""The same once more: a client's own rounds, and a user's next pull of what is there already; judged line by line."""

import pytest

from inspector.core.pull import Outcome
from inspector.rules import diagnose


def alarms(pull):
    diagnose(pull)
    return [(f.code, str(f.severity)) for f in pull.findings if f.severity != "note"]


WHOLE = """
    GET V/ 401 ask => challenge - - - - #1
    GET T 200 give=1 => token - - 1 - #1
    HEAD R/manifests/1 200 have=index auth=1 => resolve index - 2 - #1
    GET R/manifests/{index} 200 have=index auth=1 => manifest index t 2 - #1
    GET R/manifests/{manifest} 200 have=manifest auth=1 => manifest manifest t 2 - #1
    GET R/blobs/{config} 200 have=config auth=1 => blob config t 2 - #1
    GET R/blobs/{layer0} 200 have=layer0 auth=1 => blob layer t 2 - #1
    GET R/blobs/{layer1} 200 have=layer1 auth=1 => blob layer t 2 - #1
"""
BY_DIGEST = """
    GET V/ 401 ask => challenge - - - - #2
    GET T 200 give=2 => token - - 1 - #2
    GET R/manifests/{index} 200 have=index auth=2 => manifest index t 2 - #2
    GET R/manifests/{manifest} 200 have=manifest auth=2 => manifest manifest t 2 - #2
    GET R/blobs/{config} 200 have=config auth=2 => blob config t 2 - #2
"""


def test_by_tag_and_then_by_digest_are_two_pulls(talk):
    one, two = talk().say(WHOLE + BY_DIGEST).pulls()
    assert [(p.tag, p.outcome, alarms(p)) for p in (one, two)] == [
        ("1", Outcome.COMPLETE, []),
        (None, Outcome.UP_TO_DATE, []),
    ]
    assert two.reference == f"r.test/a/b@{talk().digest('index')}"


def test_by_digest_twice_is_two_pulls(talk):
    first = BY_DIGEST.replace("#2", "#1").replace("give=2", "give=1").replace("auth=2", "auth=1")
    one, two = (
        talk()
        .say(first + "GET R/blobs/{layer0} 200 have=layer0 auth=1 => blob layer t 2 - #1" + BY_DIGEST)
        .pulls()
    )
    assert [p.outcome for p in (one, two)] == [Outcome.COMPLETE, Outcome.UP_TO_DATE]


def test_containerd_looks_twice_for_a_digest_that_it_has(talk):
    one, two = (
        talk()
        .say("""
        HEAD R/manifests/{index} 200 have=index ua=containerd/v2.0 => resolve index - - - #1
        HEAD R/manifests/{index} 200 have=index wait=9 => resolve index - - - #2
    """)
        .pulls()
    )
    assert [p.outcome for p in (one, two)] == [Outcome.UP_TO_DATE, Outcome.UP_TO_DATE]


def test_a_cache_that_fetches_a_manifest_twice_is_one_pull(talk):
    pull = (
        talk()
        .say("""
        HEAD R/manifests/1 200 have=manifest ua=Go-http-client/2.0 => resolve manifest - - -
        GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
        GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
        GET R/blobs/{layer0} 200 have=layer0 => blob layer t - -
        GET R/blobs/{layer0} 200 have=layer0 => blob layer t - -
    """)
        .pull()
    )
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [])


@pytest.mark.parametrize("failure", ["502", "503", "-", "200 have=layer0 cut=9"])
def test_podman_begins_again_after_a_layer_failed(talk, failure):
    pull = (
        talk()
        .say(f"""
        GET V/ 401 ask ua=containers/5.36 => challenge - - - -
        GET T 200 give=1 => token - - 1 -
        GET R/manifests/1 200 have=manifest auth=1 => manifest manifest t 2 -
        GET R/blobs/{{layer0}} {failure} auth=1 => blob layer - 2 -
        GET V/ 401 ask wait=1 => challenge - - - -
        GET T 200 give=2 => token - - 5 -
        GET R/manifests/1 200 have=manifest auth=2 => manifest manifest t 6 -
        GET R/blobs/{{layer0}} 200 have=layer0 auth=2 => blob layer t 6 4
        GET R/blobs/{{layer1}} 200 have=layer1 auth=2 => blob layer t 6 -
    """)
        .pull()
    )
    told = (
        [] if failure == "-" else ["warning"]
    )  # no answer once, and no connection that failed: nothing to say
    assert (pull.outcome, [severity for _, severity in alarms(pull)]) == (Outcome.COMPLETE, told)


def test_podman_does_not_begin_again_after_a_layer_is_missing(talk):
    lines = """
        GET R/manifests/1 200 have=manifest ua=containers/5.36 => manifest manifest t - - #{0}
        GET R/blobs/{{layer0}} 404 wait=1 => blob layer - - - #{0}
    """
    assert [p.outcome for p in talk().say(lines.format(1) + lines.format(2)).pulls()] == [Outcome.FAILED] * 2


def test_a_manifest_that_the_storage_delivers_is_what_the_redirect_announced(talk):
    one = talk()
    pull = one.say("""
        GET R/manifests/1 302 to=https://cdn.test/m h:docker-content-digest={manifest} ua=containers/5.36 => redirect manifest - - -
        GET https://cdn.test/m 200 have=manifest bare => cdn manifest t 1 -
        GET R/blobs/{layer0} 200 have=layer0 => blob layer t - -
    """).pull()
    assert (pull.digest, pull.registry, pull.outcome) == (one.digest("manifest"), "r.test", Outcome.COMPLETE)
    assert alarms(pull) == []


def test_a_manifest_that_the_storage_delivers_wrongly(talk):
    pull = (
        talk()
        .say("""
        GET R/manifests/1 302 to=https://cdn.test/m h:docker-content-digest={manifest} ua=containers/5.36 => redirect index - - -
        GET https://cdn.test/m 200 have=index bare => cdn index f 1 -
    """)
        .pull()
    )
    assert pull.outcome is Outcome.FAILED


def test_a_redirect_that_led_to_an_error_is_tried_again(talk):
    pull = (
        talk()
        .say("""
        HEAD M/manifests/1 307 to=https://r.test/v2/a/b/manifests/1 ua=containerd/v2.1 => redirect - - - -
        HEAD R/manifests/1 503 => resolve - - 1 -
        HEAD M/manifests/1 307 to=https://r.test/v2/a/b/manifests/1 => redirect manifest - - 1
        HEAD R/manifests/1 200 have=manifest => resolve manifest - 3 2
    """)
        .pull()
    )
    assert (pull.outcome, pull.reference, alarms(pull)) == (
        Outcome.UP_TO_DATE, "m.test/a/b:1", [("server-error", "warning")],
    )  # fmt: skip
