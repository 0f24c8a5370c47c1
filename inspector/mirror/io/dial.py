"""What mitmproxy dials for the mirror's flows: judged addresses, or the upstream's proxy, and nothing that nobody announced.

Knows: flows' client connections, mitmproxy's ``server_connect`` data, and ``recorder.private.dialing``, which alone touches
mitmproxy's inside. Must not know: HTTP, who judged the addresses. An announcement is for one client connection, host and
port; it lives as long as that connection.
"""

from collections import OrderedDict
from typing import Any
from weakref import WeakKeyDictionary

from mitmproxy.connection import Client
from mitmproxy.flow import Flow

from inspector.mirror.io import connect
from inspector.mirror.model import Endpoint, Failure
from inspector.recorder.private import dialing
from inspector.recorder.private.fit import DoesNotFit

MOST_ANNOUNCED = 256
"""Places announced for one client connection; the oldest make way."""

_UNANNOUNCED = "the mirror has nothing to ask there"
_announced: WeakKeyDictionary[Client, OrderedDict[tuple[str, int], Endpoint]] = WeakKeyDictionary()
_state = {"strict": False, "installed": False}


def install() -> list[str]:
    """Make mitmproxy dial what it is told; [] or one sentence when the installed one is not fit for it.

    Where it is not, ``server_connect`` still pins the first judged address, but proxies cannot be used.
    """
    try:
        dialing.install(_choose)
    except (DoesNotFit, AttributeError, TypeError, ValueError) as error:
        return [
            f"dialling by judged addresses in order, and through proxies, does not fit this mitmproxy: {error}"
        ]
    _state["installed"] = True
    return []


def strict(on: bool) -> None:
    """Whether upstream connections that nobody announced are refused."""
    _state["strict"] = on


def expect(flow: Flow, endpoint: Endpoint) -> None:
    """Announce where the next upstream connection of this flow goes: ``endpoint.host`` as in the flow's URL."""
    of_client = _announced.setdefault(flow.client_conn, OrderedDict())
    place = _place(endpoint.host, endpoint.port)
    of_client[place] = endpoint
    of_client.move_to_end(place)
    while len(of_client) > MOST_ANNOUNCED:
        of_client.popitem(last=False)


def server_connect(data: Any) -> None:
    """To be called from the hook of that name: refuses what is not announced, and pins where ``install`` did not fit.

    A pinned connection has the IP address for its address; SNI and the certificate's name stay the host's.
    """
    if not data.server.address:
        return
    host, port = data.server.address[:2]
    endpoint = _endpoint(data.client, host, port)
    if endpoint is None:
        if _state["strict"]:
            data.server.error = _UNANNOUNCED
        return
    if _state["installed"]:
        return
    if endpoint.proxy is not None or not endpoint.addresses:
        data.server.error = "the upstream's proxy cannot be used with this mitmproxy"
        return
    data.server.address = (endpoint.addresses[0], port)


def _choose(client: Client, host: str, port: int) -> dialing.Open | str | None:
    endpoint = _endpoint(client, host, port)
    if endpoint is None:
        return _UNANNOUNCED if _state["strict"] else None
    if endpoint.proxy is None and not endpoint.addresses:
        return "no address was judged for this host"  # never a lookup of mitmproxy's own

    async def open_stream(local_addr: tuple[str, int] | None) -> connect.Stream:
        try:
            return await connect.open_stream(
                endpoint.host, endpoint.port, endpoint.addresses, endpoint.proxy, local_addr=local_addr
            )
        except Failure as failure:
            raise ConnectionError(failure.sentence) from None

    return open_stream


def _endpoint(client: Client, host: str, port: int) -> Endpoint | None:
    of_client = _announced.get(client)
    return None if of_client is None else of_client.get(_place(host, port))


def _place(host: str, port: int) -> tuple[str, int]:
    return host.strip("[]").removesuffix(".").lower(), port
