"""The demo image is a real one: every descriptor fits its bytes, every diff_id its layer."""

import gzip
import io
import json
import tarfile

from inspector.lab.content import INDEX, demo_repository, digest_of


def load(repository, reference):
    digest, manifest = repository.find(reference)
    return digest, json.loads(manifest.body)


def names_in(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getnames()


def test_the_tag_leads_to_an_index_of_two_platforms_and_an_attestation(repository):
    digest, index = load(repository, "latest")
    assert digest == digest_of(repository.manifests[digest].body)
    assert index["mediaType"] == INDEX == repository.manifests[digest].media_type
    platforms = [entry["platform"]["architecture"] for entry in index["manifests"]]
    assert platforms == ["amd64", "arm64", "unknown"]


def test_the_attestation_names_the_image_that_it_is_about(repository):
    index = load(repository, "latest")[1]
    amd64, _, attestation = index["manifests"]
    assert attestation["annotations"] == {
        "vnd.docker.reference.digest": amd64["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    }


def test_every_descriptor_fits_the_bytes_that_it_names(repository):
    index = load(repository, "latest")[1]
    for entry in index["manifests"]:
        manifest_body = repository.manifests[entry["digest"]].body
        manifest = json.loads(manifest_body)
        for descriptor in [manifest["config"], *manifest["layers"]]:
            blob = repository.blobs[descriptor["digest"]]
            assert (digest_of(blob), len(blob)) == (descriptor["digest"], descriptor["size"])
        assert (digest_of(manifest_body), len(manifest_body)) == (entry["digest"], entry["size"])


def test_the_layers_are_tar_files_with_the_diff_ids_of_the_config(repository):
    index = load(repository, "latest")[1]
    manifest = load(repository, index["manifests"][0]["digest"])[1]
    config = json.loads(repository.blobs[manifest["config"]["digest"]])
    archives = [gzip.decompress(repository.blobs[layer["digest"]]) for layer in manifest["layers"]]
    assert [digest_of(archive) for archive in archives] == config["rootfs"]["diff_ids"]
    assert [names_in(archive) for archive in archives] == [
        ["usr/lib/base.bin"],
        ["usr/lib/runtime.bin"],
        ["app/amd64.bin"],
        ["etc/amd64.conf"],
    ]


def test_the_platforms_share_their_lower_layers(repository):
    index = load(repository, "latest")[1]
    amd64, arm64 = (load(repository, entry["digest"])[1]["layers"] for entry in index["manifests"][:2])
    assert [one == other for one, other in zip(amd64, arm64, strict=True)] == [True, True, False, False]


def test_it_is_the_same_image_each_time(repository):
    assert demo_repository().tags == repository.tags


def test_a_digest_that_is_not_there_is_not_found(repository):
    assert repository.find("sha256:" + "0" * 64) is None
