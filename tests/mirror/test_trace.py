"""What stands beside a flow: plain values, without secrets."""

import json

from inspector.mirror.model import Hop, Kind, Target
from inspector.mirror.trace import pack
from inspector.sources.redact import Redactor

SECRET = "c4n4ry-0123456789abcdef"
HOP = Hop(
    method="GET", url=f"https://cdn.test/x?X-Amz-Signature={SECRET}&token={SECRET}", start=1.0, status=307, end=2.0, size=3,
    headers=(("authorization", f"Bearer {SECRET}"), ("accept", "a/b")),
    reply_headers=(("location", f"https://u:{SECRET}@x.test/?sig={SECRET}"), ("set-cookie", SECRET)), address="192.0.2.1:443",
    error=f"refused https://cdn.test/?X-Amz-Signature={SECRET}",
)  # fmt: skip


def test_an_entry_is_plain_and_tells_the_exchanges_in_order(settings):
    target = Target(
        kind=Kind.BLOB, upstream=settings().upstreams[0], path="/", own="", repository="library/a"
    )
    body = Hop(method="GET", url="https://b.test/", start=2.5)
    entry = pack(target, [HOP], Redactor(), received=0.5, decided=2.4, body=body)
    assert json.loads(json.dumps(entry)) == entry
    assert (entry["upstream"], entry["repository"], entry["received"], entry["decided"]) == (
        "docker.io",
        "library/a",
        0.5,
        2.4,
    )
    assert [(done["status"], done["body"]) for done in entry["exchanges"]] == [(307, False), (None, True)]
    assert ["accept", "a/b"] in entry["exchanges"][0]["headers"]


def test_70_no_secret_gets_there():
    entry = pack(None, [HOP], Redactor(), received=None, decided=None, reason=f"Bearer {SECRET}", body=HOP)
    assert SECRET not in json.dumps(entry)
    assert entry["upstream"] is None


def test_their_number_is_bounded():
    assert len(pack(None, [HOP] * 1000, Redactor(), received=None, decided=None)["exchanges"]) == 64
