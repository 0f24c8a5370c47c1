"""One fault each, in variants that are easily forgotten: how the pull ended, and what is said of it but for notes.

HTTP/2, HEAD only, by digest, no User-Agent, no failed connections in the capture, retried with success, one of several
layers. The right column of a conversation is left out where it is tested elsewhere.
"""

import pytest

from inspector.rules import diagnose

RESOLVED = """
    HEAD R/manifests/1 200 have=manifest
    GET R/manifests/{manifest} 200 have=manifest
    GET R/blobs/{config} 200 have=config
    GET R/blobs/{layer0} 200 have=layer0
"""
TOKEN = """
    GET V/ 401 ask
    GET T 200 give=1
"""
REFUSED = 'Bearer~realm="https://auth.test/token",service="registry.test",scope="repository:a/b:pull",error='
HTML = "text=<html><title>Sign~in</title></html> h:content-type=text/html"
ARM = "docker/27.0~go/go1.22~os/linux~arch/arm64~UpstreamClient(Docker-Client/27.0~\\(linux\\))"
PROXIED = 'Bearer~realm="https://auth.docker.io/token",service="registry.docker.io"'
HUB_TOKEN = "https://auth.docker.io/token?service=registry.docker.io&scope=repository:a/b:pull"

CASES = {
    "rate-limited, in rounds": (
        "GET R/manifests/1 429 ua=crane/v0.20\nGET R/manifests/1 429 wait=1\nGET R/manifests/1 429 wait=3",
        "failed rate-limited:error",
    ),
    "rate-limited, by the token service": ("GET V/ 401 ask\nGET T 429", "failed rate-limited:error"),
    "rate-limited, by the mirror": (
        "HEAD M/manifests/1?ns=r.test 429 ua=containerd/v2.0" + RESOLVED + "GET R/blobs/{layer1} 200 have=layer1",
        "complete rate-limited:warning mirror-bypassed:warning<rate-limited",
    ),
    "tag-not-found, HEAD only": ("HEAD R/manifests/1 404 ua=containerd/v2.0", "failed tag-not-found:error"),
    "tag-not-found, by digest": ("HEAD R/manifests/{manifest} 404 ua=-", "failed tag-not-found:error"),
    "blob-unknown, one layer of two": (
        RESOLVED + 'GET R/blobs/{layer1} 404 text={"errors":[{"code":"BLOB_UNKNOWN"}]}', "failed blob-unknown:error",
    ),
    "blob-unknown, what HEAD announced": (
        "HEAD R/manifests/1 200 have=index\nGET R/manifests/{index} 404", "failed blob-unknown:error",
    ),
    "blob-unknown, a child of the index": (
        "GET R/manifests/1 200 have=index ua=containers/5.36\nGET R/manifests/{manifest} 404", "failed blob-unknown:error",
    ),
    "blob-unknown, at the storage": (
        RESOLVED + "GET R/blobs/{layer1} 307 to=https://cdn.test/1\n"
        "GET https://cdn.test/1 404 text=<Error><Code>NoSuchKey</Code></Error> h:content-type=application/xml",
        "failed blob-unknown:error",
    ),
    "html-answer, at a portal": (
        f"HEAD R/manifests/1 200 h:content-type=text/html h:content-length=99 ua=containerd/v2\nGET R/manifests/1 200 {HTML}",
        "failed html-answer:error",
    ),
    "html-answer, for one layer": (RESOLVED + f"GET R/blobs/{{layer1}} 200 {HTML}", "failed html-answer:error"),
    "html-answer, 403 to HEAD and GET": (
        f"GET V/ 200\nHEAD R/manifests/1 403 h:content-type=text/html h:content-length=99\nGET R/manifests/1 403 {HTML}",
        "failed html-answer:error",
    ),
    "not-a-registry": (f"GET V/ 200 {HTML} ua=containers/5.36", "failed not-a-registry:error"),
    "not-a-registry, 404": ("GET V/ 404 ua=crane/v0.20", "failed not-a-registry:error"),
    "digest-mismatch, made good": (
        RESOLVED + "GET R/blobs/{layer1} 200 have=layer0\nGET R/blobs/{layer1} 200 have=layer1",
        "complete digest-mismatch:error",
    ),
    "size-mismatch": (
        RESOLVED + "GET R/blobs/{layer1} 200 text=layer", "failed size-mismatch:error digest-mismatch:error<size-mismatch",
    ),
    "challenge-missing": ("HEAD R/manifests/1 401 ua=containerd/v2", "failed challenge-missing:error"),
    "credentials-missing": (
        'HEAD R/manifests/1 401 ua=containerd/v2 h:www-authenticate=Basic~realm="x"', "incomplete credentials-missing:error",
    ),
    "credentials-refused, at login": (
        'GET V/ 401 h:www-authenticate=Basic~realm="x"\nGET V/ 401 basic h:www-authenticate=Basic~realm="x"',
        "failed credentials-refused:error",
    ),
    "token-denied, POST and GET": (
        ("HEAD R/manifests/1 401 ask ua=containerd/v2\n"
        "POST https://auth.test/token 401 form=grant_type=password&service=registry.test&scope=repository:a/b:pull\n"
        'GET T 401 basic text={"details":"incorrect~username"}'),
        "failed token-denied:error",
    ),
    "token-not-json": (f"GET V/ 401 ask\nGET T 200 {HTML}", "failed token-not-json:error"),
    "token-field-missing": ("GET V/ 401 ask\nGET T 200 text={}", "failed token-field-missing:error"),
    "repository-denied": (
        TOKEN + f'HEAD R/manifests/1 401 auth=1 h:www-authenticate={REFUSED}"insufficient_scope"\n'
        f'GET R/manifests/1 401 auth=1 h:www-authenticate={REFUSED}"insufficient_scope"',
        "failed repository-denied:error insufficient-scope:error<repository-denied",
    ),
    "repository-denied, in a tags list": (
        'GET R/tags/list 404 ua=skopeo/1.9 text={"errors":[{"code":"NAME_UNKNOWN"}]}', "failed repository-denied:error",
    ),
    "token-ignored": (TOKEN + "HEAD R/manifests/1 401 auth=1 ask\nGET R/manifests/1 401 auth=1 ask", "failed token-ignored:error"),
    "token-ignored, in mid-pull": (
        TOKEN + RESOLVED.replace("have", "auth=1 have") + "GET R/blobs/{layer1} 401 auth=1", "failed token-ignored:error",
    ),
    "plain-http-on-tls-port, HEAD only": (
        "HEAD http://r.test:443/v2/a/b/manifests/1 400 ua=containerd/v2", "failed plain-http-on-tls-port:warning",
    ),
    "plain-http-on-tls-port, in words": (
        "GET http://r.test:5000/v2/ 400 text=Client~sent~an~HTTP~request~to~an~HTTPS~server.", "failed plain-http-on-tls-port:error",
    ),
    "token-expired": (
        TOKEN + RESOLVED.replace("have=layer0", "have=layer0 auth=1")
        + f'GET R/blobs/{{layer1}} 401 auth=1 h:www-authenticate={REFUSED}"invalid_token"',
        "failed token-expired:error",
    ),
    "realm-unreachable": ("GET V/ 401 ask\nGET T -", "failed realm-unreachable:error"),
    "realm-unreachable, not in the file": ("HEAD R/manifests/1 401 ask ua=-", "incomplete realm-unreachable:warning"),
    "realm-invalid": ("GET V/ 401 ask=/token", "incomplete realm-invalid:error"),
    "realm-bypasses-mirror": (
        f"GET V/ 401 h:www-authenticate={PROXIED}\nGET {HUB_TOKEN} 200 give=1" + RESOLVED.replace("have", "auth=1 have")
        + "GET R/blobs/{layer1} 200 have=layer1 auth=1",
        "complete realm-bypasses-mirror:warning",
    ),
    "library-missing": (
        (f"HEAD https://m.test/v2/alpine/manifests/1 401 ua=containerd/v2 h:www-authenticate={PROXIED}\n"
        "GET https://auth.docker.io/token?service=registry.docker.io&scope=repository:alpine:pull 200 give=1\n"
        f'HEAD https://m.test/v2/alpine/manifests/1 401 auth=1 h:www-authenticate={PROXIED},error="insufficient_scope"'),
        "failed library-missing:error insufficient-scope:error<library-missing realm-bypasses-mirror:warning",
    ),
    "server-error, HEAD and GET": ("GET V/ 200\nHEAD R/manifests/1 500\nGET R/manifests/1 500", "failed server-error:error"),
    "server-error, at the mirror": (
        "HEAD M/manifests/1 503 ua=containerd/v2" + RESOLVED, "complete server-error:warning mirror-bypassed:warning<server-error",
    ),
    "cdn-unreachable": (
        RESOLVED + "GET R/blobs/{layer1} 307 to=https://cdn.test/1\nGET https://cdn.test/1 -", "failed cdn-unreachable:error",
    ),
    "cdn-unreachable, not in the file": (
        RESOLVED + "GET R/blobs/{layer1} 307 to=https://cdn.test/1\nGET R/blobs/{layer1} 307 to=https://cdn.test/2 wait=5",
        "incomplete cdn-unreachable:error",
    ),
    "cdn-denied": (
        RESOLVED + "GET R/blobs/{layer1} 307 to=https://cdn.test/1\nGET https://cdn.test/1 403 text=<Error><Code>AccessDenied</Code></Error>",
        "failed cdn-denied:error",
    ),
    "signed-url-expired": (
        RESOLVED + "GET R/blobs/{layer1} 307 to=https://cdn.test/1\n"
        "GET https://cdn.test/1 403 text=<Error><Code>AccessDenied</Code><Message>Request~has~expired</Message></Error>",
        "failed signed-url-expired:error",
    ),
    "credentials-forwarded, accepted": (
        TOKEN + RESOLVED + "GET R/blobs/{layer1} 307 auth=1 to=https://cdn.test/1\nGET https://cdn.test/1 200 have=layer1 auth=1",
        "complete credentials-forwarded:warning",
    ),
    "credentials-forwarded, refused": (
        TOKEN + RESOLVED + "GET R/blobs/{layer1} 307 auth=1 to=https://cdn.test/1\nGET https://cdn.test/1 400 auth=1",
        "failed credentials-forwarded:error cdn-rejects-authorization:error<credentials-forwarded",
    ),
    "redirect-to-private": (RESOLVED + "GET R/blobs/{layer1} 307 to=https://minio.svc/1", "incomplete redirect-to-private:error cdn-unreachable:warning<redirect-to-private"),
    "redirect-to-http, followed": (
        RESOLVED + "GET R/blobs/{layer1} 307 to=http://cdn.test/1\nGET http://cdn.test/1 200 have=layer1", "complete redirect-to-http:warning",
    ),
    "range-refused": (RESOLVED + "GET R/blobs/{layer1} 416 q:range=bytes=90-", "failed range-refused:error"),
    "body-truncated": (RESOLVED + "GET R/blobs/{layer1} 200 have=layer1 cut=9", "failed body-truncated:error"),
    "media-type-mismatch": (
        ("HEAD R/manifests/1 200 have=manifest h:content-type=application/json\n"
        "GET R/manifests/{manifest} 200 have=manifest h:content-type=application/json"),
        "failed media-type-mismatch:error",
    ),
    "media-type-mismatch, taken": (
        "GET R/manifests/1 200 have=manifest h:content-type=text/plain ua=containers/5.36\nGET R/blobs/{layer0} 200 have=layer0",
        "complete media-type-mismatch:warning",
    ),
    "digest-header-mismatch": (
        "GET R/manifests/1 200 have=manifest h:docker-content-digest={config} ua=crane/v0.20", "failed digest-header-mismatch:error",
    ),
    "digest-header-missing": (
        "HEAD R/manifests/1 200 have=manifest bare\nGET R/manifests/1 200 have=manifest bare\nGET R/blobs/{layer0} 200 have=layer0",
        "complete digest-header-missing:warning",
    ),
    "platform-missing": (
        f"HEAD R/manifests/1 200 have=index ua={ARM}\nGET R/manifests/{{index}} 200 have=index", "failed platform-missing:error",
    ),
    "tag-moved": (
        "HEAD R/manifests/1 200 have=index ua=Go-http-client/2.0\nGET R/manifests/1 200 have=outer\nGET R/blobs/{layer0} 200 have=layer0",
        "complete tag-moved:warning",
    ),
    "stalled": ("GET V/ - left took=15", "failed stalled:error"),
    "accept-too-narrow": (
        ('GET R/manifests/1 404 ua=curl/8 text={"errors":[{"code":"MANIFEST_UNKNOWN","message":"OCI~index~found,~but~accept~header'
        '~does~not~support~OCI~indexes"}]} q:accept=application/vnd.docker.distribution.manifest.v2+json'),
        "failed accept-too-narrow:error",
    ),
    "rate-limit-near": (
        RESOLVED.replace("200 have=manifest", "200 have=manifest h:ratelimit-limit=100;w=21600 h:ratelimit-remaining=3;w=21600", 1),
        "complete rate-limit-near:warning",
    ),
    "credentials-missing, at the mirror": (
        'HEAD M/manifests/1?ns=r.test 401 ua=containerd/v2 h:www-authenticate=Basic~realm="x"' + RESOLVED,
        "complete credentials-missing:warning mirror-bypassed:warning<credentials-missing",
    ),
    "token-denied, for the mirror": (
        "GET N/ 401 ua=containers/5 ask=https://t2.test/t\nGET https://t2.test/t?service=x&scope=repository:a/b:pull 403\nGET V/ 200"
        + RESOLVED,
        "complete token-denied:warning mirror-bypassed:warning<token-denied",
    ),
    "connect-failed and server-error, at two mirrors": (
        "GET N/ - ua=containers/5\nGET https://m2.test/v2/ 503\nGET V/ 200" + RESOLVED,
        ("complete connect-failed:warning mirror-bypassed:warning<connect-failed"
        " server-error:warning mirror-bypassed:warning<server-error"),
    ),
    "repository-denied, after a mirror that failed": (
        ("HEAD M/manifests/1?ns=r.test 500 ua=containerd/v2\nHEAD R/manifests/1 401 ask\nGET T 200 give=1\n"
         f'HEAD R/manifests/1 401 auth=1 h:www-authenticate={REFUSED}"insufficient_scope"'),
        ("failed repository-denied:error insufficient-scope:error<repository-denied server-error:error"
        " mirror-bypassed:warning<server-error"),
    ),
    "not-a-registry, a portal": (
        "GET http://r.test/v2/ 302 to=https://portal.test/login ua=containers/5\n" + f"GET https://portal.test/login 200 {HTML}",
        "failed not-a-registry:error",
    ),
    "retry-storm": (
        "\n".join(["HEAD R/manifests/1 429 ua=containerd/v2"] * 6), "failed rate-limited:error retry-storm:warning<rate-limited",
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2.0"])
@pytest.mark.parametrize("case", CASES)
def test_what_is_said(talk, case, version):
    text, wanted = CASES[case]
    one = talk()
    one.version = version
    one.add("outer", one.things["index"][0] + b" ", one.things["index"][1])
    pull = one.say(text).pull()
    diagnose(pull)
    told = [f"{f.code}:{f.severity}" + (f"<{f.caused_by}" if f.caused_by else "") for f in pull.findings]
    assert " ".join([pull.outcome, *(one for one in told if not one.endswith(":note"))]) == wanted
