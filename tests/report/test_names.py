"""Letters for tokens and hosts, and what each host was there for."""

import json

from inspector.core.events import ConnectionFailed, Peer, Trouble
from inspector.core.pull import Pull, Stage
from inspector.report.names import Names, Role, letters


def test_hosts_of_dockers_pull(docker_pull: Pull) -> None:
    hosts = Names(docker_pull).hosts
    assert [(host.letter, host.name, host.role) for host in hosts.values()] == [
        ("R", "registry-1.docker.io", Role.REGISTRY), ("T", "auth.docker.io", Role.TOKEN),
        ("C", "production.cloudflare.docker.com", Role.CDN),
    ]  # fmt: skip


def test_the_host_that_was_asked_first_and_had_nothing_is_a_mirror(mirrored_pull: Pull) -> None:
    names = Names(mirrored_pull)
    assert names.hosts["mirror.test:5000"].role is Role.MIRROR
    assert names.letter("mirror.test:5000") == "M"
    assert names.letter("elsewhere.example") == "?"


def test_ns_in_the_query_tells_a_mirror(talk: "Conversation") -> None:  # noqa: F821 - of conftest
    talk.add(Stage.MANIFEST, "GET", "https://m.test/v2/library/x/manifests/latest?ns=docker.io", at=0.0)
    assert Names(talk.pull(registry="m.test")).hosts["m.test"].role is Role.MIRROR


def test_a_registry_that_sends_on_to_another_is_no_mirror(talk: "Conversation") -> None:  # noqa: F821
    talk.add(
        Stage.REDIRECT,
        "GET",
        "https://a.test/v2/x/manifests/1",
        307,
        at=0.0,
        answer={"location": "https://b.test/v2/x/manifests/1"},
    )
    talk.add(Stage.MANIFEST, "GET", "https://b.test/v2/x/manifests/1", at=0.1, follows=1)
    hosts = Names(talk.pull(registry="b.test")).hosts
    assert [host.role for host in hosts.values()] == [Role.REGISTRY, Role.REGISTRY]
    assert [host.letter for host in hosts.values()] == ["R", "R2"]


def test_one_host_with_two_parts_has_one_letter(talk: "Conversation") -> None:  # noqa: F821
    talk.add(Stage.TOKEN, "GET", "https://ghcr.io/token?scope=repository:a/b:pull&service=ghcr.io", at=0.0)
    talk.add(Stage.MANIFEST, "GET", "https://ghcr.io/v2/a/b/manifests/1", at=0.1)
    host = Names(talk.pull(registry="ghcr.io")).hosts["ghcr.io"]
    assert host.roles == [Role.REGISTRY, Role.TOKEN]
    assert host.letter == "R"


def test_a_refresh_token_takes_no_letter(talk: "Conversation") -> None:  # noqa: F821
    for at, name in enumerate(("aaaa1111", "bbbb2222")):
        answer = json.dumps({"token": f"‹token {name}›", "refresh_token": f"‹token {name[::-1]}›"})
        talk.add(Stage.TOKEN, "GET", "https://t.test/token", at=float(at), document=answer.encode())
    names = Names(talk.pull())
    assert [names.token(f"Bearer ‹token {name}›") for name in ("aaaa1111", "bbbb2222")] == ["A", "B"]
    assert names.put("‹token 1111aaaa›") == "‹token 1111aaaa›"


def test_a_host_that_was_never_reached_is_named_by_what_led_to_it(docker_pull: Pull) -> None:
    def failed(host: str) -> ConnectionFailed:
        return ConnectionFailed(
            id=host, time=1.0, trouble=Trouble.CONNECT, client=Peer(), host=host, port=443, message="refused"
        )

    docker_pull.steps = docker_pull.steps[:1] + docker_pull.steps[5:6]
    docker_pull.broken = [
        failed("auth.docker.io"),
        failed("production.cloudflare.docker.com"),
        failed("x.test"),
    ]
    hosts = Names(docker_pull).hosts
    assert hosts["auth.docker.io"].role is Role.TOKEN
    assert hosts["production.cloudflare.docker.com"].role is Role.CDN
    assert hosts["x.test"].role is Role.REGISTRY


def test_tokens_get_letters_in_order(docker_pull: Pull) -> None:
    names = Names(docker_pull)
    assert names.tokens() == ["A"]
    assert names.token("Bearer ‹token 3fa9c1d2›") == "A"
    assert names.token("‹token 00000000›") is None
    assert names.token(None) is None


def test_a_pseudonym_becomes_its_letter(docker_pull: Pull) -> None:
    names = Names(docker_pull)
    assert names.put("Bearer ‹token 3fa9c1d2›, ‹token deadbeef›") == "Bearer ‹token A›, ‹token deadbeef›"


def test_connections_are_counted(docker_pull: Pull) -> None:
    names = Names(docker_pull)
    assert names.connections == 9
    assert names.connection(docker_pull.steps[1]) == 2


def test_letters_go_on_after_z() -> None:
    assert [letters(number) for number in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]


def test_our_mirror_is_one_for_tokens_too(own_mirror_pull: Pull, talk: "Conversation") -> None:  # noqa: F821
    step = talk.add(Stage.TOKEN, "GET", "https://pull.test/token", at=0.0)
    step.exchange.end = own_mirror_pull.steps[0].exchange.end
    [host] = Names(talk.pull()).hosts.values()
    assert (host.roles, host.letter) == ([Role.MIRROR], "M")
