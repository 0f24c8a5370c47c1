"""The home page: the mirror's own address in it, nothing from elsewhere, nothing of a Host that could break out."""

import base64
import hashlib
import re

import pytest

from inspector.mirror import home


def page(settings, own="https://mirror.example", **options):
    return home.page(own, settings(**options), "GET")


def test_the_address_stands_in_every_recipe(settings):
    text = home.render("https://mirror.example:5000", settings())
    for line in (
        "docker pull mirror.example:5000/hello-world",
        "&#34;registry-mirrors&#34;: [&#34;https://mirror.example:5000&#34;]",
        "ctr images pull mirror.example:5000/library/hello-world:latest",
        "[host.&#34;https://mirror.example:5000&#34;]",
        "podman pull mirror.example:5000/hello-world",
        "location = &#34;mirror.example:5000/ghcr.io&#34;",
        "image: mirror.example:5000/hello-world",
        "mirror.example:5000/ghcr.io/astral-sh/uv",
    ):
        assert line in text


def test_plain_http_is_said_and_set_up(settings):
    text = home.render("http://mirror.example:5000", settings())
    assert "insecure-registries" in text
    assert "insecure = true" in text
    assert "--plain-http" in text
    assert "--tls-verify=false" in text
    loopback = home.render("http://127.0.0.1:5000", settings())
    assert "insecure-registries" not in loopback
    secure = home.render("https://mirror.example", settings())
    assert "insecure" not in secure


def test_it_asks_nothing_of_anyone_else(settings, fields):
    answer = page(settings)
    text = answer.body.decode()
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text)
    assert "@import" not in text
    assert "url(" not in text
    assert fields(answer)["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("tag", ["style", "script"])
def test_style_and_script_are_those_that_the_policy_allows(settings, fields, tag):
    answer = page(settings)
    inline = re.search(rf"<{tag}>(.*?)</{tag}>", answer.body.decode(), re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"{tag}-src 'sha256-{digest}'" in fields(answer)["content-security-policy"]


def test_hostile_names_are_text(settings):
    text = home.render('https://a"><script>alert(1)</script>', settings())
    assert "<script>alert" not in text


def test_every_recipe_has_a_button_with_a_name(settings):
    text = home.render("https://m.test", settings())
    assert text.count("<pre") == text.count('<button type="button" aria-label="Copy: ') > 8


def test_login_is_told_where_there_is_one(settings):
    assert "docker login m.test" in home.render("https://m.test", settings())
    assert "docker login" not in home.render("https://m.test", settings(auth="own"))


def test_a_mirror_without_docker_hub_has_no_docker_mirror_recipe(settings):
    text = home.render("https://m.test", settings(upstreams=["ghcr.io"], default="ghcr.io"))
    assert "registry-mirrors" not in text
    assert "docker pull m.test/astral-sh/uv" in text


def test_head_has_the_length_and_no_body(settings, fields):
    answer = home.page("https://m.test", settings(), "HEAD")
    assert answer.body == b""
    assert int(fields(answer)["content-length"]) > 5000
