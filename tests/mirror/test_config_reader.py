"""Values of the right kind, or a line that says which kind."""

from inspector.mirror.config_reader import Reader


def reader(tmp_path):
    return Reader("/".join, {}, tmp_path)


def test_right_values_and_defaults(tmp_path):
    read = reader(tmp_path)
    words = {"t": "x", "l": ["a"], "n": 2, "f": True, "empty": ""}
    assert (read.text(words, "t"), read.text(words, "none"), read.text(words, "empty")) == ("x", None, None)
    assert (read.texts(words, "l"), read.texts(words, "none")) == (("a",), ())
    assert (read.number(words, "n", 1, 5), read.number(words, "none", 1, 5)) == (2, 1)
    assert (read.flag(words, "f", default=False), read.flag(words, "none", default=True)) == (True, True)
    assert read.choice(words, "t", ["x", "y"], "y") == "x"
    assert read.lines == []


def test_wrong_values_are_told_and_the_default_stands(tmp_path):
    read = reader(tmp_path)
    words = {"t": 1, "l": [""], "n": 9, "f": 1, "c": "z"}
    assert read.text(words, "t", ("up",)) is None
    assert read.texts(words, "l") == ()
    assert read.number(words, "n", 1, 5) == 1
    assert read.flag(words, "f", default=False) is False
    assert read.choice(words, "c", ["x"], "x") == "x"
    assert [line.partition(":")[0] for line in read.lines] == ["up/t", "l", "n", "f", "c"]


def test_files_are_relative_to_the_configuration(tmp_path):
    (tmp_path / "a").write_text("b")
    (tmp_path / "bad").write_bytes(b"\xff\xfe\xff")
    read = reader(tmp_path)
    assert read.file({"f": "a"}, "f") == "b"
    assert read.file({"f": str(tmp_path / "a")}, "f") == "b"
    assert read.file({"f": "none"}, "f") is None
    assert read.file({"f": "bad"}, "f") is None
    assert ["No such file" in read.lines[0], "UTF-8" in read.lines[1]] == [True, True]


def test_unknown_names_are_told_with_those_that_there_are(tmp_path):
    read = reader(tmp_path)
    read.unknown({"a": 1, "b": 2}, frozenset({"b"}), ("up",))
    assert read.lines == ["up/a: there is no such setting; there are b"]
