"""Copies from registry to registry, parts of blobs, and storages that answer oddly; judged line by line."""

from inspector.core.pull import Outcome
from inspector.rules import diagnose


def alarms(pull):
    diagnose(pull)
    return [(f.code, str(f.severity)) for f in pull.findings if f.severity != "note"]


def test_skopeo_copies_to_the_same_path_of_another_registry(talk):
    two, one = talk().say("""
        GET N/ 200 ua=skopeo/1.18 => ping - - - - #1
        GET V/ 401 ask => challenge - - - - #2
        GET T 200 give=1 => token - - 1 - #2
        GET R/manifests/1 200 have=manifest auth=1 => manifest manifest t 2 - #2
        HEAD M/blobs/{layer0} 404 => push layer - - - #1
        GET R/blobs/{layer0} 200 have=layer0 auth=1 => blob layer t 2 - #2
        POST M/blobs/uploads/ 202 => push - - - - #1
        HEAD M/blobs/{layer1} 404 => push layer - - - #1
        GET R/blobs/{layer1} 200 have=layer1 auth=1 => blob layer t 2 - #2
        POST M/blobs/uploads/ 202 => push - - - - #1
        PUT M/blobs/uploads/1?digest={layer0} 201 => push layer - - - #1
        PUT M/blobs/uploads/2?digest={layer1} 201 => push layer - - - #1
        GET R/blobs/{config} 200 have=config auth=1 => blob config t 2 - #2
        HEAD M/blobs/{config} 200 => push config - - - #1
        PUT M/manifests/1 201 sent=manifest => push manifest - - - #1
    """).pulls()  # fmt: skip
    assert (one.outcome, one.reference, alarms(one)) == (Outcome.COMPLETE, "r.test/a/b:1", [])
    assert (two.outcome, two.reference, alarms(two)) == (Outcome.PUSHED, "m.test/a/b:1", [])


def test_crane_copies_an_index(talk):
    one, two = talk().say("""
        GET V/ 200 ua=crane/v0.20~go-containerregistry/v0.20 => ping - - - - #1
        GET R/manifests/1 200 have=index => manifest index t - - #1
        GET N/ 200 => ping - - - - #2
        HEAD M/manifests/1 404 => resolve - - - - #2
        GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - - #1
        HEAD M/manifests/{manifest} 404 => resolve manifest - - - #2
        HEAD M/blobs/{layer0} 404 => push layer - - - #2
        POST M/blobs/uploads/?from=a/b&mount={layer0} 202 => push layer - - - #2
        GET R/blobs/{layer0} 200 have=layer0 => blob layer t - - #1
        PUT M/blobs/uploads/1?digest={layer0} 201 => push layer - - - #2
        PUT M/manifests/{manifest} 201 sent=manifest => push manifest - - - #2
        PUT M/manifests/1 201 sent=index => push index - - - #2
    """).pulls()  # fmt: skip
    assert (one.outcome, one.reference, alarms(one)) == (Outcome.COMPLETE, "r.test/a/b:1", [])
    assert (two.outcome, two.reference, alarms(two)) == (Outcome.PUSHED, "m.test/a/b:1", [])


PARTS = """
    HEAD R/manifests/1 200 have=manifest ua=containerd/v2.1 => resolve manifest - - -
    GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
    GET R/blobs/{layer0} 206 have=layer0 part=0-79 q:range=bytes=0-79 => blob layer - - -
"""


def test_a_part_that_never_comes_fails_the_pull(talk):
    pull = talk().say(PARTS + "GET R/blobs/{layer0} 500 q:range=bytes=80-159 => blob layer - - -").pull()
    assert (pull.outcome, alarms(pull)) == (Outcome.FAILED, [("server-error", "error")])


def test_a_part_that_comes_at_the_second_time(talk):
    pull = talk().say(PARTS + """
        GET R/blobs/{layer0} 500 q:range=bytes=80-159 => blob layer - - -
        GET R/blobs/{layer0} 206 have=layer0 part=80-159 q:range=bytes=80-159 => blob layer - - 4
    """).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [("server-error", "warning")])


def test_a_storage_that_challenges(talk):
    pull = talk().say("""
        HEAD R/manifests/1 200 have=manifest ua=containerd/v2.1 => resolve manifest - - -
        GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
        GET R/blobs/{layer0} 307 auth=1 to=https://x.blob.core.windows.net/0?sig=1 => redirect layer - - -
        GET https://x.blob.core.windows.net/0?sig=1 401 auth=1 ask=https://login.test/t text=<Error><Code>InvalidAuthenticationInfo</Code></Error> => challenge - - 3 -
    """).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)[0]) == (Outcome.FAILED, ("credentials-forwarded", "error"))


def test_a_signature_that_the_storage_delivers(talk):
    one = talk()
    tag = one.digest("manifest").replace(":", "-") + ".sig"
    pull = one.say(f"""
        HEAD R/manifests/1 200 have=manifest ua=cosign/v2 => resolve manifest - - -
        GET R/manifests/{tag} 307 to=https://cdn.test/s => redirect signature - - -
        GET https://cdn.test/s 200 have=manifest => cdn signature t 2 -
    """).pull()
    assert (pull.outcome, alarms(pull)) == (Outcome.UP_TO_DATE, [])


def test_a_cut_of_unknown_length_and_its_rest_are_whole(talk):
    pull = (
        talk()
        .say("""
        HEAD R/manifests/1 200 have=manifest => resolve manifest - - -
        GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
        GET R/blobs/{layer0} 200 have=layer0 cut=9 unkept => blob layer - - -
        GET R/blobs/{layer0} 206 have=layer0 part=9-159 q:range=bytes=9- => blob layer - - 3
    """)
        .pull()
    )
    assert pull.outcome is Outcome.COMPLETE
