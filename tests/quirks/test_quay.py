"""Quay, by what it sends."""


def test_realm_and_storage_show_it(sends):
    assert "Quay" in sends('www-authenticate: Bearer realm="https://quay.io/v2/auth",service="quay.io"')
    assert "Quay" in sends("location: https://cdn02.quay.io/sha256/aa", status=302)
    assert "Quay" not in sends("location: https://cdn02.quay.io.evil.example/", status=302)
