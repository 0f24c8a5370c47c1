"""Nexus, by its Basic realm or its Server header."""


def test_realm_or_server_show_it(sends):
    assert "Nexus" in sends('www-authenticate: BASIC realm="Sonatype Nexus Repository Manager"')
    assert "Nexus" in sends("server: Nexus/3.68.1-02 (OSS)", status=200)
    assert "Nexus" not in sends("server: nginx/1.22.1", status=200)
