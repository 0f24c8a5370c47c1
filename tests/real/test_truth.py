"""The oracle itself: it must see a step that a report lacks, one that it made up, and a secret that got out."""

import json
from collections import Counter

from stack import truth

INDEX, REPOSITORY = "sha256:" + "a" * 64, "library/hello-world"
LINE = {
    "end": 1.0,
    "took": 0.1,
    "host": "registry-1.docker.io",
    "method": "GET",
    "status": 200,
    "bytes": 5,
    "uri": f"/v2/{REPOSITORY}/manifests/latest",
    "credential": "bearer",
    "range": "",
    "agent": "skopeo/1",
}
EXCHANGE = {
    "host": "registry-1.docker.io",
    "method": "GET",
    "status": 200,
    "stage": "manifest",
    "content": "index",
    "digest": INDEX,
    "url": f"https://registry-1.docker.io/v2/{REPOSITORY}/manifests/latest",
}


def logged(tmp_path, *lines: dict) -> Counter[truth.Fact]:
    log = tmp_path / "edge.access"
    log.write_text("".join(json.dumps(LINE | line) + "\n" for line in lines))
    return truth.facts(truth.read(log, 0), contents={INDEX: "index"}, tags={f"{REPOSITORY}:latest": INDEX})


def test_a_report_that_agrees_has_the_same_facts(tmp_path) -> None:
    assert logged(tmp_path, {}) == truth.told([EXCHANGE])


def test_a_step_that_is_told_once_and_was_done_twice_is_seen(tmp_path) -> None:
    assert (logged(tmp_path, {}, {}) - truth.told([EXCHANGE])).total() == 1


def test_a_step_of_another_stage_content_or_status_is_seen(tmp_path) -> None:
    facts = logged(tmp_path, {})
    for wrong in (
        {"stage": "resolve"},
        {"content": "manifest"},
        {"status": 404},
        {"digest": "sha256:" + "b" * 64},
    ):
        assert truth.told([EXCHANGE | wrong]) - facts


def test_a_request_whose_answer_the_client_did_not_wait_for_is_no_difference(tmp_path) -> None:
    unanswered = truth.told([EXCHANGE | {"status": None, "stage": "resolve"}])
    assert truth.compare(logged(tmp_path, {}), unanswered) == ([], [])
    assert truth.compare(Counter(), unanswered) == ([], [])
    assert truth.compare(Counter(), truth.told([EXCHANGE])) == ([], list(truth.told([EXCHANGE])))


def test_stages_follow_from_who_answered_what(tmp_path) -> None:
    blob = f"/v2/{REPOSITORY}/blobs/{INDEX}"
    stages = [
        fact.stage
        for fact in logged(
            tmp_path,
            {"uri": "/v2/", "status": 401},
            {"host": "auth.docker.io", "uri": "/token"},
            {"method": "HEAD"},
            {},
            {"uri": blob, "status": 307},
            {"uri": blob},
            {
                "host": "production.cloudflare.docker.com",
                "uri": f"/registry-v2/sha256/aa/{'a' * 64}/data?verify=1",
            },
        )
    ]
    assert stages == ["challenge", "token", "resolve", "manifest", "redirect", "blob", "cdn"]


def test_a_secret_in_any_file_is_seen_with_the_files_name(tmp_path) -> None:
    journal = tmp_path / "journal"
    journal.write_text(json.dumps({"answer": {"token": "header.payload-part.signature-part"}}) + "\n")
    secrets = truth.secrets(journal, "alicepw")
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "clean").write_bytes(b"header.x.y")
    assert truth.leaks(secrets, folder) == []
    (folder / "pull.flow").write_bytes(b"\x00..signature-part..")
    (folder / "log").write_bytes(b"alicepw")
    assert [leak.split(":")[0] for leak in truth.leaks(secrets, folder)] == ["log", "pull.flow"]
