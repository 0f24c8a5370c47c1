import pytest
from msgspec.structs import replace

from inspector.core.finding import Confidence, Severity
from inspector.rules.example import CONTAINERD, DOCKER, PODMAN, Turn
from inspector.rules.sample import ACCEPT, HTML, MIRROR, SELF_SERVED, error_body

CODE = "path-prefix-wrong"
PLAIN = ("content-type: text/plain",)
JSON = ("content-type: application/json",)


def asked(path, status=404, give=PLAIN, body=b"404 page not found", **more):
    return Turn(
        method="GET",
        url=f"{MIRROR}{path}/manifests/latest",
        ask=(ACCEPT,),
        status=status,
        give=give,
        body=body,
        **more,
    )


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/hub/v2/library/app", "/hub stands before /v2/"),
        ("/v2/v2/library/app", "/v2/ stands twice"),
        ("/v2//library/app", "// stands in it"),
        ("/v2/docker.io/docker.io/library/app", "a registry's host stands twice"),
    ],
)
def test_a_part_too_many(found, path, what):
    finding = found(asked(path, agent=CONTAINERD))[CODE]
    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.IMPLIED)
    assert what in finding.summary


def test_the_explained_follows_its_root(found):
    told = found(asked("/hub/v2/library/app", 200, ("content-type: text/html",), HTML))
    assert told["html-answer"].caused_by == CODE


def test_a_registry_that_answers_behind_the_prefix_speaks_of_the_name(found):
    missing = error_body("MANIFEST_UNKNOWN", "manifest unknown")
    assert CODE not in found(asked("/hub/v2/library/app", give=JSON, body=missing))
    assert CODE not in found(replace(asked("/hub/v2/library/app", give=JSON, body=b""), method="HEAD"))


def test_a_registry_that_challenged_behind_the_prefix_is_there(found):
    give = ('www-authenticate: Bearer realm="https://mirror.example.com/token"',)
    ping = Turn(method="GET", url=f"{MIRROR}/hub/v2/", status=401, give=give)
    assert CODE not in found(ping, asked("/hub/v2/library/app"))


def test_a_name_that_may_really_have_such_a_part_is_a_warning(found):
    finding = found(asked("/v2/org/v2/app"))[CODE]
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.TYPICAL)


def test_the_registrys_own_name_has_the_part(found):
    turns = [replace(turn, url=turn.url.replace("/library/app/", "/org/v2/app/")) for turn in SELF_SERVED]
    assert CODE not in found(
        asked("/v2/org/v2/app", give=JSON, body=error_body("NAME_UNKNOWN", "no")), *turns
    )


def test_a_registrys_host_once_is_what_some_mirrors_want(found):
    assert CODE not in found(asked("/v2/docker.io/library/app", agent=PODMAN))


def test_a_sibling_that_worked_without_it_proves_it(found):
    here = [
        replace(turn, url=turn.url.replace("https://registry-1.docker.io", MIRROR), agent=PODMAN)
        for turn in SELF_SERVED[2:]
    ]
    finding = found(replace(asked("/hub/v2/library/app", agent=PODMAN), method="HEAD"), *here)[CODE]
    assert (finding.confidence, finding.severity) == (Confidence.PROVED, Severity.WARNING)


@pytest.mark.parametrize("status", [200, 429, 503])
def test_what_does_not_speak_of_the_path(found, status):
    assert CODE not in found(asked("/hub/v2/library/app", status))


def test_the_normal_challenge_behind_a_prefix(found):
    give = ('www-authenticate: Bearer realm="https://mirror.example.com/token"', "content-type: text/html")
    assert CODE not in found(asked("/hub/v2/library/app", 401, give, HTML))


@pytest.mark.parametrize(
    ("agent", "path", "lines"),
    [
        (
            CONTAINERD,
            "/hub/v2/library/app",
            ['[host."https://mirror.example.com/v2/hub"]', "override_path = true"],
        ),
        (PODMAN, "/v2/v2/hub/library/app", ['`location = "mirror.example.com/hub"`']),
        ("skopeo/1.9.3", "/v2/v2/hub/library/app", ['`location = "mirror.example.com/hub"`']),
        (CONTAINERD, "/v2/v2/library/app", ["`mirror.example.com/library/app`"]),
        (DOCKER, "/hub/v2/library/app", ["docker: it cannot"]),
    ],
)
def test_the_remedy_is_the_clients_own_with_the_names_that_are_seen(found, agent, path, lines):
    remedy = found(asked(path, agent=agent))[CODE].remedy
    assert [line for line in lines if line not in remedy] == []


def test_the_remedy_fits_the_server(found):
    assert "proxy_pass" in found(asked("/hub/v2/library/app", give=(*PLAIN, "server: nginx")))[CODE].remedy
