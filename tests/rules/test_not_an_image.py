import pytest
from msgspec.structs import replace

from inspector.core.events import Trouble
from inspector.core.finding import Severity
from inspector.rules.example import CONTAINERD, DOCKER, PODMAN, Broken, as_json, digest_of
from inspector.rules.not_an_image import RULE
from inspector.rules.sample import CONFIG, LAYER, fetch, ping, resolve, serve, token
from inspector.wire.mediatypes import OCI_CONFIG, OCI_MANIFEST

CODE = "not-an-image"
HELM = "application/vnd.cncf.helm.config.v1+json"


def pull_of(config, agent=DOCKER, **more):
    described = {
        "size": len(CONFIG),
        "digest": digest_of(CONFIG),
        **({"mediaType": config} if config else {}),
    }
    layer = {"mediaType": "application/x", "size": len(LAYER), "digest": digest_of(LAYER)}
    document = as_json(
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described, "layers": [layer], **more}
    )
    head = replace(
        resolve(),
        give=(f"content-type: {OCI_MANIFEST}", f"docker-content-digest: {digest_of(document)}"),
        body=document,
    )
    turns = (ping(), token(), head, replace(fetch(document, OCI_MANIFEST), ask=RULE.bad[3].ask))
    return [replace(turn, agent=agent) for turn in turns]


def test_docker_stops_at_a_chart(found):
    finding = found(*pull_of(HELM))[CODE]
    assert finding.severity is Severity.ERROR
    assert "helm pull" in finding.remedy
    assert [piece.exchange for piece in finding.evidence] == [4, 4]


def test_podman_may_have_it_already_since_it_keeps_artifacts(found):
    assert found(*pull_of(HELM, PODMAN))[CODE].severity is Severity.WARNING
    older = PODMAN.replace("5.36.1", "5.23.1")
    assert found(*pull_of(HELM, older))[CODE].severity is Severity.ERROR


def test_containerd_fetches_whatever_it_is(found):
    turns = [
        *pull_of(HELM, CONTAINERD),
        *(replace(serve(blob), agent=CONTAINERD) for blob in (CONFIG, LAYER)),
    ]
    finding = found(*turns)[CODE]
    assert finding.severity is Severity.NOTE
    assert "cannot unpack or run it" in finding.summary


def test_an_artifact_with_an_empty_config(found):
    told = found(
        *pull_of("application/vnd.oci.empty.v1+json", CONTAINERD, artifactType="application/vnd.example")
    )
    assert "application/vnd.example" in told[CODE].summary


@pytest.mark.parametrize("config", [OCI_CONFIG, None, "application/octet-stream", "application/json"])
def test_images_old_ones_too(found, config):
    assert CODE not in found(*pull_of(config))


def test_an_image_may_have_an_artifact_type(found):
    assert CODE not in found(*pull_of(OCI_CONFIG, artifactType="application/vnd.example"))


def test_a_client_that_goes_on_did_not_stop_there(found):
    assert CODE not in found(*pull_of(HELM), serve(CONFIG), serve(LAYER))


@pytest.mark.parametrize("agent", ["Helm/3.14.0", "oras/1.2.0", "skopeo/1.18", "Docker-Client/27.0 (linux)"])
def test_tools_that_only_look_or_know_what_it_is(found, agent):
    assert CODE not in found(*pull_of(HELM, agent))


def test_what_came_next_may_have_been_lost(checked):
    gone = Broken(trouble=Trouble.CONNECT, host="registry-1.docker.io", message="connection refused")
    assert checked(CODE, *pull_of(HELM), gone).state == "could not tell"
