"""What is rare and healthy, or half recorded: judged line by line, and no alarm where nothing is wrong."""

import json

import pytest

from inspector.core.pull import Outcome
from inspector.rules import diagnose

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LOGGED_IN = """
    GET V/ 401 ask => challenge - - - -
    GET T 200 give=1 => token - - 1 -
    HEAD R/manifests/1 200 have=manifest auth=1 => resolve manifest - 2 -
    GET R/manifests/{manifest} 200 have=manifest auth=1 => manifest manifest t 2 -
"""
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


# -- made good in the end ------------------------------------------------------------------------------------------


def test_a_token_that_ends_in_mid_pull_is_renewed(talk):
    refused = 'h:www-authenticate=Bearer~realm="https://auth.test/token",service="registry.test",error="invalid_token"'
    healthy(talk().say(LOGGED_IN + f"""
        GET R/blobs/{{layer0}} 200 have=layer0 auth=1 wait=400 => blob layer t 2 -
        GET R/blobs/{{layer1}} 401 auth=1 {refused} => challenge - - 2 -
        GET T 200 give=2 => token - - 6 -
        GET R/blobs/{{layer1}} 307 to=https://cdn.test/1?s auth=2 => redirect layer - 7 -
        GET https://cdn.test/1?s 200 have=layer1 => cdn layer t 8 -
        GET R/blobs/{{config}} 200 have=config auth=2 => blob config t 7 -
    """).pull())  # fmt: skip


def test_two_layers_challenged_at_once_share_one_token(talk):
    healthy(talk().say("ua=containerd/v2.0".join(OPEN.split("ua=")) + """
        GET R/blobs/{layer0} 401 ask => challenge - - - -
        GET R/blobs/{layer1} 401 ask => challenge - - - -
        GET T 200 give=1 => token - - 5 -
        GET R/blobs/{layer0} 200 have=layer0 auth=1 => blob layer t 6 -
        GET R/blobs/{layer1} 200 have=layer1 auth=1 => blob layer t 6 -
    """).pull())  # fmt: skip


def test_503_once_is_a_warning(talk):
    pull = talk().say(OPEN + """
        GET R/blobs/{layer0} 503 => blob layer - - -
        GET R/blobs/{layer0} 200 have=layer0 => blob layer t - 4
    """).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [("server-error", "warning")])


def test_a_cdn_that_refuses_once_and_a_fresh_redirect(talk):
    healthy(talk().say(OPEN + """
        GET R/blobs/{layer0} 307 to=https://cdn.test/0?s=1 => redirect layer - - -
        GET https://cdn.test/0?s=1 403 => cdn layer - 4 -
        GET R/blobs/{layer0} 307 to=https://cdn.test/0?s=2 => redirect layer - - 4
        GET https://cdn.test/0?s=2 200 have=layer0 => cdn layer t 6 5
    """).pull())  # fmt: skip


def test_a_cut_layer_that_is_resumed_is_a_warning(talk):
    pull = talk().say(OPEN + """
        GET R/blobs/{layer0} 307 to=https://cdn.test/0?s=1 => redirect layer - - -
        GET https://cdn.test/0?s=1 200 have=layer0 cut=40 => cdn layer - 4 -
        GET R/blobs/{layer0} 307 to=https://cdn.test/0?s=2 q:range=bytes=40- => redirect layer - - 4
        GET https://cdn.test/0?s=2 206 have=layer0 part=40-159 q:range=bytes=40- => cdn layer - 6 5
    """).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [("body-truncated", "warning")])


# -- look-ups that may fail ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 400, 405])
def test_referrers_of_an_image_that_is_up_to_date(talk, status):
    one = talk()
    tag = one.digest("manifest").replace(":", "-")
    pull = one.say(f"""
        HEAD R/manifests/1 200 have=manifest => resolve manifest - - -
        GET R/referrers/{{manifest}} {status} text=<html> h:content-type=text/html => referrers - - - -
        GET R/manifests/{tag} {status} => referrers - - - -
        GET R/manifests/{tag}.sig {status} => signature signature - - -
        HEAD R/manifests/{tag}.att {status} => signature signature - - -
        GET https://r.test/extensions/v2/a/b/signatures/{{manifest}} {status} => signature signature - - -
    """).pull()  # fmt: skip
    healthy(pull, Outcome.UP_TO_DATE)
    assert (pull.tag, pull.digest) == ("1", one.digest("manifest"))


def test_a_signature_is_checked_before_the_pull_begins(talk):
    one = talk()
    tag = one.digest("manifest").replace(":", "-") + ".sig"
    one.add(
        "sig",
        json.dumps({"schemaVersion": 2, "config": {"digest": "sha256:" + "1" * 64}, "layers": []}).encode(),
    )
    healthy(one.say(f"""
        HEAD R/manifests/1 200 have=manifest ua=cosign/v2.4 => resolve manifest - - -
        GET R/manifests/{tag} 200 have=sig => signature signature t - -
    """).pull(), Outcome.UP_TO_DATE)  # fmt: skip


