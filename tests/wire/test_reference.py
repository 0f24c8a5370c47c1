"""Image references: Docker's reading of what users write, and the specification's grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.reference import Reference, normal_reference, parse_reference, valid_repository, valid_tag

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alpine", "docker.io/library/alpine"),
        ("alpine:3.20", "docker.io/library/alpine:3.20"),
        ("grafana/grafana", "docker.io/grafana/grafana"),
        ("index.docker.io/alpine", "docker.io/library/alpine"),
        ("docker.io/alpine", "docker.io/library/alpine"),
        ("localhost/alpine", "localhost/alpine"),
        ("localhost:5000/a/b:x", "localhost:5000/a/b:x"),
        ("[::1]:5000/a", "[::1]:5000/a"),
        ("ghcr.io/a/b/c@" + DIGEST, "ghcr.io/a/b/c@" + DIGEST),
        ("ghcr.io/a:x@" + DIGEST, "ghcr.io/a:x@" + DIGEST),
        ("Foo/bar", "Foo/bar"),
    ],
)
def test_reference_is_read_as_docker_does(text: str, expected: str) -> None:
    assert str(parse_reference(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "Alpine", "a:", "a@", "a:b:c", "a@sha256:12", "a@x:12", "-a", "a/", "/a", "a//b", "https://docker.io/a", "a:" + "x" * 129,
     "ab" * 32, "a" * 256, "a b", "a\n", "docker.io/A", "a..b", "a___b"],
)  # fmt: skip
def test_other_text_is_no_reference(text: str) -> None:
    assert parse_reference(text) is None


def test_parts() -> None:
    assert parse_reference("r.example:5000/a/b:t@" + DIGEST) == Reference(
        "r.example:5000", "a/b", "t", DIGEST
    )


@pytest.mark.parametrize(
    "host", ["docker.io", "index.docker.io", "registry-1.docker.io", "Registry-1.Docker.IO"]
)
def test_every_host_of_docker_hub_is_docker_io(host: str) -> None:
    assert normal_reference(host, "library/alpine", "3.20", DIGEST) == "docker.io/library/alpine:3.20"


def test_digest_stands_only_without_a_tag() -> None:
    assert normal_reference("r.example:5000", "a", None, DIGEST) == f"r.example:5000/a@{DIGEST}"
    assert normal_reference("r.example", "a", None, None) == "r.example/a"


@pytest.mark.parametrize("name", ["a", "library/alpine", "a__b", "a--b/c.d", "a/b/c/d", "0"])
def test_valid_names(name: str) -> None:
    assert valid_repository(name)


@pytest.mark.parametrize(
    "name", ["", "A", "a/", "/a", "a//b", "a_", "-a", "a___b", "a..b", "../a", "a" * 256, "a\n", "é"]
)
def test_invalid_names(name: str) -> None:
    assert not valid_repository(name)


def test_tags() -> None:
    assert all(valid_tag(tag) for tag in ("latest", "_x", "3.20-rc.1", "A" * 128))
    assert not any(valid_tag(tag) for tag in ("", ".x", "-x", "a/b", "a:b", "A" * 129, "x\n", "é"))


@given(st.text(st.characters()))
def test_any_text_is_answered(text: str) -> None:
    found = parse_reference(text)
    assert found is None or valid_repository(found.repository)
    assert isinstance(valid_tag(text), bool)
    normal_reference(text, text, text, text).encode()


# Lower case only: the other implementation takes the first part of "Foo/bar" for no host.
NAMES = st.from_regex(r"[a-z0-9._/:@-]{1,20}", fullmatch=True) | st.from_regex(
    r"(localhost|r\.example|[a-z]{1,3})(:[0-9]{1,4})?(/[a-z._-]{1,4}){1,3}(:[A-Za-z.]{1,4})?", fullmatch=True
)


@given(NAMES)
def test_reading_agrees_with_another_implementation(text: str) -> None:
    oracle = pytest.importorskip("docker_image.reference").Reference
    try:
        theirs = str(oracle.parse_normalized_named(text).string())
    except Exception:
        theirs = None
    ours = parse_reference(text)
    assert (str(ours) if ours else None) == theirs
