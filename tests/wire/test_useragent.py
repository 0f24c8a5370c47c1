"""User-Agent: the clients that pull images."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.useragent import Product, parse_user_agent

DOCKER = (
    "docker/28.5.1 go/go1.24.8 git-commit/f8215cc kernel/6.8.0 os/linux arch/amd64 "
    r"UpstreamClient(Docker-Client/28.5.1 \(linux\))"
)


@pytest.mark.parametrize(
    ("value", "name", "version"),
    [
        (DOCKER, "docker", "28.5.1"),
        (
            "docker/29.0.0 go/go1.25 os/linux arch/arm64 containerd-client/2.1.4 storage-driver/overlayfs",
            "docker",
            "29.0.0",
        ),
        ("Docker-Client/28.5.1 (linux)", "docker", "28.5.1"),
        ("containerd/1.6.20~ds1", "containerd", "1.6.20~ds1"),
        ("containerd/v2.1.0", "containerd", "2.1.0"),
        ("containers/5.23.1 (github.com/containers/image)", "containers", "5.23.1"),
        ("Buildah/1.28.2", "buildah", "1.28.2"),
        ("skopeo/1.9.3", "skopeo", "1.9.3"),
        ("buildkit/v0.24.0", "buildkit", "0.24.0"),
        ("crane/v0.20.2 go-containerregistry/v0.20.2", "crane", "0.20.2"),
        ("go-containerregistry/v0.20.2", "go-containerregistry", "0.20.2"),
        ("kaniko/v1.23.2 go-containerregistry/v0.20.2", "kaniko", "1.23.2"),
        ("regclient/regctl (v0.8.0)", "regclient", "0.8.0"),
        ("regclient/regctl (unknown)", "regclient", "regctl"),
        ("oras/1.2.0", "oras", "1.2.0"),
        ("oras-go", "oras", None),
        ("Helm/3.19.0", "helm", "3.19.0"),
        ("python-requests/2.32.5", "python-requests", "2.32.5"),
        ("Go-http-client/2.0", "go-http-client", "2.0"),
        ("curl/8.5.0", "curl", "8.5.0"),
        ("(no product)", None, None),
        ("  ", None, None),
    ],
)
def test_product(value: str, name: str | None, version: str | None) -> None:
    product = parse_user_agent(value)
    assert (product.name, product.version, product.raw) == (name, version, value.strip())


def test_platform_and_command_line() -> None:
    assert parse_user_agent(DOCKER).platform == "linux/amd64"
    assert not parse_user_agent(DOCKER).cli
    assert parse_user_agent("Docker-Client/28.5.1 (linux)").cli
    assert parse_user_agent("docker/1 os/linux").platform is None


def test_none_is_an_empty_product() -> None:
    assert parse_user_agent(None) == Product()


@given(st.text(st.characters()))
def test_any_text_gives_a_product(value: str) -> None:
    for text in (value, f"docker/{value}", f"docker ({value}", f"{value} os/{value} arch/{value}"):
        product = parse_user_agent(text)
        assert product.name is None or product.name == product.name.lower()
        assert product.raw is not None
        product.raw.encode()
