"""One flow under way in the mirror: what the client asked, what mitmproxy fetches for it, and what is left in the end.

Knows: mitmproxy's flow, the trace. Must not know: what is decided.
"""

import msgspec
from mitmproxy import http

from inspector.mirror import answers, trace
from inspector.mirror.asking import Job
from inspector.mirror.blobs import Stream
from inspector.mirror.model import Answer, Headers, Hop
from inspector.mirror.request import header
from inspector.sources.redact import Redactor
from inspector.wire import ranges


class Entry:
    """``reason``: why the mirror answered by itself. ``began``: a part of the blob may have reached the client.

    ``refused``: how many 403 came in a row of what holds it.
    """

    def __init__(self, flow: http.HTTPFlow, job: Job, received: float) -> None:
        self.flow = flow
        self.job = job
        self.received = received
        self.decided: float | None = None
        self.reason: str | None = None
        self.stream: Stream | None = None
        self.began = False
        self.refused = 0
        self._before = flow.request.copy()
        self._hop: Hop | None = None
        self._unsaid: list[bytes] = []

    def fetch(self, stream: Stream, now: float) -> None:
        """mitmproxy shall send this request in place of the client's."""
        self.stream = stream
        request = self.flow.request
        request.url = stream.url
        # mitmproxy has put the URL's host into Host; all else is from the stream.
        fields = [(b"host", (request.host_header or "").encode())]
        fields += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in stream.headers]
        request.headers = http.Headers(fields)
        request.content = b""
        request.headers.pop("content-length", None)
        self._hop = Hop(method=request.method, url=stream.url, start=now, headers=stream.headers)

    def begin(self) -> None:
        """The head of what mitmproxy fetches: only what the client may see goes on; a refusal becomes an OCI body."""
        response, stream = self.flow.response, self.stream
        if response is None or stream is None:
            return
        self._note_head(response)
        fields = fields_of(response.headers)
        other = response.status_code == 206 and not ranges.answers(
            header(stream.headers, "range"), header(fields, "content-range")
        )
        if response.status_code in {200, 206, 304, 416} and not other:
            self.began = True
            response.headers = headers_of(answers.blob_fields(stream.target, fields))
            response.stream = response.stream or True
            return
        words = "a part that was not asked for" if other else ""
        refusal = answers.storage_error(
            stream.target, response.status_code, stream.url, headers=fields, words=words
        )
        self.reason = refusal.reason
        made = response_of(refusal)
        response.status_code, response.reason, response.headers = made.status_code, made.reason, made.headers
        response.headers["connection"] = "close"  # what it goes on to say may have no end
        self._unsaid = [refusal.body]
        # Said at its first piece: the client need not wait for the last one, nor pay for it.
        response.stream = lambda _: [self._unsaid.pop()] if self._unsaid else []

    def say(self) -> None:
        """At the answer's end: a refusal without a body of its own was not streamed, ours takes its place."""
        if self._unsaid and self.flow.response is not None:
            self.flow.response.raw_content = self._unsaid.pop()

    def _note_head(self, response: http.Response) -> None:
        if self._hop is not None:
            self._hop = msgspec.structs.replace(
                self._hop,
                status=response.status_code,
                reply_headers=fields_of(response.headers),
                first_byte=response.timestamp_start,
            )

    def ended(self, now: float, error: str | None) -> None:
        """What mitmproxy was fetching is over, or broke off: the next try is another exchange."""
        hop, self._hop = self._hop, None
        if hop is None:
            return
        head = self.flow.response
        if error is None and head is not None and hop.status is None:
            hop = msgspec.structs.replace(
                hop,
                status=head.status_code,
                reply_headers=fields_of(head.headers),
                first_byte=head.timestamp_start,
            )
        self.job.hops.append(msgspec.structs.replace(self._connection(hop), end=now, error=error))

    def _connection(self, hop: Hop) -> Hop:
        server = self.flow.server_conn
        opened = server.timestamp_tcp_setup
        fresh = opened is not None and opened >= hop.start
        address = server.peername
        return msgspec.structs.replace(
            hop,
            connected=opened if fresh else None,
            reused=None if opened is None else not fresh,
            address=f"{address[0]}:{address[1]}" if address else None,
        )

    def close(self, redactor: Redactor, now: float) -> None:
        """The request as the client made it, and the upstream's part in the flow's metadata."""
        error = self.flow.error
        body = None
        if self._hop is not None:
            hop = msgspec.structs.replace(self._hop, end=now, error=error.msg if error else None)
            if hop.status is None and self.began and error is None:
                hop = msgspec.structs.replace(hop, status=206)  # the rest of a blob is taken with no other
            body = self._connection(hop)
        self.flow.metadata[trace.KEY] = trace.pack(
            self.job.target,
            self.job.hops,
            redactor,
            received=self.received,
            decided=self.decided,
            reason=self.reason,
            body=body,
        )
        # In place: mitmproxy still asks this very object whether the client wants its connection closed.
        self.flow.request.set_state(self._before.get_state())  # type: ignore[no-untyped-call]


def fields_of(headers: http.Headers) -> Headers:
    """Names in lower case; values byte for byte."""
    return tuple((n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in headers.fields)


def headers_of(headers: Headers) -> http.Headers:
    """mitmproxy's form of fields."""
    return http.Headers([(n.encode("latin-1"), v.encode("latin-1", "replace")) for n, v in headers])


def response_of(answer: Answer) -> http.Response:
    """mitmproxy's form of an answer. ``make`` sets a length of its own, which the answer to a HEAD must not have."""
    response = http.Response.make(answer.status, answer.body)
    response.headers = headers_of(answer.headers)
    if answer.phrase:
        response.reason = answer.phrase
    return response
