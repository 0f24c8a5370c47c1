"""hardening.md, part C, as far as the report is concerned: manifests and indexes."""

import gzip
import json

import pytest
from kit.story import IMAGE, MANIFEST_TYPE, REGISTRY, Story, bearer, image, sha

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
GOOD = image(b"layer")


def by_digest(data: bytes, digest: str, give: dict[str, str] | None = None) -> Story:
    story = Story()
    story.challenge()
    story.token()
    headers = {"Content-Type": MANIFEST_TYPE, "Content-Length": str(len(data))} | (give or {})
    story.ask(
        f"{REGISTRY}/v2/{IMAGE}/manifests/{digest}",
        200,
        headers,
        data,
        send={"Authorization": f"Bearer {bearer()}"},
    )
    return story


def test_C27_bytes_that_are_not_those_of_the_digest_are_a_finding(told):
    seen = told(*by_digest(GOOD, sha(b"other")).flows)
    assert seen.found("digest-mismatch")
    assert seen.exchanges[-1]["verified"] is False


def test_C27_a_digest_header_that_lies_is_a_finding(told):
    seen = told(*by_digest(GOOD, sha(GOOD), {"Docker-Content-Digest": sha(b"other")}).flows)
    assert seen.found("digest-header-mismatch")


@pytest.mark.parametrize(
    "value", ["sha256:zz", "md5:" + "a" * 32, "sha512:" + "a" * 128, "", "x" * 5000, "\x00"]
)
def test_C27_a_digest_header_that_is_none_proves_nothing(told, value):
    seen = told(*by_digest(GOOD, sha(GOOD), {"Docker-Content-Digest": value}).flows)
    assert "digest-mismatch" not in seen.findings
    assert seen.exchanges[-1]["verified"] is not False


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:" + "a" * 63,
        "sha256:" + "A" * 64,
        "sha256:..%2f..%2f",
        "sha512:" + "a" * 128,
        "b5:" + "a" * 64,
        "sha256:%00" + "a" * 61,
    ],
)
def test_C28_a_digest_that_is_none_or_unknown_is_never_called_wrong(told, digest):
    seen = told(*by_digest(GOOD, digest).flows)
    assert all(one["verified"] is not False for one in seen.exchanges)


def test_C29_a_tag_that_moves_is_a_finding(told):
    story, other = Story(), image(b"another")
    story.challenge()
    story.token()
    head = {
        "Content-Type": MANIFEST_TYPE,
        "Docker-Content-Digest": sha(GOOD),
        "Content-Length": str(len(GOOD)),
    }
    story.ask(
        f"{REGISTRY}/v2/{IMAGE}/manifests/latest",
        200,
        head,
        b"",
        method="HEAD",
        send={"Authorization": f"Bearer {bearer()}"},
    )
    story.manifest(other)
    assert told(*story.flows).found("tag-moved")


def index(*entries: bytes, of: bytes = INDEX_TYPE.encode()) -> bytes:
    rows = [{"mediaType": of.decode(), "digest": sha(one), "size": len(one)} for one in entries]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": rows}).encode()


def test_C30_an_index_of_thousands_of_entries_is_told_in_short(told):
    rows = [
        {"mediaType": MANIFEST_TYPE, "digest": f"sha256:{n:064x}", "size": n, "platform": {"os": "linux"}}
        for n in range(4_000)
    ]
    story = Story()
    story.manifest(
        json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": rows}).encode(),
        give={"Content-Type": INDEX_TYPE},
    )
    seen = told(*story.flows)
    assert len(seen.text) < 200_000


def test_C30_indexes_nested_deep_and_shaped_as_diamonds_are_told_once(told):
    story, level = Story(), image(b"layer")
    levels = [level]
    for _ in range(20):
        level = index(level, level)
        levels.append(level)
    for one in reversed(levels):
        story.manifest(
            one, tag=sha(one), give={"Content-Type": INDEX_TYPE if one != levels[0] else MANIFEST_TYPE}
        )
    seen = told(*story.flows)
    assert len(seen.text) < 200_000
    assert len(json.dumps(seen.document)) < 1_000_000


