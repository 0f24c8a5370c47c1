"""Bundles of authorities: complete, each certificate once, and nothing in them but certificates."""

import stat

import pytest
import trustme

from inspector.cli._trust import certificates_in, client_sources, server_sources, write_bundle


@pytest.fixture(scope="module")
def authorities():
    return [trustme.CA(organization_name=f"authority {n}").cert_pem.bytes().strip() for n in range(3)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def file(folder, name, *parts):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"\n".join(parts) + b"\n")
    return folder / name


def test_only_certificates_are_taken_from_a_file(tmp_path, authorities):
    key = trustme.CA().issue_cert("x.test").private_key_pem.bytes()
    mixed = file(tmp_path, "mixed.pem", b"# comment \xff", authorities[0], key, authorities[1])
    assert certificates_in(mixed) == authorities[:2]


def test_what_cannot_be_read_has_no_certificates(tmp_path):
    assert certificates_in(tmp_path) == []
    assert certificates_in(tmp_path / "missing") == []
    assert certificates_in(file(tmp_path, "noise", b"-----BEGIN CERTIFICATE-----\n!!!")) == []


def test_a_huge_file_is_not_read(tmp_path, authorities):
    huge = file(tmp_path, "huge.pem", authorities[0])
    with huge.open("ab") as out:
        out.truncate(9 * 1024 * 1024)
    assert certificates_in(huge) == []


def test_a_bundle_holds_each_certificate_once_and_anyone_may_read_it(tmp_path, authorities):
    one = file(tmp_path, "one.pem", authorities[0], authorities[1])
    two = file(tmp_path, "two.pem", authorities[1], authorities[2])
    target = tmp_path / "bundle.pem"
    assert write_bundle(target, [one, two, tmp_path / "missing"]) == 3
    assert certificates_in(target) == authorities
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_what_the_user_trusts_stays_trusted(tmp_path, authorities):
    named = file(tmp_path, "named.pem", authorities[0])
    file(tmp_path / "dir", "in-folder.crt", authorities[1])
    environment = {"REQUESTS_CA_BUNDLE": str(named), "SSL_CERT_DIR": str(tmp_path / "dir")}
    target = tmp_path / "bundle.pem"
    write_bundle(target, client_sources(environment))
    assert set(authorities[:2]) < set(certificates_in(target)), "both, and the system's own"


def test_without_any_authority_certifi_stands_in(tmp_path, monkeypatch):
    import certifi

    monkeypatch.setattr("inspector.cli._trust._SYSTEM_FILES", ())
    monkeypatch.setattr(
        "ssl.get_default_verify_paths", lambda: type("Paths", (), {"openssl_cafile": "/nowhere"})
    )
    assert [str(source) for source in client_sources({})] == [certifi.where()]


def test_servers_may_also_be_checked_by_the_authorities_of_single_registries(home, authorities):
    file(home / ".config/containers/certs.d/registry.test:5000", "ca.crt", authorities[2])
    found = [one for source in server_sources({}) for one in certificates_in(source)]
    assert authorities[2] in found
    assert authorities[2] not in [one for source in client_sources({}) for one in certificates_in(source)]
