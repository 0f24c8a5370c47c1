"""Output that waits."""

import io
import tempfile

import pytest

from inspector.export.spool import Spool


@pytest.mark.parametrize("in_memory", [4, 1000])
def test_what_went_in_comes_out_wherever_it_waited(in_memory: int) -> None:
    out = io.BytesIO()
    with Spool(in_memory) as spool:
        for piece in (b"one\n", b"two\n", b"three\n"):
            spool.write(piece)
        spool.copy_to(out)
    assert out.getvalue() == b"one\ntwo\nthree\n"


def test_a_full_disk_is_told_of_with_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _data: object) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", lambda **_: Full())
    with Spool() as spool, pytest.raises(OSError, match="no room for a temporary file") as caught:
        spool.write(b"x")
    assert caught.value.filename == tempfile.gettempdir()
