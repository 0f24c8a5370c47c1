"""``addons/views.py`` in mitmproxy: the views are there, the command shows a pull."""

import importlib.util
from pathlib import Path

import pytest
from mitmproxy import contentviews, exceptions, io
from mitmproxy.addons import view
from mitmproxy.test import taddons, tflow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def views(monkeypatch):
    spec = importlib.util.spec_from_file_location("views_addon", ROOT / "addons" / "views.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    registry = contentviews.ContentviewRegistry()
    monkeypatch.setattr(contentviews, "add", registry.register)
    return module.addons[0], registry


@pytest.fixture
def held():
    with (ROOT / "captures" / "docker-pull" / "pull.flow").open("rb") as file:
        return list(io.FlowReader(file).stream())


def test_loading_offers_every_view(views):
    addon, registry = views
    with taddons.context(addon):
        assert {
            "image index",
            "image manifest",
            "image config",
            "registry token",
            "registry challenge",
        } <= set(registry)


def test_the_command_shows_the_pull_of_a_flow(views, held):
    addon, _ = views
    window = view.View()
    with taddons.context(addon, window) as context:
        window.add(held)
        shown = context.master.commands.call("pull.show", held[3])
    assert shown[0].startswith("✔ docker.io/library/hello-world:latest")


def test_a_flow_of_no_pull_is_told_in_one_line(views, held):
    addon, _ = views
    with (
        taddons.context(addon) as context,
        pytest.raises(exceptions.CommandError, match="belongs to no pull"),
    ):
        context.master.commands.call("pull.show", tflow.tflow(resp=True))


def test_in_the_console_a_key_leads_to_it(views):
    addon, _ = views
    added = []
    with taddons.context(addon) as context:
        context.master.keymap = type("Keys", (), {"add": lambda self, *binding: added.append(binding)})()
        addon.running()
    assert added[0][:3] == ("ctrl p", "pull.show @focus", ["flowlist", "flowview"])


def test_in_the_console_the_report_fits_the_viewer(views, held):
    addon, _ = views
    with taddons.context(addon) as context:
        context.master.ui = type("Screen", (), {"get_cols_rows": lambda self: (100, 40)})()
        shown = context.master.commands.call("pull.show", held[0])
    assert max(map(len, shown)) <= 78
