"""Logins through our mirror: by password and by identity token to the upstream, and to the mirror itself.

What the token service was asked is read from its own journal.
"""

import base64
import json

import bcrypt
import pytest
from stack import truth
from stack.clients import CLIENTS, PASSWORD, USER
from stack.mirror import running
from stack.place import OURS

EVERY = pytest.mark.parametrize("name", CLIENTS)
COMMANDS = pytest.mark.parametrize("name", [name for name in CLIENTS if name != "containerd"])
SECRET, HELLO = f"{OURS}/private/secret:latest", f"{OURS}/hello-world:latest"
WRONG = "not-" + PASSWORD[:-2]


def basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


class Journal:
    """What the token service was asked since: pairs of method and user."""

    def __init__(self, hub) -> None:
        self.path, self.start = hub.token_journal, hub.token_journal.stat().st_size

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.path.read_bytes()[self.start :].splitlines()]

    def asked(self) -> set[tuple[str, str | None]]:
        return {(line["method"], line.get("user")) for line in self.lines()}


def login(client, folder, password, host=OURS):
    """The client's own login command; what it leaves is in ``folder``."""
    if client.name == "docker":
        place = {"DOCKER_HOST": client.socket, "DOCKER_CONFIG": str(folder)}
        return client.run("docker", "login", "-u", USER, "-p", password, host, **place)
    storage = [] if client.name == "skopeo" else client.storage()
    file = ("--authfile", str(folder / "config.json"))
    program = getattr(client, "program", client.name)
    return client.run(program, *storage, "login", *file, "-u", USER, "-p", password, host)


def pull(client, folder, reference, monkeypatch):
    """Pull with the logins in ``folder``; ctr has no such file, and is told what is in it."""
    entry = json.loads((folder / "config.json").read_text())["auths"].get(OURS, {})
    if client.name == "docker":
        return client.run("docker", "pull", reference, DOCKER_HOST=client.socket, DOCKER_CONFIG=str(folder))
    if client.name == "containerd":
        words = ["--refresh", entry["identitytoken"]] if "identitytoken" in entry else []
        if not words and entry:
            words = ["-u", base64.b64decode(entry["auth"]).decode()]
        return client.ctr("images", "pull", "--snapshotter", "native", *words, reference)
    monkeypatch.setattr(client, "auth", lambda _: str(folder / "config.json"))
    return client.pull(reference)


def quiet(mirror, hub) -> None:
    """Assert that nothing secret stands in the mirror's log."""
    secrets = truth.secrets(hub.token_journal, PASSWORD, WRONG, "adminpw", basic(USER, PASSWORD))
    assert truth.leaks(secrets, mirror.log.parent) == []


# -- to the upstream, through the mirror -------------------------------------------------------------------------------


@pytest.fixture
def relay(hub):
    with running(hub, "login-relay") as started:
        yield started


@pytest.fixture
def identity(relay, hub, clients):
    """A folder with the identity token that ``docker login`` has left."""
    folder = hub.place.folder("auth", "identity")
    run = login(clients("docker"), folder, PASSWORD)
    assert run.code == 0, run
    return folder


@COMMANDS
def test_a_login_is_checked_by_the_upstreams_token_service(relay, hub, clients, name, monkeypatch) -> None:
    client, folder, journal = clients(name), hub.place.folder("auth", f"by-{name}"), Journal(hub)
    client.forget()
    with relay.logged() as log:
        run = login(client, folder, PASSWORD)
    assert run.code == 0, run
    assert journal.asked() == {("GET", USER)}
    assert relay.around(log) == []
    run = pull(client, folder, SECRET, monkeypatch)
    assert run.code == 0, run
    quiet(relay, hub)


@COMMANDS
def test_a_wrong_password_is_refused_by_it(relay, hub, clients, name) -> None:
    journal = Journal(hub)
    run = login(clients(name), hub.place.folder("auth", f"wrong-{name}"), WRONG)
    assert run.code != 0, run
    assert {line["status"] for line in journal.lines()} == {401}
    assert "incorrect username or password" in run.text or "invalid username/password" in run.text, run
    quiet(relay, hub)


@EVERY
def test_an_identity_token_is_passed_on_by_post(relay, identity, hub, clients, name, monkeypatch) -> None:
    [entry] = json.loads((identity / "config.json").read_text())["auths"].values()
    assert entry["identitytoken"]
    client, journal = clients(name), Journal(hub)
    client.forget()
    with relay.logged() as log:
        run = pull(client, identity, SECRET, monkeypatch)
    assert run.code == 0, run
    assert journal.asked() == {("POST", USER)}
    assert relay.around(log) == []
    quiet(relay, hub)


# -- to the mirror itself ----------------------------------------------------------------------------------------------


@pytest.fixture
def own(hub):
    """A mirror that pulls as admin, and lets alice in."""
    folder = hub.place.folder("own")
    (folder / "users").write_text(f"{USER}:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()}\n")
    (folder / "password").write_text("adminpw\n")
    options = {
        "mirror_auth": "own",
        "mirror_htpasswd": str(folder / "users"),
        "mirror_credentials": f"docker.io=admin:{folder / 'password'}",
    }
    with running(hub, "login-own", **options) as started:
        yield started


def written(hub, kind, **entry):
    folder = hub.place.folder("auth", kind)
    (folder / "config.json").write_text(json.dumps({"auths": {OURS: entry} if entry else {}}))
    return folder


@EVERY
def test_who_may_use_the_mirror_pulls_with_its_credentials(own, hub, clients, name, monkeypatch) -> None:
    """alice's password is the mirror's affair: the upstream hears of admin only."""
    client, journal = clients(name), Journal(hub)
    client.forget()
    with own.logged() as log:
        run = pull(client, written(hub, "own", auth=basic(USER, PASSWORD)), SECRET, monkeypatch)
    assert run.code == 0, run
    assert journal.asked() <= {("GET", "admin")}
    assert own.around(log) == []
    quiet(own, hub)


@EVERY
@pytest.mark.parametrize("kind", ["wrong", "nobody"])
def test_who_may_not_is_told_so(own, hub, clients, name, kind, monkeypatch) -> None:
    client, entry = clients(name), {"auth": basic(USER, WRONG)} if kind == "wrong" else {}
    client.forget()
    with own.logged() as log:
        run = pull(client, written(hub, f"own-{kind}", **entry), HELLO, monkeypatch)
    assert run.code != 0, run
    assert log == []
    told = ("unauthorized", "401 Unauthorized")
    if (name, kind) == ("docker", "nobody"):
        # At a loopback address docker tries plain HTTP last, and tells of that; elsewhere it has no basic auth credentials.
        told = ("no basic auth credentials", "connection refused")
    assert any(word in run.text for word in told), run
    quiet(own, hub)


@COMMANDS
def test_a_login_to_the_mirror_is_checked_by_the_mirror(own, hub, clients, name) -> None:
    journal = Journal(hub)
    for password in (PASSWORD, WRONG):
        run = login(clients(name), hub.place.folder("auth", f"own-{name}"), password)
        assert (run.code == 0) == (password == PASSWORD), run
    assert journal.lines() == []
    quiet(own, hub)
