"""A token service's answer: is there a token in it, and for how long may it be used.

Knows: the token specification's answer and what services make of it. Must not know: who asked, caches, clocks: the
moment is handed in. No text of the answer goes into a sentence: it could be a token.
"""

import json
import re
from typing import Any

import msgspec

from inspector.mirror.model import Reply
from inspector.wire.httpdate import parse_http_date
from inspector.wire.instant import parse_rfc3339
from inspector.wire.jsontext import load
from inspector.wire.jwt import jwt_claims

LIMIT = 64 * 1024
"""Bytes of a token answer; go-containerregistry's limit too."""

DEFAULT_LIFE = 60.0
"""Seconds, when the answer does not say (token specification: "expires_in ... if omitted, this defaults to 60 seconds")."""

LONGEST_LIFE = 3600.0
"""Seconds after which a token is fetched anew, whatever was promised."""

SHORTEST_LIFE = 10.0
"""Seconds that a token counts as good: a service that says 0 or less means some requests at least."""

# RFC 6750 section 2.1: b64token; the visible characters besides are let pass, spaces and controls never.
_TOKEN = re.compile(r"[!-~]{1,32768}")
_NUMBER = re.compile(r"\s*-?[0-9]{1,18}(?:\.[0-9]{1,18})?\s*")


class Fresh(msgspec.Struct, frozen=True):
    """A token as it came. ``life``: seconds from the moment it came for which it may be used."""

    token: str
    life: float
    fields: dict[str, Any]

    def __repr__(self) -> str:  # a token must not be shown
        return f"Fresh(life={self.life})"


def read(reply: Reply, now: float) -> Fresh | None:
    """What a 200 brings; None when it is no JSON object with a token that a header can carry.

    ``now``: epoch seconds by our clock, used only where the answer has no Date.
    """
    loaded = load(reply.body, LIMIT)
    if loaded is None or loaded.bom or not isinstance(loaded.value, dict):
        return None
    fields = {key.lower(): value for key, value in loaded.value.items()}
    found = [fields.get(name) for name in ("token", "access_token")]
    token = next((text for text in found if isinstance(text, str) and text), None)
    if token is None or _TOKEN.fullmatch(token) is None:
        return None
    return Fresh(token, _life(fields, token, _server_time(reply, now)), loaded.value)


def left(fresh: Fresh, seconds: float, issued_at: str) -> bytes:
    """The answer for one who gets the token later: ``expires_in`` is what is left of it, ``issued_at`` is now."""
    kept = {key: value for key, value in fresh.fields.items() if key.lower() in {"scope", "token_type"}}
    kept |= {"token": fresh.token, "access_token": fresh.token}
    kept |= {"expires_in": max(1, int(seconds)), "issued_at": issued_at}
    return json.dumps(kept).encode()


def _life(fields: dict[str, Any], token: str, server_now: float) -> float:
    life = _seconds(fields.get("expires_in"))
    if life is None:
        life = DEFAULT_LIFE
    issued = fields.get("issued_at")
    begin = parse_rfc3339(issued) if isinstance(issued, str) else None
    if (
        begin is not None and begin < server_now
    ):  # one in the future would make it live longer than was promised
        life -= server_now - begin
    claims = jwt_claims(token) or {}
    ends = _seconds(claims.get("exp"))
    if ends is not None:
        life = min(life, ends - server_now)
    return min(max(life, SHORTEST_LIFE), LONGEST_LIFE)


def _server_time(reply: Reply, now: float) -> float:
    """The service's own clock: its times are compared with no other, however far ours is off."""
    date = next((value for name, value in reply.headers if name == "date"), None)
    told = parse_http_date(date) if date else None
    return now if told is None else told


def _seconds(value: object) -> float | None:
    """A number, or one in quotes; None for all else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(min(max(value, -1e15), 1e15)) if value == value else None  # noqa: PLR0124 - NaN
