"""Users of a mirror that asks for them."""

import base64

import bcrypt
import pytest

from inspector.mirror.htpasswd import admits, read

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_a_file_is_read():
    assert read(f"# users\n\nalice:{HASH}\n") == {"alice": HASH}


@pytest.mark.parametrize(
    "line", ["alice", "alice:", f":{HASH}", "alice:{SHA}x", "alice:plain", "alice:$apr1$x$y"]
)
def test_a_line_that_is_none_is_named_and_its_hash_is_not(line):
    with pytest.raises(ValueError, match="line 2") as caught:
        read(f"bob:{HASH}\n{line}")
    assert line.rpartition(":")[2] not in str(caught.value) or not line.rpartition(":")[2]


@pytest.mark.parametrize(
    ("given", "admitted"),
    [
        (basic("alice:secret"), True),
        (basic("alice:secret").replace("Basic", "basic"), True),
        (basic("alice:wrong"), False),
        (basic("alice:"), False),
        (basic("bob:secret"), False),
        (basic("bob:x"), False),  # what the stand-in's hash is of
        (basic("alice"), False),
        ("Basic !!!", False),
        ("Bearer x", False),
        ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), False),
        (basic("alice:sec\0ret"), False),
        (basic("alice:" + "x" * 5000), False),
        ("", False),
    ],
)
def test_who_is_admitted(given, admitted):
    assert admits({"alice": HASH}, given) == admitted
