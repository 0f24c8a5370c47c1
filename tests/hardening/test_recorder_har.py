"""hardening.md, line 65: HAR files of any writer; what they leave out stays unknown."""

import base64
import json

import pytest
from kit.peak import peak
from kit.story import IMAGE, MANIFEST_TYPE, REGISTRY, image

LAYER = b"layer " * 100


def test_H65_a_har_of_two_gigabytes_is_one_line_and_is_not_read(refuse, tmp_path):
    path = tmp_path / "large.har"
    head, _, tail = json.dumps({"log": {"entries": [har_entry(content={"size": -1, "text": ""})]}}).partition(
        '"text": "'
    )
    with path.open("wb") as file:
        file.write(head.encode() + b'"text": "')
        file.seek(2 << 30)
        file.write(tail.encode())
    assert "512 MiB" in refuse(path)
    memory, said = peak(path, status=2)
    assert memory < 120
    assert said == ""


def har_entry(**response) -> dict:
    return {
        "startedDateTime": "2026-09-21T14:13:20.000Z",
        "time": 10,
        "request": {
            "method": "GET", "url": f"{REGISTRY}/v2/{IMAGE}/manifests/latest", "httpVersion": "HTTP/1.1", "headers": [{"name": "User-Agent", "value": "docker/27"}],
        },
        "response": {"status": 200, "httpVersion": "HTTP/1.1", "headers": [{"name": "Content-Type", "value": MANIFEST_TYPE}]} | response,
        "timings": {"send": -1, "wait": -1, "receive": -1},
    }  # fmt: skip


BODY = {
    "size": len(image(LAYER)),
    "mimeType": MANIFEST_TYPE,
    "text": base64.b64encode(image(LAYER)).decode(),
    "encoding": "base64",
}
CHANGES = {
    "all": {},
    "no timings": {"timings": None},
    "timings -1": {"time": -1, "timings": dict.fromkeys(("blocked", "dns", "connect", "ssl", "send", "wait", "receive"), -1)},
    "timings null": {"timings": dict.fromkeys(("blocked", "dns", "connect", "send", "wait", "receive")), "time": None},
    "timings text": {"timings": "x", "time": "soon", "startedDateTime": "now"},
    "no request": {"request": None},
    "request a list": {"request": []},
    "chrome": {"_initiator": {"type": "script"}, "_priority": "High", "_resourceType": "fetch", "connection": "443"},
    "firefox": {"serverIPAddress": "192.0.2.1", "cache": {}, "_securityState": "secure"},
    "charles": {"comment": "", "serverIPAddress": "", "request": {"method": "CONNECT", "url": REGISTRY, "headers": None}},
    "null everywhere": {"request": None, "response": {"status": None, "headers": None, "content": None}},
    "status 0": {"response": {"status": 0, "statusText": "", "headers": [], "content": {"size": 0}}},
    "huge numbers": {"time": 1e308, "timings": {"wait": 10**300}, "response": {"status": 10**30, "headers": [], "content": {"size": 10**40}}},
    "bad base64": {"response": {"status": 200, "headers": [], "content": {"text": "%%%", "encoding": "base64", "size": 3}}},
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_H65_a_har_of_any_browser_is_told_and_unknown_stays_unknown(report, tmp_path, change):
    path = tmp_path / "x.har"
    path.write_text(
        json.dumps(
            {
                "log": {
                    "version": "1.2",
                    "entries": [har_entry(content=BODY), har_entry(content=BODY) | change],
                }
            }
        )
    )
    seen = report(path, says="1 record in it is damaged" if change.get("request", 1) in (None, []) else "")
    first = seen.exchanges[0]
    assert first["verified"] is not False
    assert not any(
        str(value).startswith("-")
        for one in seen.exchanges
        for value in (one["start"], one["wait"], one["receive"])
    )
