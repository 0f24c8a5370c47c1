"""From a client's line to codes: real lines, as people paste them."""

import pytest

from inspector.rules import catalogue, messages

DAEMON = "Error response from daemon: "
PASTED = {
    DAEMON + "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and"
    " upgrading: https://www.docker.com/increase-rate-limit": "rate-limited",
    DAEMON + 'Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection'
    " (Client.Timeout exceeded while awaiting headers)": "connect-failed",
    DAEMON + 'Get "https://auth.docker.io/token?scope=repository%3Alibrary%2Fhello-world%3Apull&service=x": net/http: request'
    " canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)": "realm-unreachable",
    "error pulling image configuration: download failed after attempts=6: dial tcp: lookup cdn.example: no such host": "cdn-unreachable",
    DAEMON + "pull access denied for foo, repository does not exist or may require 'docker login': denied: requested access to"
    " the resource is denied": "repository-denied",
    "x509: certificate signed by unknown authority": "tls-ca-not-trusted",
    'time="2026-11-02T03:04:05Z" level=info msg="Download failed, retrying (1/5): unexpected EOF"': "body-truncated",
    "no matching manifest for linux/arm64/v8 in the manifest list entries": "platform-missing",
    'failed commit on ref "layer-sha256:0123": unexpected commit digest sha256:45, expected sha256:67: failed precondition': "digest-mismatch",
    'Failed to pull image "nginx": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/library/nginx:1":'
    " failed to copy: httpReadSeeker: failed open: unexpected status code https://cdn.example/registry-v2/x: 403 Forbidden -"
    " Server message: unknown": "cdn-denied",
    'initializing source docker://h.example/x:1: pinging container registry h.example: Get "https://h.example/v2/": dial tcp'
    " 10.0.0.5:443: connect: connection refused": "connect-failed",
    'Get "http://h.example/x": dial tcp 10.0.0.5:80: connect: connection refused': "redirect-to-http",
    'parsing image configuration: Get "https://s.example/registry-v2/blobs/sha256/ab/data": dial tcp: i/o timeout': "cdn-unreachable",
    'failed to resolve reference "ghcr.io/o/app:1": failed to authorize: failed to fetch anonymous token: unexpected status from'
    " GET request to https://ghcr.io/token?scope=repository%3Ao%2Fapp%3Apull&service=ghcr.io: 403 Forbidden": "token-denied",
    "unexpected status from HEAD request to https://r.example/v2/library/nginx/manifests/latest: 429 Too Many Requests": "rate-limited",
    "reading manifest latest in quay.io/foo/bar: unauthorized: access to the requested resource is not authorized": "repository-denied",
    "failed to resolve reference: pull access denied, repository does not exist or may require authorization: server message:"
    " insufficient_scope: authorization failed": "repository-denied",
    DAEMON + "manifest for nginx:9.9.9 not found: manifest unknown: manifest unknown": "tag-not-found",
    DAEMON + "filesystem layer verification failed for digest sha256:0123": "digest-mismatch",
    "initializing source docker://m.example/x:1: Requesting bearer token: invalid status code from registry 502 (Bad Gateway)": "server-error",
    'Get "https://auth.docker.io/token?scope=x&service=y": EOF': "realm-unreachable",
    "unknown: Requested range is not satisfiable": "range-refused",
    "time=now level=info Attempting next endpoint for pull after error: x": "mirror-bypassed",
}  # fmt: skip


@pytest.mark.parametrize("message", PASTED)
def test_a_pasted_line_names_its_code_first(message):
    assert messages.find(message)[0].rule.code == PASTED[message]


def test_the_beginning_of_a_line_names_all_that_go_on_so():
    found = {match.rule.code for match in messages.find("unexpected status from HEAD request…")}
    assert {"head-get-differ", "signed-url-method", "repository-denied"} <= found


def test_a_status_beside_the_one_in_the_words_is_the_same_fault():
    found = [
        match.rule.code for match in messages.find("received unexpected HTTP status: 504 Gateway Timeout")
    ]
    assert "server-error" in found


def test_the_path_of_the_url_decides_between_two_codes():
    line = 'Get "https://a.example/{}": net/http: request canceled while waiting for connection'
    token, ping = (messages.find(line.format(path))[0].rule.code for path in ("token?scope=x", "v2/"))
    assert (token, ping) == ("realm-unreachable", "connect-failed")


def test_another_status_comes_after_the_one_that_was_printed():
    line = "unexpected status from HEAD request to https://m.example/v2/x/manifests/1?ns=docker.io: {}"
    first = [
        messages.find(line.format(status))[0].rule.code for status in ("400 Bad Request", "403 Forbidden")
    ]
    assert first[0] == "ns-not-supported"
    assert first[1] != "ns-not-supported"


def test_a_match_shows_the_words_and_whose_they_are():
    match = messages.find("Error: no basic auth credentials")[0]
    assert (match.client, match.words) in match.rule.says


@pytest.mark.parametrize(
    "message", ["", "hello world", "it does not work", "\x00\x1b[2J", "sha256:" + "0" * 64, "A" * 100_000]
)
def test_what_no_client_prints_names_nothing(message):
    assert messages.find(message) == []


def test_the_further_words_are_of_codes_that_exist_and_find_them():
    for code, lines in messages._FURTHER.items():
        assert catalogue.rule(code) is not None
        for _, words in lines:
            assert messages.find(words)[0].rule.code == code, words


def test_the_codes_that_are_seldom_meant_exist():
    assert {code for code in messages._SELDOM if catalogue.rule(code) is None} == set()


def test_every_rule_is_found_by_its_own_words_where_a_client_prints_some():
    for rule in catalogue.rules():
        for client, says in rule.says:
            if not says.startswith(("nothing", "not found (")) and len(says.split()) > 4:
                found = [match.rule.code for match in messages.find(says, most=12)]
                assert rule.code in found, (rule.code, client, says, found)
