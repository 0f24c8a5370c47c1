"""registry.k8s.io: a redirector by design."""

from inspector.rules.example import Turn

EMPTY = Turn(method="GET", url="https://registry.k8s.io/v2/", status=200, give=("content-type: text/html",))
AWAY = "location: https://europe-west1-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause/manifests/3.10"


def test_its_project_in_a_redirect_shows_it_behind_any_name(sends):
    assert "registry.k8s.io" in sends(AWAY, status=307)


def test_an_empty_page_at_the_ping_is_no_fault(see):
    seen = see(EMPTY, host="registry.k8s.io")
    assert not seen.codes & {"not-a-registry", "html-answer"}
