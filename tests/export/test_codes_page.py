"""The page of codes: complete, inert, and without a network."""

import re
from html.parser import HTMLParser

import msgspec

from inspector.export.codes_page import page
from inspector.rules import catalogue, messages


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_every_code_has_an_article_and_a_link_to_it():
    seen = Elements(page(catalogue.rules())).seen
    codes = {rule.code for rule in catalogue.rules()}
    assert {attrs["id"] for tag, attrs in seen if tag == "article"} == codes
    assert {attrs["href"] for tag, attrs in seen if tag == "a"} == {f"#{code}" for code in codes}


def test_the_gravest_come_first():
    severities = re.findall(r'class="severity (\w+)"', page(catalogue.rules()))
    assert severities == sorted(severities, key=["error", "warning", "note"].index)


def test_nothing_is_loaded_and_nothing_runs():
    seen = Elements(page(catalogue.rules())).seen
    assert not [tag for tag, _ in seen if tag in ("script", "img", "iframe", "object", "form")]
    assert {attrs.get("href") for tag, attrs in seen if tag == "link"} == {"data:,"}
    policy = next(attrs["content"] for tag, attrs in seen if attrs.get("http-equiv"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_a_message_and_a_rule_are_text_whatever_they_hold():
    evil = "<script>alert(1)</script>"
    rule = msgspec.structs.replace(catalogue.rule("rate-limited"), meaning=evil, remedy=f"`{evil}`")
    html = page([rule]) + page([], message=f"no basic auth credentials {evil}", matches=[])
    assert "<script" not in html
    assert "<code>&lt;script&gt;" in html


def test_for_a_message_the_words_that_fit_are_marked():
    message = "no basic auth credentials"
    html = page(catalogue.rules(), message=message, matches=messages.find(message))
    assert re.search(r'<div class="this"><dt>docker</dt><dd>no basic auth credentials</dd>', html)
    assert [attrs["id"] for tag, attrs in Elements(html).seen if tag == "article"] == ["credentials-missing"]
