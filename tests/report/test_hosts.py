"""Every host, ready for an allow-list."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.events import ConnectionFailed, Peer, Trouble
from inspector.core.pull import Pull
from inspector.report.hosts import Hosts

type Draw = Callable[..., str]


def test_docker_at_100_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Hosts(docker_pull), 100) == snapshot("""\
Hosts  what an allow-list needs for this pull
  registry-1.docker.io:443              registry       6 requests, 1.8 kB
    dialled: 192.0.2.7:443
  auth.docker.io:443                    token service  1 request, 4.5 kB
    dialled: 192.0.2.7:443
  production.cloudflare.docker.com:443  CDN            2 requests, 305 kB
    dialled: 192.0.2.7:443
""")


def test_docker_at_80_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Hosts(docker_pull), 80) == snapshot("""\
Hosts  what an allow-list needs for this pull
  registry-1.docker.io:443              registry       6 requests, 1.8 kB
  auth.docker.io:443                    token service  1 request, 4.5 kB
  production.cloudflare.docker.com:443  CDN            2 requests, 305 kB
""")


def test_a_port_in_the_name_is_kept(mirrored_pull: Pull, draw: Draw) -> None:
    assert "  mirror.test:5000 " in draw(Hosts(mirrored_pull), 80)


def test_a_host_that_was_never_reached_is_on_the_list(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.broken = [
        ConnectionFailed(
            id="x",
            time=1.0,
            trouble=Trouble.CONNECT,
            client=Peer(address="127.0.0.1"),
            host="cdn.example",
            port=443,
            message="refused",
        )
    ]
    line = next(line for line in draw(Hosts(docker_pull), 100).splitlines() if "cdn.example" in line)
    assert "cdn.example:443" in line
    assert "never reached  1 failed: refused" in line


def test_a_name_is_never_cut(docker_pull: Pull, draw: Draw) -> None:
    name = "a" * 70 + ".example"
    docker_pull.broken = [
        ConnectionFailed(
            id="x", time=1.0, trouble=Trouble.NAME, client=Peer(), host=name, port=443, message="no such name"
        )
    ]
    assert f"{name}:443" in draw(Hosts(docker_pull), 90)
