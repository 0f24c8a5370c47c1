"""One request and its response, with what the wire grammar reads in them.

Knows: the events of one id, and the wire package's parsers. Must not know: other exchanges, pulls, rules.
Everything that is parsed is parsed once, on first use, and kept: a rule may ask as often as it likes.
"""

import re
from functools import cached_property

from inspector.core.events import (
    Body,
    ConnectionFailed,
    Ended,
    Headers,
    RequestHead,
    ResponseHead,
    Resume,
    UpstreamCall,
    header,
    header_all,
)
from inspector.wire.challenge import Challenge, parse_challenges
from inspector.wire.document import Document, parse_document
from inspector.wire.errors import RegistryError, parse_error_body
from inspector.wire.routes import Route, parse_route
from inspector.wire.token import TokenAnswer, TokenRequest, parse_token_answer, parse_token_request
from inspector.wire.traceparent import trace_id
from inspector.wire.url import absolute, location_key, split
from inspector.wire.useragent import Product, parse_user_agent

REDIRECTS = frozenset({301, 302, 303, 307, 308})

# ``recorder.private.breaking`` says so when it breaks a transfer on purpose, after the last byte but before the end.
_WRONG = re.compile(r"wrong content: sha256:[0-9a-f]{64} was asked for, sha256:([0-9a-f]{64}) came ")


class Exchange:
    """The events of one id, gathered. Mutable while it runs; nothing changes it after ``ended`` is set."""

    def __init__(self, request: RequestHead) -> None:
        self.request = request
        self.response: ResponseHead | None = None
        self.request_body: Body | None = None
        self.response_body: Body | None = None
        self.end: Ended | None = None
        self.order = 0  # position in arrival order, set by the engine: breaks ties between equal times
        self.joined: tuple[UpstreamCall, ...] | None = (
            None  # a mirror's own requests, found in a recording of its other side
        )

    # -- what is plain to see --------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def host(self) -> str:
        return self.request.host

    @property
    def status(self) -> int | None:
        return self.response.status if self.response else None

    @property
    def error(self) -> str | None:
        return self.end.error if self.end else None

    @property
    def calls(self) -> tuple[UpstreamCall, ...] | None:
        """What a mirror asked its upstreams for this request, as ours noted it or as its other side was recorded; else None."""
        return self.joined if self.joined is not None else self.noted

    @property
    def noted(self) -> tuple[UpstreamCall, ...] | None:
        """The same as a mirror of ours noted it; None when no mirror of ours answered the request."""
        return self.end.upstream if self.end else None

    @property
    def resumes(self) -> tuple[Resume, ...]:
        """Where the proxy went on with a body that had broken off upstream."""
        return self.end.resumes if self.end else ()

    @cached_property
    def wrong_content(self) -> str | None:
        """The sha256 (hex) of a body that the proxy broke on purpose since it is not what was asked for; else None."""
        match = _WRONG.match(self.error or "")
        return match[1] if match else None

    @property
    def response_headers(self) -> Headers:
        return self.response.headers if self.response else ()

    def request_header(self, name: str) -> str | None:
        return header(self.request.headers, name)

    def response_header(self, name: str) -> str | None:
        return header(self.response_headers, name)

    @property
    def ok(self) -> bool:
        """Answered 2xx, and the body, if any, did not break off."""
        return self.status is not None and 200 <= self.status < 300 and self.whole

    @property
    def served(self) -> bool:
        """``ok``, or 304: what the client has already is still right (RFC 9110 §15.4.5)."""
        return self.ok or (self.status == 304 and self.error is None)

    @property
    def whole(self) -> bool:
        """Nothing broke: there is a response, no error, and no body known to be cut."""
        cut = self.response_body is not None and self.response_body.complete is False
        return self.response is not None and self.error is None and not cut

    @property
    def open(self) -> bool:
        """The capture ended before this exchange did."""
        return self.end is None or self.end.cut_by_end

    @property
    def is_redirect(self) -> bool:
        return self.status in REDIRECTS

    @property
    def last_time(self) -> float:
        """The latest moment known of this exchange, epoch seconds."""
        times = [self.request.time]
        if self.response and self.response.time:
            times.append(self.response.time)
        if self.end and self.end.time:
            times.append(self.end.time)
        return max(times)

    # -- what the grammar says -------------------------------------------------------------------------------------

    @cached_property
    def path(self) -> str:
        """The path without the query, still percent-encoded."""
        parts = split(self.request.url)
        return parts.path if parts else ""

    @cached_property
    def query(self) -> str:
        parts = split(self.request.url)
        return parts.query if parts else ""

    @cached_property
    def route(self) -> Route | None:
        """The registry route of the path, or None when it is none."""
        return parse_route(self.path, self.query)

    @cached_property
    def product(self) -> Product:
        return parse_user_agent(self.request_header("user-agent"))

    @cached_property
    def key(self) -> str:
        """The URL in the form in which a Location that led here would be compared."""
        return location_key(self.request.url)

    @cached_property
    def credential(self) -> str | None:
        """The Authorization value (a pseudonym), such as ``Bearer ‹token 3fa9c1d2›``."""
        return self.request_header("authorization")

    @cached_property
    def bearer(self) -> str | None:
        """The pseudonym of the bearer token that the request carries, or None."""
        value = self.credential or ""
        scheme, _, rest = value.partition(" ")
        return rest.strip() if scheme.lower() == "bearer" and rest.strip() else None

    @cached_property
    def trace(self) -> str | None:
        """The trace that the client says the request belongs to, where its tracing is on."""
        return trace_id(self.request_header("traceparent"))

    @cached_property
    def challenges(self) -> tuple[Challenge, ...]:
        return parse_challenges(header_all(self.response_headers, "www-authenticate"))

    @cached_property
    def location(self) -> str | None:
        """The absolute URL that a redirect names, or None when it names none."""
        value = self.response_header("location")
        return absolute(self.request.url, value) if value and self.is_redirect else None

    @cached_property
    def document(self) -> Document | None:
        """The manifest or index in a 200 answer to a GET; None when the body is not known or is no such document."""
        body = self.response_body
        if self.method != "GET" or self.status != 200 or body is None or body.document is None:
            return None
        return parse_document(body.document)

    @cached_property
    def pushed(self) -> Document | None:
        """The manifest or index that a PUT sends."""
        body = self.request_body
        return parse_document(body.document) if self.method == "PUT" and body and body.document else None

    @cached_property
    def token_answer(self) -> TokenAnswer | None:
        body = self.response_body
        return parse_token_answer(body.document) if body and body.document is not None else None

    @property
    def token_request(self) -> TokenRequest:
        """Service, scopes and the like that the query, and the form of a POST, ask for.

        A form comes after the head: whoever asks before it is told of the query alone.
        """
        if self.method == "POST" and self.request_body is None:
            return parse_token_request(self.query, None)
        return self._token_request

    @cached_property
    def _token_request(self) -> TokenRequest:
        form = self.request_body.document if self.request_body and self.method == "POST" else None
        return parse_token_request(self.query, form)

    @cached_property
    def registry_error(self) -> RegistryError | None:
        """The error that a refusal's body tells; None when there is no body or it is no refusal."""
        body = self.response_body
        if self.status is None or self.status < 400 or body is None or body.document is None:
            return None
        return parse_error_body(body.document)


type Entry = Exchange | ConnectionFailed
