"""All views together."""

from inspector.views import every


def test_each_has_a_name_of_its_own_and_colours():
    names = [view.name for view in every.views()]
    assert sorted(names) == sorted(set(names))
    assert len(names) == 6
    assert {view.syntax_highlight for view in every.views()} == {"yaml"}
