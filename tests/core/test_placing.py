"""Which exchange belongs to which pull, for the ways in which registries and clients differ."""

import json

import pytest

from inspector.core.events import Side, Trouble
from inspector.core.pull import Content, Outcome

HUB = "https://registry-1.docker.io"
MIRROR = "https://mirror.test:5000"
REPO = "team/app"
T1, T2 = "‹token 00000001›", "‹token 00000002›"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
HELM = "application/vnd.cncf.helm.config.v1+json"


def stages(pull):
    return [str(step.stage) for step in pull.steps]


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://ghcr.io", "https://ghcr.io/token"),
        ("https://quay.io", "https://quay.io/v2/auth"),
        ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        ("https://europe-docker.pkg.dev", "https://europe-docker.pkg.dev/v2/token"),
        ("https://name.azurecr.io", "https://name.azurecr.io/oauth2/token"),
        ("https://harbor.test", "https://harbor.test/service/token"),
        ("http://localhost:5000", "http://localhost:5001/token"),
    ],
)
def test_any_realm_on_any_host_is_a_token_service(traffic, image, registry, realm):
    one = image()
    traffic.ping(registry, f'Bearer realm="{realm}",service="x"')
    answer = json.dumps({"access_token": T1}).encode()
    traffic.get(f"{realm}?service=x&scope=repository%3Ateam%2Fapp%3Apull", 200, body=answer)
    traffic.resolve(registry, REPO, "1", one.index, token=T1)
    pull = traffic.pull()
    assert stages(pull) == ["challenge", "token", "resolve"]
    assert [step.follows for step in pull.steps] == [None, 1, 2]


def test_basic_authentication_needs_no_token(traffic, image):
    registry, basic = "https://1.dkr.ecr.eu-west-1.amazonaws.com", {"authorization": "Basic ‹basic 12345678›"}
    traffic.ping(registry, f'Basic realm="{registry}/",service="ecr.amazonaws.com"')
    traffic.resolve(registry, REPO, "1", image().index, request=basic)
    pull = traffic.pull()
    assert stages(pull) == ["challenge", "resolve"]
    assert pull.outcome is Outcome.UP_TO_DATE


def test_a_token_by_post_is_told_by_its_form(traffic, image):
    traffic.ua = "containerd/1.7.2"
    form = b"grant_type=password&service=registry.docker.io&scope=repository%3Ateam%2Fapp%3Apull&password=x"
    traffic.head(
        f"{HUB}/v2/{REPO}/manifests/1", 401, headers={"www-authenticate": 'Bearer realm="https://a.test/t"'}
    )
    traffic.send("POST", "https://a.test/t", 200, sent=form, body=json.dumps({"access_token": T1}).encode())
    traffic.resolve(HUB, REPO, "1", image().index, token=T1)
    assert stages(traffic.pull()) == ["challenge", "token", "resolve"]


def test_a_token_request_without_its_challenge_is_told_by_its_query(traffic, image):
    traffic.token(REPO, T1)
    traffic.resolve(HUB, REPO, "1", image().index, token=T1)
    assert stages(traffic.pull()) == ["token", "resolve"]


def test_a_registry_that_redirects_everything_to_another_one(traffic, image):
    one = image()
    front, back = "https://registry.k8s.io", "https://us-west1-docker.pkg.dev"
    target = f"{back}/v2/k8s-artifacts-prod/images/pause/manifests/"
    traffic.ua = "containerd/1.7.2"
    traffic.head(f"{front}/v2/pause/manifests/3.9", 307, headers={"location": target + "3.9"})
    traffic.resolve(back, "k8s-artifacts-prod/images/pause", "3.9", one.index)
    for data, kind in ((one.index, INDEX), (one.manifest, MANIFEST)):
        digest = traffic.sha(data)
        traffic.get(f"{front}/v2/pause/manifests/{digest}", 307, headers={"location": target + digest})
        traffic.manifest(back, "k8s-artifacts-prod/images/pause", digest, data, kind)
    for data in (one.config, one.layers[0]):
        traffic.blob(front, "pause", data)
    pull = traffic.pull()
    assert (pull.reference, pull.repository) == ("registry.k8s.io/pause:3.9", "pause")
    assert pull.registry == "us-west1-docker.pkg.dev"
    assert stages(pull)[:6] == ["redirect", "resolve", "redirect", "manifest", "redirect", "manifest"]
    assert pull.outcome is Outcome.COMPLETE


