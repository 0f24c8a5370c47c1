"""Redirects that wait to be followed."""

import gc
import weakref

from inspector.core.draft import Draft
from inspector.core.events import Ended, Peer, RequestHead, ResponseHead
from inspector.core.exchange import Exchange
from inspector.core.redirects import Redirects


def exchange(url: str, time: float, location: str | None = None) -> Exchange:
    """A GET, redirected where a location is given."""
    made = Exchange(
        RequestHead(
            id=url, time=time, method="GET", url=url, host="r.test", http_version="HTTP/1.1", headers=(), client=Peer(address="10.0.0.1")
        )
    )  # fmt: skip
    if location:
        headers = (("location", location),)
        made.response = ResponseHead(id=url, time=time, status=307, http_version="HTTP/1.1", headers=headers)
    made.end = Ended(id=url, time=time)
    return made


def test_a_redirect_knows_its_draft_and_does_not_keep_it():
    redirects = Redirects()
    asked = exchange("https://r.test/v2/x/blobs/1", 1.0, "https://cdn.test/1")
    draft = Draft(1, ("10.0.0.1", None), asked.product)
    redirects.add(asked, asked, draft)
    fetch = exchange("https://cdn.test/1", 2.0)
    pending = redirects.follow(fetch)
    assert pending is not None
    assert pending.draft is draft
    gone = weakref.ref(draft)
    del draft
    gc.collect()
    assert gone() is None
    later = redirects.follow(fetch)
    assert later is not None
    assert later.draft is None
    assert later.exchange is asked
