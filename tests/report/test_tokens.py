"""Challenges and tokens, never a token itself."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.pull import Pull
from inspector.report.tokens import Tokens

type Draw = Callable[..., str]


def test_docker_at_100_columns(docker_pull: Pull, draw: Draw) -> None:
    assert draw(Tokens(docker_pull), 100) == snapshot("""\
Challenges and tokens
  1 challenge  registry-1.docker.io  GET /v2/
      scheme    Bearer
      realm     https://auth.docker.io/token
      service   registry.docker.io
  2 token A  from auth.docker.io/token?…  GET
      asked     library/hello-world : pull
      by        anonymous · answered in 4 ms
      granted   library/hello-world : pull
      valid     300 s (until 14:18:20)
      claims    issuer auth.docker.io · audience registry.docker.io
      sent to   registry-1.docker.io (steps 3-7)
""")


def test_at_80_columns(refused_pull: Pull, draw: Draw) -> None:
    assert draw(Tokens(refused_pull), 80) == snapshot("""\
Challenges and tokens
  1 challenge  registry-1.docker.io  GET /v2/
      scheme    Bearer
      realm     https://auth.docker.io/token
      service   registry.docker.io
  2 token A  from auth.docker.io/token?…  GET
      asked     library/hello-world : pull
      by        anonymous · answered in 4 ms
      granted   library/hello-world : pull
      valid     300 s (until 14:18:20)
      claims    issuer auth.docker.io · audience registry.docker.io
      sent to   registry-1.docker.io (step 3), production.cloudflare.docker.com
                (step 4)
""")


def test_the_pseudonym_is_not_shown_either(docker_pull: Pull, draw: Draw) -> None:
    assert "3fa9c1d2" not in draw(Tokens(docker_pull), 160)


def test_a_token_from_before_the_recording_is_told(docker_pull: Pull, draw: Draw) -> None:
    docker_pull.steps = docker_pull.steps[2:]
    assert "token A  got before the recording" in draw(Tokens(docker_pull), 80)


def test_nobody_asked(mirrored_pull: Pull, draw: Draw) -> None:
    assert "Nobody asked for credentials." in draw(Tokens(mirrored_pull), 80)
