"""hardening.md, lines 37, 38, 43 to 45 and 60: faults of peers through a real mitmdump, and whose limit it is."""

import os
import ssl
import subprocess

import pytest
import trustme
from kit.origin import Origin, http1, reply
from kit.story import IMAGE, REGISTRY, Story, bearer, image

PATH = f"/v2/{IMAGE}/blobs/sha256:{'a' * 64}"
ENVIRONMENT = {"PATH": os.environ["PATH"]}

ANSWERS = {
    "promises and sends none": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello!",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\nConnection: close\r\n\r\nhello",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
    "no terminator": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n",
    "odd chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\nhello\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\nConnection: close\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_D38_an_answer_that_is_none_is_recorded_as_broken(start, report, name):
    origin = Origin(lambda stream: stream.recv(65536) and stream.sendall(ANSWERS[name]))
    proxy = start()
    done = subprocess.run(
        ["curl", "-sS", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "-x", f"http://127.0.0.1:{proxy.port}", f"http://127.0.0.1:{origin.port}{PATH}"],
        capture_output=True, env=ENVIRONMENT,
    )  # fmt: skip
    origin.close()
    said = proxy.stop()
    assert done.returncode != 0 or done.stdout == b"502"
    assert "Traceback" not in said
    (one,) = report(proxy.capture).exchanges
    assert one["error"]


def test_D38_a_second_answer_that_nobody_asked_for_is_none(start, report):
    smuggled = reply("200 OK", b"hello") + reply("200 OK", b"evil")
    origin = Origin(http1(lambda _: smuggled))
    proxy = start()
    subprocess.run(
        ["curl", "-sS", "-x", f"http://127.0.0.1:{proxy.port}", f"http://127.0.0.1:{origin.port}{PATH}"],
        capture_output=True,
        env=ENVIRONMENT,
    )
    origin.close()
    proxy.stop()
    (one,) = report(proxy.capture).exchanges
    assert one["size"] == 5


@pytest.fixture
def tls():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("elsewhere.test").configure_cert(context)
    origin = Origin(http1(lambda _: reply("200 OK", b"{}")), context)
    yield origin
    origin.close()


def story(start, report, *words: str, url: str):
    proxy = start()
    subprocess.run(
        ["curl", "-sS", "-m", "10", "-x", f"http://127.0.0.1:{proxy.port}", *words, url],
        capture_output=True,
        env=ENVIRONMENT,
    )
    said = proxy.stop()
    # asyncio of 3.12.1 itself complains of a connection that is open when mitmproxy stops
    assert "Traceback" not in said or "streams.py" in said
    assert "pull-inspector could not" not in said
    return report(proxy.capture)


def test_D43_a_servers_certificate_that_is_not_trusted(start, report, tls):
    seen = story(start, report, "-k", url=f"https://localhost:{tls.port}{PATH}")
    assert "localhost" in seen.found("tls-upstream-invalid")["summary"]


def test_D43_a_client_that_does_not_trust_the_proxys_ca(start, report, tls):
    proxy = start("--set", "ssl_insecure=true")
    subprocess.run(
        [
            "curl",
            "-sS",
            "-m",
            "10",
            "-x",
            f"http://127.0.0.1:{proxy.port}",
            f"https://localhost:{tls.port}{PATH}",
        ],
        capture_output=True,
        env=ENVIRONMENT,
    )
    proxy.stop()
    finding = report(proxy.capture).found("tls-ca-not-trusted")
    assert finding["confidence"] == "proved"


def test_D44_the_address_that_refused_is_told(start, report):
    seen = story(start, report, "-k", url=f"https://localhost:1{PATH}")
    assert "1" in str(seen.found("connect-failed")["evidence"])
    assert "127.0.0.1" in str(seen.found("connect-failed")["evidence"]) or "::1" in str(seen.findings)


def test_D44_a_name_that_does_not_resolve_is_told(start, report):
    seen = story(start, report, "-k", url=f"https://no-such-name.invalid{PATH}")
    assert "no-such-name.invalid" in seen.found("name-not-resolved")["summary"]


def test_D45_https_to_a_server_that_speaks_http(start, report):
    origin = Origin(lambda stream: stream.recv(65536) and stream.sendall(reply("400 Bad Request", b"no")))
    seen = story(start, report, "-k", url=f"https://localhost:{origin.port}{PATH}")
    origin.close()
    assert seen.found("plain-http-on-tls-port")


def test_D45_a_server_that_is_silent_until_the_client_leaves(start, report):
    origin = Origin(lambda stream: stream.recv(65536) and stream.recv(65536))
    seen = story(start, report, "-k", "-m", "2", url=f"https://localhost:{origin.port}{PATH}")
    origin.close()
    assert "did not answer the TLS handshake" in str(seen.found("connect-failed")["evidence"])


# -- 60 --------------------------------------------------------------------------------------------------------------------

TOO_MANY = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit."}]}'


@pytest.mark.parametrize(
    ("status", "give"),
    [
        (429, {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}),
        (429, {"Retry-After": "120"}),
        (429, {"Retry-After": "Mon, 21 Sep 2026 15:00:00 GMT"}),
        (429, {"Retry-After": "-1"}),
        (429, {"RateLimit-Limit": "x;w=", "RateLimit-Remaining": "9" * 5000}),
        (429, {}),
        (500, {}),
    ],
)
def test_G60_a_limit_is_told_with_its_owner(told, status, give):
    pull = Story()
    pull.challenge()
    pull.token()
    headers = {"Content-Type": "application/json"} | give
    pull.ask(
        f"{REGISTRY}/v2/{IMAGE}/manifests/latest",
        status,
        headers,
        TOO_MANY,
        send={"Authorization": f"Bearer {bearer()}"},
    )
    seen = told(*pull.flows)
    finding = seen.found(
        "rate-limited" if status != 500 or "rate-limited" in seen.findings else "server-error"
    )
    assert "registry.example.com" in finding["summary"]
    if give.get("Retry-After") == "120":
        assert "120" in str(finding)


def test_G60_a_limit_that_is_near_is_told_before_it_is_reached(told):
    pull = Story()
    pull.challenge()
    pull.token()
    pull.manifest(
        image(b"layer"), give={"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "2;w=21600"}
    )
    assert "2" in told(*pull.flows).found("rate-limit-near")["summary"]


def test_G60_a_limit_in_the_clothes_of_a_403_is_quoted(told):
    pull = Story()
    pull.challenge()
    pull.token()
    pull.ask(f"{REGISTRY}/v2/{IMAGE}/manifests/latest", 403, {"Content-Type": "application/json"}, TOO_MANY)
    assert "TOOMANYREQUESTS" in told(*pull.flows).text
