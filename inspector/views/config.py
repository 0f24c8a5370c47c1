"""View of an image's config: what it is for, how it starts, how many layers it has.

Knows: image-spec v1.1, Image Configuration. Must not know: manifests, pulls. Values of environment variables are not shown:
images hold passwords there more often than they should.
"""

from typing import Any, override

from mitmproxy.contentviews import Contentview, Metadata, SyntaxHighlight

from inspector.views import fits
from inspector.views.layout import field, item, title
from inspector.wire.jsontext import load

_LIMIT = 4 * 1024 * 1024
_MOST = 100


class ConfigView(Contentview):
    """An image's config."""

    name = "Image config"
    syntax_highlight: SyntaxHighlight = "yaml"

    @override
    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """Raises ValueError when it is no config: mitmproxy then shows the raw text."""
        config = _config(data)
        if config is None:
            raise ValueError("this is no image config")
        run = config.get("config")
        run = run if isinstance(run, dict) else {}
        lines = [title("Image config: how the image starts"), *fits.lines(data, metadata)]
        platform = "/".join(
            str(config[key]) for key in ("os", "architecture", "variant") if isinstance(config.get(key), str)
        )
        lines += [field("platform", platform or None), field("created", config.get("created"))]
        lines += [
            field(key, _short(run[key]))
            for key in ("User", "WorkingDir", "Entrypoint", "Cmd")
            if run.get(key)
        ]
        names = [str(one).partition("=")[0] for one in _list(run.get("Env"))]
        if names:
            lines.append(field("Env", ", ".join(names[:_MOST]), "names only"))
        return "\n".join([*lines, *_layers(config)])

    @override
    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        return 3 if b'"rootfs"' in data and _config(data) is not None else -1


def _layers(config: dict[str, Any]) -> list[str]:
    diff_ids = _list(config["rootfs"].get("diff_ids"))
    made = [
        one for one in _list(config.get("history")) if isinstance(one, dict) and not one.get("empty_layer")
    ]
    lines = [f"diff_ids:  # {len(diff_ids)}, the layers' digests when unpacked, the lowest first"]
    for place, digest in enumerate(diff_ids[:_MOST]):
        by = made[place].get("created_by") if place < len(made) else None
        lines.append(item(digest, " ".join(str(by).split())[:120] if by else ""))
    return lines + ([f"# and {len(diff_ids) - _MOST} more"] if len(diff_ids) > _MOST else [])


def _config(data: bytes) -> dict[str, Any] | None:
    loaded = load(data, _LIMIT)
    value = loaded.value if loaded is not None else None
    return value if isinstance(value, dict) and isinstance(value.get("rootfs"), dict) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _short(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