def test_referrers_that_are_there_are_an_index(talk):
    one = talk()
    one.add("list", json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode(), INDEX)
    healthy(
        one.say(
            OPEN
            + LAYERS
            + "GET R/referrers/{manifest}?artifactType=x 200 have=list bare => referrers index - - -"
        ).pull()
    )


# -- documents -----------------------------------------------------------------------------------------------------


def test_an_unchanged_manifest_is_up_to_date(talk):
    pull = (
        talk()
        .say("""
        HEAD R/manifests/1 304 q:if-none-match="x" => resolve - - - -
        GET R/manifests/1 304 q:if-none-match="x" => manifest - - - -
    """)
        .pull()
    )
    healthy(pull, Outcome.UP_TO_DATE)


def test_a_chunked_manifest(talk):
    healthy(
        talk()
        .say("""
        GET R/manifests/1 200 have=manifest h:transfer-encoding=chunked ua=containers/5.36 => manifest manifest t - -
        GET R/blobs/{config} 200 have=config h:transfer-encoding=chunked => blob config t - -
        GET R/blobs/{layer0} 200 have=layer0 h:transfer-encoding=chunked => blob layer t - -
    """)
        .pull()
    )


def test_an_image_without_layers(talk):
    one = talk()
    described = {"digest": one.digest("config"), "size": len(one.things["config"][0])}
    one.add(
        "empty",
        json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}).encode(),
    )
    pull = one.say("""
        HEAD R/manifests/1 200 have=empty => resolve manifest - - -
        GET R/manifests/{empty} 200 have=empty => manifest manifest t - -
        GET R/blobs/{config} 200 have=config => blob config t - -
    """).pull()
    healthy(pull, Outcome.UP_TO_DATE)


def test_a_config_that_is_a_layer_too_and_a_layer_named_twice(talk):
    one = talk()
    same = {
        "digest": one.digest("config"),
        "size": len(one.things["config"][0]),
        "mediaType": "application/vnd.oci.empty.v1+json",
    }
    one.add(
        "artifact",
        json.dumps(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": same, "layers": [same, same]}
        ).encode(),
    )
    healthy(
        one.say("""
        HEAD R/manifests/1 200 have=artifact ua=oras/1.2 => resolve manifest - - -
        GET R/manifests/{artifact} 200 have=artifact => manifest manifest t - -
        GET R/blobs/{config} 200 have=config => blob config t - -
    """).pull()
    )


def test_an_index_in_an_index(talk):
    one = talk()
    entry = {"digest": one.digest("index"), "size": len(one.things["index"][0]), "mediaType": INDEX}
    one.add(
        "outer", json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode(), INDEX
    )
    healthy(
        one.say(
            """
        HEAD R/manifests/1 200 have=outer => resolve index - - -
        GET R/manifests/{outer} 200 have=outer => manifest index t - -
        GET R/manifests/{index} 200 have=index => manifest index t - -
        GET R/manifests/{manifest} 200 have=manifest => manifest manifest t - -
    """
            + LAYERS
        ).pull()
    )


def test_a_foreign_layer_comes_from_the_registry_that_its_url_names(talk):
    one = talk()
    url = "https://mcr.microsoft.com/v2/windows/blobs/" + one.digest("layer0")
    config = {"digest": one.digest("config"), "size": len(one.things["config"][0])}
    layer = {
        "digest": one.digest("layer0"), "size": 160, "urls": [url],
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    }  # fmt: skip
    one.add(
        "win",
        json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}).encode(),
    )
    pull = one.say(f"""
        HEAD R/manifests/1 200 have=win => resolve manifest - - -
        GET R/manifests/{{win}} 200 have=win => manifest manifest t - -
        GET R/blobs/{{layer0}} 404 => blob layer - - -
        GET {url} 200 have=layer0 => blob layer t - -
    """).pull()
    assert (pull.reference, pull.registry) == ("r.test/a/b:1", "r.test")
    healthy(pull)


def test_an_old_docker_takes_schema_1_whose_digest_is_that_of_its_payload(talk):
    one = talk()
    layers = [{"blobSum": one.digest("layer1")}, {"blobSum": one.digest("layer0")}]
    old = {
        "schemaVersion": 1,
        "name": "a/b",
        "tag": "1",
        "fsLayers": layers,
        "history": [],
        "signatures": [{}],
    }
    one.add("old", json.dumps(old).encode(), "application/vnd.docker.distribution.manifest.v1+prettyjws")
    pull = one.say(
        """
        GET R/manifests/1 200 have=old h:docker-content-digest={config} ua=docker/1.12 => manifest manifest - - -
    """
        + LAYERS
    ).pull()
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [("schema1", "warning")])
