"""One exchange, whole: where it stands in its pull, its headers as recorded, and where its time went.

Knows: one step and its neighbours. Must not know: secrets; the source has replaced them, and token pseudonyms become
letters here. Bodies are told by size and hash, not shown, except for the error that a refusal gives.
"""

from collections.abc import Iterator

from rich.text import Text

from inspector.core.events import Body, Headers
from inspector.core.pull import Pull, Step
from inspector.report.behind import in_words
from inspector.report.lines import Lines, fold, safe
from inspector.report.names import Names
from inspector.report.phases import phase_bar
from inspector.report.style import BAD, FAINT, GOOD, NOTE, STAGES, STRONG
from inspector.report.units import clock, rate, size
from inspector.report.wording import complaint, margin, phrase, status_line, subject

MOST_HEADERS = 200


class Request(Lines):
    """The step ``n`` of a pull; IndexError when there is none."""

    def __init__(self, pull: Pull, n: int, names: Names | None = None) -> None:
        self.pull = pull
        self.step: Step = pull.step(n)
        self.names = names or Names(pull)

    def lines(self, width: int) -> Iterator[Text]:
        """Title, links, request, response, body, phases."""
        step, exchange = self.step, self.step.exchange
        symbol, style = margin(step)
        yield Text.assemble(
            (f"{symbol} " if symbol else "", style), (f"{step.n} ", STRONG), (str(step.stage), STAGES[step.stage]), "  ",
            (safe(subject(step, self.pull)), STRONG), (f"  of {len(self.pull.steps):,}", FAINT),
        )  # fmt: skip
        for said in self._links():
            yield Text(f"  {said}", style=FAINT)
        why = complaint(step)
        if why:
            for piece in fold(why, width - 4):
                yield Text.assemble("  ", (piece, style or BAD))
        yield Text()
        request = exchange.request
        yield from _folded(f"{request.method} {request.url}", f" {request.http_version}", width)
        yield from self._headers(">", request.headers, width)
        yield from _body("sent", exchange.request_body, None, width)
        yield Text()
        if exchange.response is None:
            yield Text.assemble("  ", (status_line(exchange), BAD))
        else:
            code = exchange.response.status
            yield Text.assemble(
                "  ",
                (f"{code} {phrase(code)}".rstrip(), STRONG),
                (f"  {exchange.response.http_version}", FAINT),
            )
            yield from self._headers("<", exchange.response.headers, width)
        yield from _body("received", exchange.response_body, step, width)
        yield from in_words(step, width)
        yield Text()
        yield from phase_bar(step, width)

    def _links(self) -> Iterator[str]:
        step, pull = self.step, self.pull
        if step.follows is not None:
            before = pull.step(step.follows)
            yield f"follows {before.n} {before.stage}"
        if step.retry_of is not None:
            yield f"tries {step.retry_of} again"
        later = pull.followed_by(step)
        if later:
            named = ", ".join(f"{one.n} {one.stage}" for one in later[:8])
            yield f"led to {named}{', …' if len(later) > 8 else ''}"
        number = self.names.connection(step)
        upstream = step.exchange.request.upstream
        way = " · ".join(filter(None, [
            f"connection c{number}" if number is not None else "", f"to {upstream.address}" if upstream.address else "",
            upstream.tls_version or "", f"ALPN {upstream.alpn}" if upstream.alpn else "", f"at {clock(step.exchange.request.time)}",
        ]))  # fmt: skip
        yield safe(way)

    def _headers(self, sign: str, headers: Headers, width: int) -> Iterator[Text]:
        for name, value in headers[:MOST_HEADERS]:
            text = self.names.put(value)
            room = width - 8
            for at, piece in enumerate(fold(f"{name}: {text}", room)):
                label, colon, rest = piece.partition(":")
                if at == 0 and colon:
                    yield Text.assemble("  ", (f"{sign} ", FAINT), (label + colon, NOTE), rest)
                else:
                    yield Text.assemble("      ", piece)
        if len(headers) > MOST_HEADERS:
            yield Text(f"  {sign} … {len(headers) - MOST_HEADERS:,} more headers", style=FAINT)


def _folded(text: str, tail: str, width: int) -> Iterator[Text]:
    pieces = fold(text, width - 4 - len(tail))
    for at, piece in enumerate(pieces):
        last = at == len(pieces) - 1
        yield Text.assemble("  " if at == 0 else "    ", (piece, STRONG), (tail if last else "", FAINT))


def _body(verb: str, body: Body | None, step: Step | None, width: int) -> Iterator[Text]:
    """The body's facts: size, whether it came whole, its hash, and whether that is the right one."""
    if body is None or body.size is None:
        return
    said = [f"{verb} {body.size:,} bytes"]
    if body.decoded_size is not None and body.decoded_size != body.size:
        said.append(f"{body.decoded_size:,} decoded")
    if body.complete is False:
        said.append("broke off")
    if step is not None and step.receive and body.size > 100_000:
        said.append(rate(body.size, step.receive) or size(body.size))
    yield Text("  " + ", ".join(said))
    digest = body.decoded_sha256 or body.sha256
    if digest and body.size:
        line = Text.assemble("  ", (f"sha256:{digest}", FAINT))
        if step is not None and step.verified is not None:
            mark = "✔ as asked for" if step.verified else "✘ not what was asked for"
            if line.cell_len + 2 + len(mark) > width:
                yield line
                line = Text()
            line.append(f"  {mark}", GOOD if step.verified else BAD)
        yield line