def test_a_blob_in_parallel_ranges_is_one_layer(traffic, image):
    one = image()
    traffic.ua = "containerd/2.1.0"
    traffic.resolve(MIRROR, REPO, "1", one.manifest, MANIFEST)
    traffic.manifest(MIRROR, REPO, traffic.sha(one.manifest), one.manifest, MANIFEST)
    url = f"{MIRROR}/v2/{REPO}/blobs/{traffic.sha(one.layers[0])}"
    for part in (0, 50):
        traffic.get(
            url, 206, body=one.layers[0][part : part + 50], request={"range": f"bytes={part}-{part + 49}"}
        )
    pull = traffic.pull()
    assert [step.retry_of for step in pull.steps] == [None] * 4
    assert pull.outcome is Outcome.COMPLETE


def test_a_signature_is_looked_up_beside_the_image_and_may_fail(traffic, image):
    one = image()
    traffic.docker_pull(REPO, "latest", one)
    tag = traffic.sha(one.index).replace(":", "-") + ".sig"
    traffic.get(f"{HUB}/v2/{REPO}/manifests/{tag}", 404, token=T1)
    traffic.get(f"{HUB}/v2/{REPO}/referrers/{traffic.sha(one.index)}", 404, token=T1)
    pull = traffic.pull()
    assert stages(pull)[-2:] == ["signature", "referrers"]
    assert pull.steps[-2].content is Content.SIGNATURE
    assert pull.outcome is Outcome.COMPLETE


def test_a_copy_is_a_pull_and_a_push(traffic, image):
    one = image()
    traffic.ua = "skopeo/1.9.3"
    traffic.get(f"{MIRROR}/v2/", 200)
    traffic.ping()
    traffic.token(REPO, T1)
    traffic.manifest(HUB, REPO, "1", one.manifest, MANIFEST, token=T1)
    for data in (one.layers[0], one.config):
        traffic.head(f"{MIRROR}/v2/copy/app/blobs/{traffic.sha(data)}", 404)
        traffic.blob(HUB, REPO, data, token=T1)
        traffic.send("POST", f"{MIRROR}/v2/copy/app/blobs/uploads/", 202)
    traffic.send("PUT", f"{MIRROR}/v2/copy/app/manifests/1", 201, sent=one.manifest)
    pulls = {pull.outcome: pull for pull in traffic.pulls()}
    assert set(pulls) == {Outcome.COMPLETE, Outcome.PUSHED}
    assert stages(pulls[Outcome.PUSHED]) == ["ping", "push", "push", "push", "push", "push"]
    assert pulls[Outcome.PUSHED].reference == "mirror.test:5000/copy/app:1"
    assert stages(pulls[Outcome.COMPLETE])[:3] == ["challenge", "token", "manifest"]


def test_a_blob_that_only_the_registry_has_after_the_mirror_failed_is_the_same_pull(traffic, image):
    one = image()
    traffic.get(f"{MIRROR}/v2/", 200)
    traffic.resolve(MIRROR, REPO, "1", one.manifest, MANIFEST)
    traffic.manifest(MIRROR, REPO, traffic.sha(one.manifest), one.manifest, MANIFEST)
    traffic.get(f"{MIRROR}/v2/{REPO}/blobs/{traffic.sha(one.layers[0])}", 500)
    traffic.ping()
    traffic.token(REPO, T1)
    traffic.resolve(HUB, REPO, "1", one.manifest, MANIFEST, token=T1)
    traffic.blob(HUB, REPO, one.layers[0], token=T1)
    pull = traffic.pull()
    assert pull.outcome is Outcome.COMPLETE
    assert pull.reference == f"docker.io/{REPO}:1"


def test_a_capture_that_begins_in_mid_pull_keeps_the_blobs_together(traffic, image):
    one = image(layers=3)
    for data in one.layers:
        traffic.blob(HUB, REPO, data, token=T1)
    pull = traffic.pull()
    assert (pull.reference, pull.repository, len(pull.steps)) == (None, REPO, 6)
    assert pull.outcome is Outcome.COMPLETE