def test_C30_an_index_that_names_itself_ends(told):
    digest = "sha256:" + "c" * 64
    loop = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": INDEX_TYPE,
            "manifests": [{"mediaType": INDEX_TYPE, "digest": digest, "size": 1}],
        }
    )
    story = Story()
    story.manifest(
        loop.encode(), tag=digest, give={"Content-Type": INDEX_TYPE, "Docker-Content-Digest": digest}
    )
    assert told(*story.flows).pulls


ODD = {
    "no digest": {"layers": [{"size": 3}]},
    "negative size": {"layers": [{"digest": sha(b"x"), "size": -1}]},
    "huge size": {"layers": [{"digest": sha(b"x"), "size": 2**63}]},
    "float size": {"layers": [{"digest": sha(b"x"), "size": 1.5}]},
    "text size": {"layers": [{"digest": sha(b"x"), "size": "3"}]},
    "null layers": {"layers": None},
    "null layer": {"layers": [None, 3, "x", []]},
    "layers an object": {"layers": {"digest": "x"}},
    "config a list": {"config": []},
    "other case": {"Layers": [{"Digest": sha(b"x"), "Size": 1}], "MediaType": "x"},
    "annotations a text": {"annotations": "x", "subject": 3},
}


@pytest.mark.parametrize("part", ODD.values(), ids=ODD)
def test_C31_an_odd_descriptor_is_told(told, part):
    story = Story()
    story.manifest(json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE} | part).encode())
    (pull,) = told(*story.flows).pulls
    assert (
        pull["outcome"] != "complete"
        or "layers" in part
        or "Layers" in part
        or "config" in part
        or "annotations" in part
    )


def test_C31_keys_that_stand_twice_or_in_other_case_do_not_decide_alone(told):
    twice = f'{{"schemaVersion":2,"mediaType":"{MANIFEST_TYPE}","MediaType":"x","config":{{}},"config":null,"layers":[],"layers":[]}}'
    story = Story()
    story.manifest(twice.encode())
    assert told(*story.flows).pulls


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v1+json",
    ],
)
def test_C32_schema_1_is_a_finding(told, kind):
    story = Story()
    story.manifest(
        b'{"schemaVersion":1,"name":"x","tag":"y","fsLayers":[],"history":[]}', give={"Content-Type": kind}
    )
    assert told(*story.flows).found("schema1")


@pytest.mark.parametrize(
    "kind", ["text/html", "text/plain", "", "application/json", "application/vnd.oci.image.index.v1+json"]
)
def test_C32_a_type_that_is_not_the_manifests_own(told, kind):
    story = Story()
    story.manifest(GOOD, give={"Content-Type": kind})
    seen = told(*story.flows)
    assert seen.exchanges[-1]["verified"] is True
    if kind == "application/vnd.oci.image.index.v1+json":
        assert seen.found("media-type-mismatch")


def test_C33_a_manifest_over_4_mib_gives_facts_and_no_document(told):
    data = GOOD + b" " * (4 << 20)
    seen = told(*by_digest(data, sha(data)).flows)
    assert seen.exchanges[-1]["verified"] is True
    assert seen.exchanges[-1]["size"] == len(data)


def test_C34_a_manifest_that_was_written_anew_on_the_way_shows_both_digests(told):
    pretty = json.dumps(json.loads(GOOD), indent=3).encode()
    seen = told(*by_digest(pretty, sha(GOOD), {"Via": "1.1 proxy"}).flows)
    evidence = str(seen.found("digest-mismatch")["evidence"])
    assert sha(GOOD)[7:19] in evidence
    assert sha(pretty)[7:19] in evidence


def test_C34_gzip_on_the_way_is_undone_before_the_hash(told):
    packed = gzip.compress(GOOD)
    seen = told(
        *by_digest(packed, sha(GOOD), {"Content-Encoding": "gzip", "Content-Length": str(len(packed))}).flows
    )
    assert seen.exchanges[-1]["verified"] is True


def test_C35_a_referrers_tag_of_any_text_is_told(told):
    story = Story()
    for tag in (f"sha256-{'a' * 64}", "sha256-..%2f", "sha256-" + "a" * 500, "sha512-x.sig"):
        story.manifest(GOOD, tag=tag)
    assert len(told(*story.flows).exchanges) >= 3
