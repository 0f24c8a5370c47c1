"""The checks, each with how it ended."""

from collections.abc import Callable

from inline_snapshot import snapshot

from inspector.core.pull import Pull
from inspector.report.checks import Checks, counted, in_words

type Draw = Callable[..., str]


def test_one_of_each(refused_pull: Pull, draw: Draw) -> None:
    assert draw(Checks(refused_pull.checks), 80) == snapshot("""\
Checks  1 passed, 1 failed, 1 not applicable, 1 could not tell
  ✘ failed          rate-limited     nobody was turned away for asking too often
  ? could not tell  stalled          no transfer stood still
                                     the recording has no times of bytes
  ✔ passed          digest-mismatch  every body hashes to its digest
  – not applicable  schema1
""")


def test_all_four_are_counted_also_when_there_are_none() -> None:
    assert in_words(counted([])) == "0 passed, 0 failed, 0 not applicable, 0 could not tell"
