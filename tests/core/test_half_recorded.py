"""Captures that hold half of the story: bodies that were not kept, a beginning or an end that is missing, two at once."""

from inspector.core.pull import Outcome
from inspector.rules import diagnose

OPEN = """
    HEAD R/manifests/1 200 have=manifest => resolve manifest - - -
    GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
    GET R/blobs/{config} 200 have=config => blob config t - -
"""
LAYERS = """
    GET R/blobs/{layer0} 200 have=layer0 => blob layer t - -
    GET R/blobs/{layer1} 200 have=layer1 => blob layer t - -
"""


def alarms(pull):
    diagnose(pull)
    return [(f.code, str(f.severity)) for f in pull.findings if f.severity != "note"]


def healthy(pull, outcome=Outcome.COMPLETE):
    assert (pull.outcome, alarms(pull)) == (outcome, [])
    return pull


def test_bodies_that_were_not_kept_at_all(talk):
    pull = talk().say("""
        GET V/ 401 ask unkept => challenge - - - -
        GET T 200 unkept => token - - 1 -
        HEAD R/manifests/1 200 have=index auth=1 => resolve index - 2 -
        GET R/manifests/{index} 200 have=index auth=1 unkept => manifest index - 2 -
        GET R/manifests/{manifest} 200 have=manifest auth=1 unkept => manifest manifest - 2 -
        GET R/blobs/{layer0} 307 auth=1 to=https://cdn.test/0 unkept => redirect - - 2 -
        GET https://cdn.test/0 200 have=layer0 unkept => cdn - - 6 -
    """).pull()  # fmt: skip
    assert [step.size for step in pull.steps] == [None] * 7
    healthy(pull)


def test_a_capture_that_begins_in_the_middle_and_one_that_ends_there(talk):
    pull = (
        talk()
        .say("""
        GET https://cdn.test/0?s 200 have=layer0 => other
        GET R/manifests/{manifest} 200 have=manifest auth=9 => manifest manifest t - -
        GET R/blobs/{config} 200 have=config auth=9 => blob config t - -
        GET R/blobs/{layer1} 200 have=layer1 auth=9 => blob layer t - -
    """)
        .pull()
    )
    healthy(pull)
    healthy(
        talk().say(OPEN + "GET R/blobs/{layer0} 200 have=layer0 end => blob layer - - -").pull(),
        Outcome.INCOMPLETE,
    )
    healthy(talk().say(OPEN + "GET R/blobs/{layer0} - end => blob layer - - -").pull(), Outcome.INCOMPLETE)


def test_a_blob_is_looked_for_with_head_and_then_fetched(talk):
    healthy(talk().say(OPEN + "HEAD R/blobs/{layer0} 200 have=layer0 => blob layer - - -\n" + LAYERS).pull())


def test_the_same_layer_of_two_images_of_one_client_goes_to_each(talk):
    other = "https://r.test/v2/c/d"
    one, two = talk().say(f"""
        HEAD R/manifests/1 200 have=manifest => resolve manifest - - - #1
        HEAD {other}/manifests/1 200 have=manifest => resolve manifest - - - #2
        GET {other}/manifests/{{manifest}} 200 have=manifest => manifest manifest t - - #2
        GET R/manifests/{{manifest}} 200 have=manifest => manifest manifest t - - #1
        GET {other}/blobs/{{layer0}} 200 have=layer0 => blob layer t - - #2
        GET R/blobs/{{layer1}} 200 have=layer1 => blob layer t - - #1
    """).pulls()  # fmt: skip
    assert healthy(one).repository == "a/b"
    assert healthy(two).repository == "c/d"
