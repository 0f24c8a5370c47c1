"""Flows and views for these tests."""

from collections.abc import Callable

import pytest
from mitmproxy import http
from mitmproxy.contentviews import Contentview, ContentviewRegistry, Metadata
from mitmproxy.test import tflow


class Looked:
    """What a view makes of an answer, and whether mitmproxy would choose it beside its own."""

    def __init__(self, view: Contentview, body: bytes, metadata: Metadata) -> None:
        from mitmproxy.contentviews import registry as own

        from inspector.views import every

        everyone = ContentviewRegistry()
        for one in (*own.values(), *every.views()):
            everyone.register(one)
        self.chosen = everyone.get_view(body, metadata).name
        self.text = view.prettify(body, metadata)
        self.lines = self.text.splitlines()


@pytest.fixture
def answered() -> Callable[..., Metadata]:
    """Metadata of an answer: ``path`` of the request, status, headers, body."""

    def make(body: bytes, path: str = "/", status: int = 200, **headers: str) -> Metadata:
        flow = tflow.tflow(req=http.Request.make("GET", f"https://registry.test{path}"), resp=True)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        flow.response = http.Response.make(status, body, fields)
        kind = fields.get("content-type", "").partition(";")[0] or None
        return Metadata(flow=flow, content_type=kind, http_message=flow.response)

    return make


@pytest.fixture
def look(answered) -> Callable[..., Looked]:
    """Look at an answer through a view."""

    def through(view: Contentview, body: bytes, *where: object, **headers: str) -> Looked:
        return Looked(view, body, answered(body, *where, **headers))

    return through
