"""Both sides of a mirror: what its client asked, and, in a second recording, what the mirror asked itself.

Knows: the two recordings, and that one report is made of both files. Must not know: mirrors, what a test expects.
The second proxy stands in front of the upstream and listens at ``behind(place)``: the mirror is led there.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from stack.place import INNER, Place
from stack.recording import Recording
from stack.scene import Scene

PORT = 8081
NOTHING: Mapping[str, str] = MappingProxyType({})


def behind(place: Place) -> str:
    """``http://address:port`` of the proxy on the mirror's upstream side."""
    return f"http://{place.at(INNER)}:{PORT}"


@contextmanager
def both_sides(
    scene: Scene, upstream: str, *, lead: Mapping[str, int], options: Mapping[str, str] = NOTHING
) -> Iterator[None]:
    """Record both. ``upstream``: the URL that the mirror's requests are sent on to; ``options``: of that side's proxy.

    Afterwards the scene's report is that of both files.
    """
    name = f"{scene.name}-{scene.takes + 1}/upstream"
    more = {"listen_port": str(PORT), **options}
    second = Recording(scene.hub.place, name, mode=f"reverse:{upstream}", options=more)
    with scene.recorded(lead=lead), second:
        yield
    files = [str(scene.capture), str(second.capture)]
    document, scene.text = scene.cli(["report", *files, "--format", "json"], ["report", *files, "--full"])
    scene.report = json.loads(document)
