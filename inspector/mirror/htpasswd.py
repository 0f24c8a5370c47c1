"""Who may use a mirror that asks for users: Apache's htpasswd file with bcrypt hashes, and RFC 7617.

Knows: the file's lines and the Authorization value. Must not know: requests. Other hashes than bcrypt are refused when the
file is read: they are broken, and a mirror that is reached from outside will be tried.
"""

import base64
import binascii
import re

_BCRYPT = re.compile(r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}")
_NOBODY = "$2b$10$TXhqicH6c0KqBVg27f6NEe4YvtJJ6zXiIJRdk50YFlwp8FGm7v1Dy"


def read(text: str) -> dict[str, str]:
    """User to hash. ValueError names the line that is none."""
    users: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        user, colon, digest = stripped.partition(":")
        if not colon or not user or not _BCRYPT.fullmatch(digest):
            raise ValueError(f"line {number} is no user with a bcrypt hash: make it with htpasswd -B")
        users[user] = digest
    return users


def admits(users: dict[str, str], authorization: str) -> bool:
    """Whether the Authorization value is of one of the users. Takes as long for one that is not there."""
    import bcrypt

    scheme, _, text = authorization.partition(" ")
    try:
        user, colon, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    if scheme.lower() != "basic" or not colon:
        return False
    known = users.get(user)
    try:
        right = bcrypt.checkpw(password.encode()[:72], (known or _NOBODY).encode())
    except ValueError:
        return False
    return right and known is not None