def test_manifests_whose_bodies_were_not_kept_still_tie_the_blobs(traffic, image):
    one = image()
    traffic.resolve(MIRROR, REPO, "1", one.manifest, MANIFEST)
    traffic.get(f"{MIRROR}/v2/{REPO}/manifests/{traffic.sha(one.manifest)}", 200, body=None, kind=MANIFEST)
    traffic.get(f"{MIRROR}/v2/{REPO}/blobs/{traffic.sha(one.layers[0])}", 200, body=None)
    pull = traffic.pull()
    assert [step.verified for step in pull.steps] == [None, None, None]
    assert [step.size for step in pull.steps] == [None, None, None]
    assert pull.outcome is Outcome.COMPLETE


def test_two_tags_of_one_repository_at_once_are_two_pulls(traffic, image):
    a, b = image("a"), image("b")
    traffic.ua = "containerd/1.7.2"
    traffic.resolve(MIRROR, REPO, "a", a.index)
    traffic.resolve(MIRROR, REPO, "b", b.index)
    for one in (a, b):
        traffic.manifest(MIRROR, REPO, traffic.sha(one.index), one.index, INDEX)
    for one in (b, a):
        traffic.manifest(MIRROR, REPO, traffic.sha(one.manifest), one.manifest, MANIFEST)
        traffic.blob(MIRROR, REPO, one.layers[0])
    pulls = traffic.pulls()
    assert [(pull.tag, len(pull.steps), pull.outcome) for pull in pulls] == [
        ("a", 5, Outcome.COMPLETE),
        ("b", 5, Outcome.COMPLETE),
    ]


def test_head_refused_with_405_and_then_get_is_one_pull(traffic, image):
    one = image()
    traffic.ua = "containerd/1.7.2"
    traffic.head(f"{MIRROR}/v2/{REPO}/manifests/1", 405)
    traffic.manifest(MIRROR, REPO, "1", one.index, INDEX)
    pull = traffic.pull()
    assert stages(pull) == ["resolve", "manifest"]


def test_a_layer_whose_client_left_makes_a_failed_pull(traffic, image):
    one = image()
    traffic.docker_pull(REPO, "1", one)
    del traffic.events[-4:]
    target = f"https://production.cloudflare.docker.com/data/{traffic.sha(one.layers[0])[7:]}?verify=s"
    traffic.get(target, 200, body=b"half", error="client disconnected", side=Side.CLIENT)
    assert traffic.pull().outcome is Outcome.FAILED


def test_a_token_service_that_cannot_be_reached_fails_the_pull(traffic):
    traffic.ping()
    traffic.get(
        "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Ateam%2Fapp%3Apull",
        None,
        error="x",
    )
    pull = traffic.pull()
    assert stages(pull) == ["challenge", "token"]
    assert (pull.reference, pull.repository, pull.outcome) == (None, REPO, Outcome.FAILED)


def test_a_challenge_that_nobody_answers_is_incomplete(traffic):
    traffic.ping()
    assert traffic.pull().outcome is Outcome.INCOMPLETE


def test_a_redirect_that_nobody_follows_is_incomplete(traffic, image):
    traffic.docker_pull(REPO, "1", image())
    del traffic.events[-4:]
    assert traffic.pull().outcome is Outcome.INCOMPLETE


def test_a_helm_chart_is_content_like_any_other(traffic):
    chart = b"chart bytes"
    config = b"{}"
    layer = {
        "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        "digest": traffic.sha(chart),
        "size": 11,
    }
    described = {"mediaType": HELM, "digest": traffic.sha(config), "size": 2}
    document = json.dumps({"schemaVersion": 2, "config": described, "layers": [layer]}).encode()
    traffic.ua = "Helm/3.14.0"
    traffic.resolve(MIRROR, "charts/app", "1.0", document, MANIFEST)
    traffic.manifest(MIRROR, "charts/app", traffic.sha(document), document, MANIFEST)
    traffic.get(f"{MIRROR}/v2/charts/app/blobs/{traffic.sha(config)}", 200, body=config)
    traffic.get(f"{MIRROR}/v2/charts/app/blobs/{traffic.sha(chart)}", 200, body=chart)
    pull = traffic.pull()
    assert [step.content for step in pull.steps][2:] == [Content.CONFIG, Content.LAYER]
    assert pull.outcome is Outcome.COMPLETE


