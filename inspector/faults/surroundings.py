"""Which stage a request is, while it is still under way: by the functions that the report's engine classifies with.

Knows: what hosts have answered so far: realms, redirects, challenges. Must not know: faults.
Bounded: the oldest make way.
"""

from collections import OrderedDict

from mitmproxy import http

from inspector.core.exchange import Exchange
from inspector.core.loose import challenges_for, realm_key
from inspector.core.pull import Stage
from inspector.core.redirects import Pending, Redirects
from inspector.core.stages import asked_for, classify, looks_like_token
from inspector.faults.fault import Asked
from inspector.sources import flow as source
from inspector.sources.redact import Redactor

_MOST = 1024
_LONGEST = 4096


class Surroundings:
    """What is known of the traffic so far. URLs are compared as the redactor writes them: no secret is kept."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._realms: OrderedDict[str, None] = OrderedDict()
        self._challenges: OrderedDict[str, str] = OrderedDict()
        self._redirects = Redirects()

    def asked(self, flow: http.HTTPFlow) -> tuple[Asked, Pending | None]:
        """What the request is for, before its answer; and the redirect that it follows."""
        exchange = Exchange(source.request_head(flow, self._redactor))
        pending = self._redirects.follow(exchange)
        route = exchange.route
        if self._is_token(exchange, pending):
            stage: Stage | None = Stage.TOKEN
        elif route is not None:
            stage = asked_for(exchange, route)
        else:
            stage = Stage.CDN if pending is not None else None
        challenge = self._challenges.get(exchange.host)
        return Asked(request=flow.request, exchange=exchange, stage=stage, challenge=challenge), pending

    def answered(self, flow: http.HTTPFlow) -> Exchange:
        """The exchange with the head that is in ``flow.response``."""
        exchange = Exchange(source.request_head(flow, self._redactor))
        exchange.response = source.response_head(flow, self._redactor)
        return exchange

    def stage(self, exchange: Exchange, pending: Pending | None) -> Stage | None:
        """The stage of an answered exchange."""
        token = self._is_token(exchange, pending)
        return classify(exchange, token=token, cause=pending.exchange if pending else None)

    def learn(self, flow: http.HTTPFlow, pending: Pending | None) -> None:
        """Remember what the client is told: where tokens are had, and where it is sent."""
        exchange = self.answered(flow)
        for key in challenges_for(exchange):
            _keep(self._realms, key, None)
        if flow.response is not None and (raw := flow.response.headers.get("www-authenticate")):
            _keep(self._challenges, exchange.host, str(raw)[:_LONGEST])
        if exchange.is_redirect:
            token = self._is_token(exchange, pending)
            self._redirects.add(exchange, pending.asked if pending else exchange, None, token=token)

    def _is_token(self, exchange: Exchange, pending: Pending | None) -> bool:
        if pending is not None and pending.token:
            return True
        if exchange.route is not None:
            return False
        return realm_key(exchange.request.url) in self._realms or looks_like_token(exchange)


def _keep[T](kept: OrderedDict[str, T], key: str, value: T) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _MOST:
        kept.popitem(last=False)
