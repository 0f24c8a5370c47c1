from msgspec.structs import replace

from inspector.rules.example import PODMAN
from inspector.rules.sample import HEALTHY, bearer, error_body, resolve
from inspector.wire.mediatypes import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

NARROW = replace(
    resolve(), method="GET", status=404, give=(),
    body=error_body("MANIFEST_UNKNOWN", "OCI manifest found, but accept header does not support OCI manifests"),
)  # fmt: skip


def test_the_registrys_words(found):
    finding = found(*HEALTHY[:2], NARROW)["accept-too-narrow"]
    assert finding.evidence[0].what.startswith("accept: ")


def test_an_accept_that_names_all_was_changed_on_the_way(found):
    accept = f"accept: {OCI_INDEX}, {OCI_MANIFEST}, {DOCKER_LIST}, {DOCKER_MANIFEST}"
    finding = found(*HEALTHY[:2], replace(NARROW, ask=(bearer(), accept)))["accept-too-narrow"]
    assert "a proxy on the way" in finding.summary
    assert "proxy_set_header Accept" in finding.remedy


def test_not_acceptable(found):
    assert "accept-too-narrow" in found(*HEALTHY[:2], replace(NARROW, status=406, body=b""))


def test_a_missing_tag(found):
    missing = replace(NARROW, body=error_body("MANIFEST_UNKNOWN", "manifest unknown"))
    assert "accept-too-narrow" not in found(*HEALTHY[:2], missing)


def test_a_wider_accept_that_was_served_overcomes_it(found):
    turns = [
        replace(turn, agent=PODMAN)
        for turn in (*HEALTHY[:2], NARROW, replace(resolve(), method="GET"), *HEALTHY[4:])
    ]
    assert "accept-too-narrow" not in found(*turns)
