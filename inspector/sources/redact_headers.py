"""Header fields without their secrets: an allow-list of what registries and clients need to be understood by.

Knows: which fields may keep their value, and how credentials, cookies, challenges and links are written (RFC 9110,
RFC 6265, RFC 6750, RFC 8288). Must not know: the exchange. A field that is not listed keeps its name and loses its value.
"""

import base64
import binascii
import re
from collections.abc import Callable

from inspector.sources.pseudonym import EMPTY, is_pseudonym
from inspector.sources.scrub import is_plain_name, outside
from inspector.wire.reference import valid_repository
from inspector.wire.token import parse_scope

type Replace = Callable[[str, str], str]
type Found = Callable[[str, str], None]

PLAIN = frozenset(
    """
    accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-origin age allow alt-svc
    cache-control cache-status cdn-loop cf-cache-status cf-ray cf-worker connection content-digest content-disposition
    content-encoding content-language content-length content-md5 content-range content-security-policy content-type
    date digest docker-content-digest docker-distribution-api-version docker-ratelimit-source docker-upload-uuid etag
    expect expires forwarded host if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive
    last-modified max-forwards oci-chunk-max-length oci-chunk-min-length oci-filters-applied oci-namespace oci-subject
    oci-tag origin pragma proxy-connection range ratelimit ratelimit-limit ratelimit-policy ratelimit-remaining
    ratelimit-reset repr-digest retry-after server server-note server-timing strict-transport-security te traceparent
    trailer transfer-encoding upgrade user-agent vary via want-digest x-amz-bucket-region
    x-amz-cf-id x-amz-cf-pop x-amz-id-2 x-amz-request-id x-amzn-requestid x-azure-ref x-cache x-cache-hits
    x-cache-lookup x-cache-status x-content-type-options x-correlation-id x-docker-size x-forwarded-for
    x-forwarded-host x-forwarded-port x-forwarded-prefix x-forwarded-proto x-forwarded-scheme x-github-request-id
    x-goog-generation x-goog-hash x-goog-stored-content-length x-meta-source-client x-ms-blob-type x-ms-error-code
    x-ms-request-id x-ms-version x-powered-by x-proxy-cache x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset
    x-real-ip x-registry-supports-signatures x-request-id x-served-by x-timer x-trace-id
    """.split()  # noqa: SIM905 - a hundred quoted lines would hide what the list says
)
"""Fields that keep their value, cleaned and searched for known secrets."""

CREDENTIALS = frozenset({"authorization", "proxy-authorization", "x-registry-auth"})
URLS = frozenset({"location", "content-location", "referer"})
CHALLENGES = frozenset({"www-authenticate", "proxy-authenticate"})
ADDRESSES = frozenset({"x-forwarded-for", "x-real-ip", "forwarded", "docker-ratelimit-source", "via"})

# User names that say "a token follows" and name nobody: ECR, Google, ACR, NVIDIA, OAuth in docker's config, GHCR.
_NOBODY = frozenset({
    "AWS", "oauth2accesstoken", "_json_key", "_json_key_base64", "_dcgcr_token", "00000000-0000-0000-0000-000000000000",
    "$oauthtoken", "oauth2", "token", "<token>", "x-access-token", "iamapikey",
})  # fmt: skip

# RFC 9110 section 11.2 and the token documents: parameters of a challenge that say what is wanted.
_CHALLENGE_NAMES = frozenset(
    {"service", "scope", "error", "error_description", "charset", "algorithm", "stale"}
)
_ACTION = re.compile(r"[a-z]{1,16}|\*")
_CHALLENGE_PARAMETER = re.compile(
    r"""(?<![A-Za-z0-9!#$%&'*+.^_`|~-])([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)("?)|((?:‹[a-z]+ [0-9a-f]{8}›|[^\s,"])*))"""
)
_LINK_TARGET = re.compile(r"<([^>]*)>?")
_CREDENTIAL = re.compile(r"\s*([A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*)(?:\s+(.*))?", re.DOTALL)


