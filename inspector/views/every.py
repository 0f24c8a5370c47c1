"""Every view there is. Knows: their classes. Must not know: who shows them."""

from mitmproxy.contentviews import Contentview

from inspector.views.config import ConfigView
from inspector.views.documents import IndexView, ManifestView
from inspector.views.refusal import ChallengeView, ErrorView
from inspector.views.token import TokenView


def views() -> list[Contentview]:
    """New ones, for ``mitmproxy.contentviews.add``."""
    return [IndexView(), ManifestView(), ConfigView(), TokenView(), ChallengeView(), ErrorView()]
