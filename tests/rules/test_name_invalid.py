import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import SELF_SERVED, error_body, resolve

CODE = "name-invalid"


def asked(repository, reference="latest", status=404, body=b""):
    return replace(
        resolve(repository=repository, reference=reference), method="GET", status=status, give=(), body=body
    )


@pytest.mark.parametrize(
    ("repository", "why"),
    [
        ("Library/app", "upper-case"),
        ("host:5000/app", "a colon"),
        ("a/-b", "characters"),
        ("a..b", "characters"),
        ("a_-b", "characters"),
    ],
)
def test_names_that_are_none(found, repository, why):
    finding = found(asked(repository))[CODE]
    assert finding.severity is Severity.ERROR
    assert why in finding.summary


@pytest.mark.parametrize(
    "repository", ["a", "a/b/c", "docker.io/library/app", "a__b", "a---b", "0/v2/a.b-c_d"]
)
def test_names_of_the_grammar(found, repository):
    assert CODE not in found(asked(repository))


@pytest.mark.parametrize(
    ("tag", "bad"), [("t" * 128, False), ("t" * 129, True), (".t", True), ("_V1.2-rc", False)]
)
def test_tags(found, tag, bad):
    assert (CODE in found(asked("a", tag))) is bad


def test_the_registry_says_so(found):
    assert CODE in found(asked("library/app", status=400, body=error_body("NAME_INVALID", "no")))


def test_where_it_is_served_all_the_same_it_is_a_warning(found):
    turns = [
        replace(turn, url=turn.url.replace("/library/app/", "/Library/app/")) for turn in SELF_SERVED[2:]
    ]
    assert found(*turns)[CODE].severity is Severity.WARNING


def test_an_empty_part_is_a_matter_of_the_path(found):
    told = found(asked("library//app"))
    assert CODE not in told
    assert "path-prefix-wrong" in told
