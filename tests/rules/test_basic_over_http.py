import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import SELF_SERVED, resolve

CODE = "basic-over-http"
LOGIN = "authorization: Basic ‹basic 5d41402a›"


def pull_from(root, *ask):
    return [
        replace(turn, url=turn.url.replace("https://registry-1.docker.io", root), ask=ask)
        for turn in SELF_SERVED[2:]
    ]


def test_a_login_over_http(found):
    finding = found(*pull_from("http://registry.example.com", LOGIN))[CODE]
    assert finding.severity is Severity.WARNING
    assert "‹basic" not in str(finding)


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"])
def test_on_the_machine_itself_it_is_a_note(found, host):
    assert found(*pull_from(f"http://{host}", LOGIN))[CODE].severity is Severity.NOTE


@pytest.mark.parametrize("ask", ["authorization: Basic ‹empty›", "authorization: Bearer ‹token 3fa9c1d2›"])
def test_what_is_no_login(found, ask):
    assert CODE not in found(*pull_from("http://registry.example.com", ask))


def test_over_https(checked):
    assert checked(CODE, *pull_from("https://registry.example.com", LOGIN)).state == "passed"


def test_it_is_no_reason_why_a_pull_failed(found):
    left = replace(resolve("http://registry.example.com"), ask=(LOGIN,), status=418, give=(), body=b"")
    assert "unexplained" in found(left)
