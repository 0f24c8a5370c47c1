"""Chainguard, by its realm."""


def test_its_realm_shows_it(sends):
    assert "Chainguard" in sends('www-authenticate: Bearer realm="https://cgr.dev/token",service="cgr.dev"')
    assert "Chainguard" not in sends('www-authenticate: Bearer realm="https://cgr.dev/token",service="other"')
