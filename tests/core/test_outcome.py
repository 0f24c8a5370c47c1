"""How a pull ended, case by case (report-json.md, "outcome")."""

import json

import pytest

from inspector.core.pull import Outcome

R = "https://r.test"
REPO = "a/b"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER = "docker/24.0.7"
CLI = "Docker-Client/24.0.7 (linux)"
PODMAN = "containers/5.23.1 (github.com/containers/image)"


def read_manifest(traffic, one, kind=MANIFEST):
    traffic.resolve(R, REPO, "1", one.manifest, kind)
    traffic.manifest(R, REPO, traffic.sha(one.manifest), one.manifest, kind)


@pytest.mark.parametrize(
    ("agent", "outcome"),
    [
        (DOCKER, Outcome.FAILED),
        ("containerd/1.7.2", Outcome.FAILED),
        (CLI, Outcome.INSPECTED),
        (PODMAN, Outcome.INSPECTED),
        ("skopeo/1.9.3", Outcome.INSPECTED),
    ],
)
def test_an_index_and_nothing_of_it(traffic, image, agent, outcome):
    traffic.ua = agent
    traffic.manifest(R, REPO, "1", image().index, INDEX)
    assert traffic.pull().outcome is outcome


@pytest.mark.parametrize(
    ("agent", "outcome"),
    [
        (DOCKER, Outcome.UP_TO_DATE),
        (PODMAN, Outcome.UP_TO_DATE),
        (CLI, Outcome.INSPECTED),
        ("skopeo/1.9.3", Outcome.INSPECTED),
        ("crane/v0.19 go-containerregistry/v0.19", Outcome.INSPECTED),
    ],
)
def test_a_manifest_and_no_layer(traffic, image, agent, outcome):
    one = image()
    traffic.ua = agent
    read_manifest(traffic, one)
    traffic.get(f"{R}/v2/{REPO}/blobs/{traffic.sha(one.config)}", 200, body=one.config)
    assert traffic.pull().outcome is outcome


def test_a_manifest_that_is_served_as_plain_json_and_left_alone_was_not_accepted(traffic, image):
    read_manifest(traffic, image(), kind="application/json")
    assert traffic.pull().outcome is Outcome.FAILED


def test_a_page_in_the_manifests_place_fails_the_pull_whatever_is_asked_for_after_it(traffic):
    """containerd 1.6 takes the page for a blob, and asks for that."""
    page = b"<!doctype html><title>Repositories</title>"
    traffic.ua = "containerd/1.6.20~ds1"
    traffic.get(f"{R}/v2/{REPO}/manifests/1", 200, body=page, headers={"content-type": "text/html"})
    traffic.get(
        f"{R}/v2/{REPO}/blobs/{traffic.sha(page)}", 200, body=page, headers={"content-type": "text/html"}
    )
    assert traffic.pull().outcome is Outcome.FAILED


@pytest.mark.parametrize(("taken", "outcome"), [(True, Outcome.COMPLETE), (False, Outcome.FAILED)])
def test_a_tag_under_a_wrong_digest_is_what_the_client_makes_of_it(traffic, image, taken, outcome):
    """podman does not look at the header."""
    one = image()
    traffic.ua = PODMAN
    wrong = {"docker-content-digest": f"sha256:{'ab' * 32}"}
    traffic.get(f"{R}/v2/{REPO}/manifests/1", 200, body=one.manifest, kind=MANIFEST, headers=wrong)
    for blob in (one.config, *one.layers) if taken else ():
        traffic.get(f"{R}/v2/{REPO}/blobs/{traffic.sha(blob)}", 200, body=blob)
    assert traffic.pull().outcome is outcome


@pytest.mark.parametrize(("agent", "outcome"), [(DOCKER, Outcome.FAILED), (CLI, Outcome.INSPECTED)])
def test_a_chart_that_docker_leaves_is_not_there_already(traffic, agent, outcome):
    traffic.ua = agent
    helm = {
        "mediaType": "application/vnd.cncf.helm.config.v1+json",
        "digest": f"sha256:{'cd' * 32}",
        "size": 2,
    }
    chart = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": helm, "layers": []}).encode()
    traffic.manifest(R, REPO, "1", chart, MANIFEST)
    assert traffic.pull().outcome is outcome


def test_a_manifest_whose_bytes_are_wrong_was_not_accepted(traffic, image):
    one = image()
    told = {"docker-content-digest": traffic.sha(one.manifest)}
    traffic.get(
        f"{R}/v2/{REPO}/manifests/{traffic.sha(one.manifest)}", 200, body=one.manifest + b" ", headers=told
    )
    pull = traffic.pull()
    assert pull.steps[0].verified is False
    assert pull.outcome is Outcome.FAILED


def test_a_blob_that_is_wrong_and_then_right_is_complete(traffic, image):
    one = image()
    read_manifest(traffic, one)
    url = f"{R}/v2/{REPO}/blobs/{traffic.sha(one.layers[0])}"
    traffic.get(url, 200, body=b"wrong")
    traffic.get(url, 200, body=one.layers[0])
    pull = traffic.pull()
    assert [step.verified for step in pull.steps][-2:] == [False, True]
    assert pull.outcome is Outcome.COMPLETE


def test_a_refused_layer_fails_the_pull_although_others_came(traffic, image):
    one = image(layers=2)
    read_manifest(traffic, one)
    traffic.get(f"{R}/v2/{REPO}/blobs/{traffic.sha(one.layers[0])}", 200, body=one.layers[0])
    traffic.get(f"{R}/v2/{REPO}/blobs/{traffic.sha(one.layers[1])}", 403)
    assert traffic.pull().outcome is Outcome.FAILED


