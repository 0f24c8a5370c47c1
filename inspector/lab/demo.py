"""The demo: the hub, a recording mitmdump, the pull client, and the capture that they leave.

Knows: how the lab's parts play together. Must not know: what the capture holds, how it is shown.
"""

from pathlib import Path

from inspector.lab.client import PullClient, Pulled
from inspector.lab.hub import REGISTRY, Hub
from inspector.lab.proxy import Mitmdump, ProxyError
from inspector.lab.serving import Pace

REPOSITORY = "demo/app"
TAG = "latest"
REFERENCE = f"{REGISTRY}/{REPOSITORY}:{TAG}"
PACE = Pace(latency=0.02, rate=20e6)
"""As if the hub were in the same city: on bare loopback all bars of the timeline are equally short."""


def record_pull(recorder: Path, capture: Path) -> Pulled:
    """Pull ``REFERENCE`` through a mitmdump that runs the ``recorder`` script, which leaves ``capture``.

    Raises ProxyError when mitmdump does not start or leaves no capture, PullError when the pull fails (the capture
    then shows it), OSError when loopback has no port to give. Whatever happens, nothing is left running.
    """
    arguments = ("--quiet", "--scripts", str(recorder), "--set", f"registry_capture={capture}")
    with (
        Hub(pace=PACE) as hub,
        Mitmdump(*arguments, "--set", "registry_live=false", names=hub.addresses, trust=hub.ca_file) as proxy,
    ):
        pulled = PullClient(proxy.address, proxy.ca_file).pull(REGISTRY, REPOSITORY, TAG)
        proxy.stop()
        if not capture.exists():
            raise ProxyError(f"mitmdump left no capture. {proxy.last_words}")
        return pulled
