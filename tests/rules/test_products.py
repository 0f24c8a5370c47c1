import pytest
from msgspec.structs import replace

from inspector.rules import catalogue
from inspector.rules.case import Case
from inspector.rules.example import Turn, build
from inspector.rules.products import fitting, products_of
from inspector.rules.sample import CONFIG, HEALTHY, HTML, MIRROR, cdn, documents, ping, serve, token

NAMES = ("nginx", "Worker", "distribution", "Harbor")
TEXT = "Let it pass. nginx: `a; b. c;` or `nginx: d`; a Worker: `e`; distribution: `f`. Where none fits, ask."


def products(*turns):
    (pull,) = build(turns)[0]
    case = Case(pull)
    return products_of(case, case.steps)


def served_by(*lines, host=MIRROR):
    return replace(serve(CONFIG, host), give=lines)


def test_what_servers_say_that_they_are():
    assert products(served_by("server: nginx/1.24.0")) == {"nginx"}
    assert products(served_by("server: openresty")) == {"nginx"}
    assert products(served_by("server: cloudflare", "docker-distribution-api-version: registry/2.0")) == {
        "worker"
    }
    assert products(served_by("docker-distribution-api-version: registry/2.0")) == {"distribution"}
    assert products(served_by("server: Caddy")) == frozenset()
    assert products(served_by("server: nginx", "docker-distribution-api-version: registry/2.0")) == {
        "nginx",
        "distribution",
    }


def test_harbor_is_told_by_its_challenge_and_hides_the_distribution_in_it():
    challenge = (
        'www-authenticate: Bearer realm="https://h.example.com/service/token",service="harbor-registry"'
    )
    turn = Turn(
        method="GET", url="https://h.example.com/v2/", status=401,
        give=(challenge, "server: nginx", "docker-distribution-api-version: registry/2.0"),
    )  # fmt: skip
    assert products(turn) == {"harbor", "nginx"}


def test_nobody_configures_a_public_registry_or_its_storage():
    assert products(served_by("server: nginx", host="https://registry-1.docker.io")) == frozenset()
    turns = (*HEALTHY[:6], replace(cdn(CONFIG), give=("server: cloudflare",)))
    assert products(*turns) == frozenset()


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({"nginx"}, "Let it pass. nginx: `a; b. c;` or `nginx: d`. Where none fits, ask."),
        ({"worker"}, "Let it pass. a Worker: `e`. Where none fits, ask."),
        ({"nginx", "distribution"}, "Let it pass. nginx: `a; b. c;` or `nginx: d`; distribution: `f`. Where none fits, ask."),
        ({"harbor"}, TEXT),
        (set(), TEXT),
    ],
    ids=["nginx", "worker", "both", "other", "unknown"],
)  # fmt: skip
def test_the_clauses_about_other_products_are_left_out(known, text):
    assert fitting(TEXT, frozenset(known)) == text


def test_no_remedy_loses_all_that_it_says():
    for rule in catalogue.rules():
        for product in ("nginx", "worker", "distribution", "harbor"):
            told = fitting(rule.remedy, frozenset({product}))
            assert told.endswith((".", "`"))
            assert len(told) > 20
            if told != rule.remedy:
                assert product in told.lower()


@pytest.mark.parametrize(
    ("server", "told"), [("nginx", {"nginx"}), ("cloudflare", {"Worker"}), ("Caddy", {"nginx", "Worker"})]
)
def test_a_finding_carries_the_advice_for_the_server_that_is_seen(found, server, told):
    page = replace(serve(CONFIG, MIRROR), status=401, give=(f"server: {server}",), body=HTML)
    bare = replace(ping(MIRROR), give=(f"server: {server}",))
    remedy = found(bare, page)["challenge-missing"].remedy
    assert {name for name in NAMES if name in remedy} == told
    encoded = replace(serve(CONFIG, MIRROR), give=("content-encoding: gzip", f"server: {server}"), body=b"x")
    remedy = found(ping(MIRROR), token(), *documents(MIRROR), encoded)["content-encoding"].remedy
    assert {name for name in NAMES if name in remedy} == told
