"""Zot: a challenge without quotes, on a 200."""

from inspector.rules.example import Turn


def test_its_server_header_shows_it(sends):
    assert "Zot" in sends("server: zot/2.1", status=200)
    assert "Zot" not in sends("server: nginx (zot)", status=200)


def test_its_challenge_without_quotes_is_let_pass(see):
    ping = Turn(
        method="GET", url="https://mirror.example.com/v2/", status=401,
        give=("server: zot", "www-authenticate: bearer realm=https://mirror.example.com/auth/token,service=zot"),
    )  # fmt: skip
    assert "challenge-malformed" not in see(ping).codes
