"""The baseline file: findings that are known and do not fail a check. JSON, one finding a line, made to be committed.

Knows: fingerprints, and how a file is replaced as a whole. Must not know: findings, options.
"""

import os
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from inspector.gate.fingerprint import Fingerprint

SCHEMA = "pull-inspector/baseline/1"
LARGEST = 16 * 1024 * 1024
"""Bytes of a baseline that are read; a larger file is something else."""


class BaselineError(Exception):
    """The file does not do; the text is one line for the user."""


class _Entry(msgspec.Struct, forbid_unknown_fields=False):
    code: str
    host: str
    stage: str
    repository: str


class _Document(msgspec.Struct):
    schema: str
    findings: list[_Entry]


def read(path: Path) -> frozenset[Fingerprint]:
    """What the file holds. Raises BaselineError when it is not there or is no baseline."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BaselineError(f"{path}: is no file.")
        if path.stat().st_size > LARGEST:
            raise BaselineError(f"{path}: is too large for a baseline.")
        document = msgspec.json.decode(path.read_bytes(), type=_Document)
    except FileNotFoundError:
        raise BaselineError(f"{path}: there is no such file; --write-baseline {path} makes it.") from None
    except OSError as error:
        raise BaselineError(f"{path}: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BaselineError(f"{path}: is no baseline, --write-baseline makes one ({error}).") from error
    if document.schema != SCHEMA:
        raise BaselineError(f"{path}: is no baseline of this version (schema {document.schema[:60]!r}).")
    return frozenset(Fingerprint(one.code, one.host, one.stage, one.repository) for one in document.findings)


def encode(findings: Iterable[Fingerprint]) -> bytes:
    """The file's bytes: sorted, one finding a line, the same for the same findings."""
    lines = [msgspec.json.encode(one._asdict()) for one in sorted(set(findings))]
    body = b",\n    ".join(lines)
    inside = b"\n    " + body + b"\n  " if lines else b""
    head = msgspec.json.encode(SCHEMA)
    return b'{\n  "schema": ' + head + b',\n  "findings": [' + inside + b"]\n}\n"


def write(path: Path, findings: Iterable[Fingerprint]) -> None:
    """Put the file in place as a whole, or leave what was there. Raises BaselineError when it cannot be written."""
    target = Path(os.path.realpath(path))  # a link stays a link
    try:
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(encode(findings))
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise BaselineError(f"{path}: cannot be written: {error.strerror or error}") from error


def _umask() -> int:
    """The only way to ask for it is to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