def test_layers_that_nobody_asked_for_are_already_there(traffic, image):
    one = image(layers=3)
    read_manifest(traffic, one)
    traffic.get(f"{R}/v2/{REPO}/blobs/{traffic.sha(one.layers[1])}", 200, body=one.layers[1])
    pull = traffic.pull()
    assert pull.outcome is Outcome.COMPLETE
    states = {node.digest: node.state for node in pull.root.children}
    assert list(states.values()) == ["not-asked", "not-asked", "fetched", "not-asked"]


def test_a_token_that_does_not_help_is_a_refusal(traffic):
    refusal = {"www-authenticate": 'Bearer realm="https://auth.docker.io/token",error="insufficient_scope"'}
    traffic.ping()
    traffic.token(REPO)
    traffic.head(
        f"https://registry-1.docker.io/v2/{REPO}/manifests/1", 401, headers=refusal, token="‹token 00000001›"
    )
    assert traffic.pull().outcome is Outcome.FAILED


def test_an_optional_attestation_that_is_missing_fails_nothing(traffic, image):
    one = image()
    traffic.resolve(R, REPO, "1", one.index)
    traffic.manifest(R, REPO, traffic.sha(one.index), one.index, INDEX)
    traffic.manifest(R, REPO, traffic.sha(one.manifest), one.manifest, MANIFEST)
    traffic.get(f"{R}/v2/{REPO}/manifests/{traffic.sha(b'proof')}", 404)
    traffic.get(f"{R}/v2/{REPO}/blobs/{traffic.sha(one.layers[0])}", 200, body=one.layers[0])
    assert traffic.pull().outcome is Outcome.COMPLETE


@pytest.mark.parametrize(("status", "outcome"), [(200, Outcome.SEARCHED), (500, Outcome.FAILED)])
def test_a_search(traffic, status, outcome):
    traffic.get(f"{R}/v1/search?q=x", status)
    assert traffic.pull().outcome is outcome


def test_a_login_that_is_refused_failed(traffic):
    traffic.ping()
    basic = {"authorization": "Basic ‹basic 12345678›"}
    traffic.get("https://auth.docker.io/token?service=registry.docker.io&account=x", 401, request=basic)
    assert traffic.pull().outcome is Outcome.FAILED


def test_a_push_that_is_refused_failed(traffic):
    traffic.send("POST", f"{R}/v2/{REPO}/blobs/uploads/", 403)
    assert traffic.pull().outcome is Outcome.FAILED


def test_a_challenge_that_is_not_taken_up_in_mid_pull_leaves_it_incomplete(talk):
    pull = (
        talk()
        .say("""
        HEAD R/manifests/1 200 have=index ua=containerd/v2.0 => resolve index - - -
        GET R/manifests/{index} 401 ask => challenge - - - -
    """)
        .pull()
    )
    assert pull.outcome is Outcome.INCOMPLETE


@pytest.mark.parametrize(
    ("agent", "without", "outcome"),
    [
        ("oras-go", "docker-content-digest", Outcome.FAILED),
        ("oras-go", "content-length", Outcome.FAILED),
        ("crane/v0.19 go-containerregistry/v0.19", "content-length", Outcome.FAILED),
        (DOCKER, "content-length", Outcome.FAILED),
        (DOCKER, "docker-content-digest", Outcome.FAILED),  # it would have asked with GET
        ("containerd/1.7.2", "content-length", Outcome.UP_TO_DATE),
        ("curl/8.5", "docker-content-digest", Outcome.INSPECTED),
        ("oras-go", "nothing", Outcome.UP_TO_DATE),
    ],
)
def test_a_head_that_lacks_what_the_client_needs_and_nothing_after_it(traffic, agent, without, outcome):
    traffic.ua = agent
    told = {"docker-content-digest": "sha256:" + "ab" * 32, "content-length": "512"}
    told.pop(without, None)
    traffic.head(f"{R}/v2/{REPO}/manifests/1", 200, kind=MANIFEST, headers=told)
    assert traffic.pull().outcome is outcome


def test_an_empty_answer_of_the_token_service_is_nothing_to_go_on_with(traffic):
    traffic.ua = "crane/v0.19 go-containerregistry/v0.19"
    traffic.ping()
    traffic.get(
        "https://auth.docker.io/token?scope=repository:a/b:pull&service=registry.docker.io", 200, body=b""
    )
    assert traffic.pull().outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (403, {}, Outcome.FAILED),
        (404, {}, Outcome.UP_TO_DATE),  # a tool may have looked whether it is there
        (200, {}, Outcome.UP_TO_DATE),
    ],
)
def test_a_head_of_a_blob_that_is_refused_and_nothing_after_it(traffic, image, status, headers, outcome):
    one = image()
    traffic.resolve(R, REPO, "1", one.manifest, MANIFEST)
    traffic.head(f"{R}/v2/{REPO}/blobs/{traffic.sha(one.layers[0])}", status, headers=headers)
    assert traffic.pull().outcome is outcome


def test_a_redirect_without_a_location_offers_nothing(traffic, image):
    one = image()
    read_manifest(traffic, one)
    traffic.get(f"{R}/v2/{REPO}/blobs/{traffic.sha(one.layers[0])}", 307)
    assert traffic.pull().outcome is Outcome.FAILED