def test_a_token_that_another_process_of_the_machine_fetched_is_claimed(traffic, image):
    traffic.ua = "buildkit/v0.12"
    traffic.head(
        f"{HUB}/v2/{REPO}/manifests/1",
        401,
        headers={"www-authenticate": 'Bearer realm="https://auth.docker.io/token"'},
    )
    traffic.ua = "docker buildx"
    traffic.token(REPO, T1)
    traffic.ua = "buildkit/v0.12"
    traffic.resolve(HUB, REPO, "1", image().index, token=T1)
    assert stages(traffic.pull()) == ["challenge", "token", "resolve"]


def test_a_clock_that_steps_back_gives_no_negative_time(traffic, image):
    one = image()
    traffic.docker_pull(REPO, "1", one)
    traffic.blob(HUB, REPO, one.layers[0], token=T1, at=500.0)
    for pull in traffic.pulls():
        assert pull.elapsed >= 0
        assert all(
            step.start >= 0 and (step.wait or 0) >= 0 and (step.receive or 0) >= 0 for step in pull.steps
        )


def test_the_same_file_twice_is_two_pulls(traffic, image):
    traffic.docker_pull(REPO, "1", image())
    traffic.events += traffic.events
    assert [len(pull.steps) for pull in traffic.pulls()] == [9, 9]


def test_a_refused_connection_long_before_is_not_this_pulls(traffic, image):
    traffic.fail("mirror.test", Trouble.CONNECT, at=traffic.time - 300)
    traffic.docker_pull(REPO, "1", image())
    assert traffic.pull().broken == []


def test_a_client_that_hashes_the_tags_manifest_itself_goes_on_by_that_digest(traffic, image):
    """Without Docker-Content-Digest (ECR) containerd asks for the tag with GET, then for what it hashed, by digest."""
    one, url = image(), f"https://1.dkr.ecr.eu-west-1.amazonaws.com/v2/{REPO}"
    traffic.ua = "containerd/v2.0.5"
    traffic.head(f"{url}/manifests/1", 200, kind="application/vnd.oci.image.index.v1+json")
    for reference in ("1", traffic.sha(one.index)):
        traffic.get(f"{url}/manifests/{reference}", 200, body=one.index)
    traffic.get(f"{url}/manifests/{traffic.sha(one.manifest)}", 200, body=one.manifest)
    for blob in (one.config, *one.layers):
        traffic.get(f"{url}/blobs/{traffic.sha(blob)}", 200, body=blob)
    pull = traffic.pull()
    assert (pull.outcome, len(pull.steps)) == (Outcome.COMPLETE, 6)


@pytest.mark.parametrize("what", ["page", "bytes"])
def test_a_mirror_that_answers_with_something_else_and_the_registry_are_one_pull(traffic, image, what):
    """docker and containerd go to the next host after it, as after a refusal."""
    one, near, far = image(), "https://m.test", "https://r.test"
    if what == "page":
        page = b"<html><title>Welcome</title></html>"
        traffic.get(f"{near}/v2/{REPO}/manifests/1", 200, kind="text/html", body=page)
    else:
        traffic.resolve(near, REPO, "1", one.index)
        traffic.get(f"{near}/v2/{REPO}/manifests/{traffic.sha(one.index)}", 200, body=b"{}")
    traffic.resolve(far, REPO, "1", one.index)
    traffic.get(f"{far}/v2/{REPO}/manifests/{traffic.sha(one.index)}", 200, body=one.index)
    traffic.get(f"{far}/v2/{REPO}/manifests/{traffic.sha(one.manifest)}", 200, body=one.manifest)
    for blob in (one.config, *one.layers):
        traffic.get(f"{far}/v2/{REPO}/blobs/{traffic.sha(blob)}", 200, body=blob)
    pull = traffic.pull()
    assert (pull.outcome, pull.registry) == (Outcome.COMPLETE, "r.test")
