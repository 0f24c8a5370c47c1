"""An image's config in mitmproxy's windows."""

import json

import pytest

from inspector.views.config import ConfigView

CONFIG = {
    "os": "linux",
    "architecture": "arm64",
    "variant": "v8",
    "created": "2026-01-02T03:04:05Z",
    "config": {
        "Env": ["PATH=/bin", "DB_PASSWORD=hunter2"],
        "Entrypoint": ["/bin/app", "--serve"],
        "User": "app",
    },
    "rootfs": {"type": "layers", "diff_ids": ["sha256:aa", "sha256:bb"]},
    "history": [
        {"created_by": "ADD rootfs"},
        {"created_by": "ENV X", "empty_layer": True},
        {"created_by": "COPY app"},
    ],
}


def test_it_tells_platform_start_and_where_each_layer_comes_from(look):
    seen = look(ConfigView(), json.dumps(CONFIG).encode(), content_type="application/octet-stream")
    assert seen.chosen == "Image config"
    assert "platform: linux/arm64/v8" in seen.lines
    assert "Entrypoint: /bin/app --serve" in seen.lines
    assert seen.lines[-2:] == ["- sha256:aa  # ADD rootfs", "- sha256:bb  # COPY app"]


def test_values_of_the_environment_are_not_shown(look):
    seen = look(ConfigView(), json.dumps(CONFIG).encode())
    assert "Env: PATH, DB_PASSWORD  # names only" in seen.lines
    assert "hunter2" not in seen.text


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"rootfs": 1}', b'{"rootfs": {"diff_ids": 7}, "config": [], "history": 1}', b'"rootfs"'],
)
def test_odd_documents_are_shown_or_left_to_others(body, answered):
    view, metadata = ConfigView(), answered(body)
    if view.render_priority(body, metadata) > 0:
        assert view.prettify(body, metadata).startswith("# Image config")
    else:
        with pytest.raises(ValueError, match="no image config"):
            view.prettify(body, metadata)