def redact_credential(value: str, replace: Replace, found: Found) -> str:
    """An Authorization value: the scheme, and a pseudonym of what follows. An empty Basic stays recognisable."""
    match = _CREDENTIAL.fullmatch(value)
    if match is None or match.group(2) is None:
        stripped = value.strip()
        if not stripped or stripped.lower() in {"basic", "bearer"}:
            return f"{stripped} {EMPTY}".strip()
        return _swap("value", stripped, replace, found)
    scheme, rest = match.group(1), match.group(2).strip()
    if is_pseudonym(rest):
        return f"{scheme} {rest}"
    if scheme.lower() == "basic":
        return f"{scheme} {_basic(rest, replace, found)}"
    if not rest:
        return f"{scheme} {EMPTY}"
    return f"{scheme} {_swap('token' if scheme.lower() == 'bearer' else 'value', rest, replace, found)}"


def _basic(rest: str, replace: Replace, found: Found) -> str:
    """RFC 7617: base64 of user:password. Both parts, and the whole, are secrets from here on."""
    try:
        plain = base64.b64decode(rest + "=" * (-len(rest) % 4), altchars=b"-_").decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        plain = rest
    user, _, password = plain.partition(":")
    if not user and not password:
        return EMPTY
    for part in (user, password):
        if part and part not in _NOBODY:
            found(part, replace("basic", part))
    return _swap("basic", rest, replace, found)


def _swap(kind: str, value: str, replace: Replace, found: Found) -> str:
    pseudonym = replace(kind, value)
    if pseudonym != value:
        found(value, pseudonym)
    return pseudonym


def redact_cookie(name: str, value: str, replace: Replace, found: Found) -> str:
    """Cookie and Set-Cookie: the cookies' names, pseudonyms of their values, no attributes (RFC 6265 section 4)."""
    pairs = [part for part in value.split(";") if part.strip()][:50]
    if name == "set-cookie":
        pairs = pairs[:1]
    shown = []
    for pair in pairs:
        key, equals, secret = pair.partition("=")
        if not equals:
            shown.append(_swap("value", key.strip(), replace, found))
        else:
            label = key.strip() if is_plain_name(key.strip()) else replace("value", key.strip())
            shown.append(
                f"{label}={_swap('value', secret.strip(), replace, found)}" if secret.strip() else f"{label}="
            )
    return "; ".join(shown)


def redact_challenge(
    value: str, replace: Replace, url: Callable[[str], str], text: Callable[[str], str]
) -> str:
    """WWW-Authenticate: realm as a URL, known parameters searched for secrets, others replaced; the layout stays."""

    def parameter(match: re.Match[str]) -> str:
        name, quoted, close, bare = match.groups()
        content = quoted if quoted is not None else bare
        lower = name.lower()
        if lower == "realm":
            content = url(content) if "/" in content or "?" in content or "@" in content else text(content)
        elif lower == "scope":
            content = " ".join(_scope(one, text) for one in content.split(" "))
        elif lower in _CHALLENGE_NAMES:
            content = text(content)
        elif content:
            content = replace("value", content)
        return f'{name}="{content}{close}' if quoted is not None else f"{name}={content}"

    out: list[str] = []
    end = 0
    for match in _CHALLENGE_PARAMETER.finditer(value):
        out += [_between(value[end : match.start()], replace), parameter(match)]
        end = match.end()
    return "".join([*out, _between(value[end:], replace)])


def _scope(text: str, prose: Callable[[str], str]) -> str:
    """One scope: type, name and actions are no ``key:value``, although a repository may be called ``private/secret``."""
    scope = parse_scope(text)
    if scope is None or not valid_repository(scope.name) or not all(map(_ACTION.fullmatch, scope.actions)):
        return prose(text)
    return text


def _between(text: str, replace: Replace) -> str:
    """What stands between parameters: schemes and commas stay; a token68 (Negotiate's, NTLM's) is a secret."""

    def word(match: re.Match[str]) -> str:
        return match.group() if len(match.group()) <= 16 else replace("value", match.group())

    return outside(text, lambda part: re.sub(r"[^\s,]+", word, part)) if text.strip(" ,") else text


def redact_link(value: str, url: Callable[[str], str], text: Callable[[str], str]) -> str:
    """Link: each target as a URL (RFC 8288 section 3), the parameters searched for secrets."""
    out: list[str] = []
    end = 0
    for match in _LINK_TARGET.finditer(value):
        out += [text(value[end : match.start()]), f"<{url(match.group(1))}>"]
        end = match.end()
    return "".join([*out, text(value[end:])])
