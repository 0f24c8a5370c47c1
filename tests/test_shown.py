"""What the real tests declare that they show: codes of the catalogue, by clients that there are."""

import importlib.util
from pathlib import Path

import pytest

from inspector.rules import catalogue

REAL = Path(__file__).parent / "real"
CLIENTS = {"docker", "containerd", "podman", "skopeo", "buildah"}


@pytest.fixture(scope="module")
def shown():
    spec = importlib.util.spec_from_file_location("shown", REAL / "stack" / "shown.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_declaration_is_a_code_and_a_client(shown):
    declared = shown.declared(REAL)
    assert declared
    assert set(declared) <= {rule.code for rule in catalogue.rules()}
    assert {client for clients in declared.values() for client in clients} <= CLIENTS


def test_it_reads_what_the_tests_say_without_running_them(shown, tmp_path):
    (tmp_path / "test_x.py").write_text(
        'raise SystemExit\n@shows("b-code", "podman", "docker")\ndef test_one(): ...\n'
        '@other\n@shows("b-code", "skopeo")\ndef test_two(): ...\n@shows("a-code", "docker")\ndef test_three(): ...\n'
    )
    assert shown.declared(tmp_path) == {"a-code": ["docker"], "b-code": ["docker", "podman", "skopeo"]}


def test_the_decorator_runs_the_test_once_for_each_client(shown):
    @shown.shows("a-code", "docker", "podman")
    def test(code, name): ...

    [mark] = test.pytestmark
    assert mark.args == (("code", "name"), [("a-code", "docker"), ("a-code", "podman")])
