"""WWW-Authenticate: what registries write, well-formed and not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.wire.challenge import LIMIT, MOST_CHALLENGES, Challenge, parse_challenges

HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull"'


def one(value: str) -> Challenge:
    (challenge,) = parse_challenges([value])
    return challenge


def test_docker_hub() -> None:
    challenge = one(HUB)
    assert challenge == Challenge(
        scheme="bearer",
        params={
            "realm": "https://auth.docker.io/token",
            "service": "registry.docker.io",
            "scope": "repository:library/alpine:pull",
        },
        scopes=("repository:library/alpine:pull",),
        token68=None,
        problems=(),
        raw=HUB,
    )
    assert challenge.realm == "https://auth.docker.io/token"
    assert challenge.service == "registry.docker.io"


@pytest.mark.parametrize(
    "values",
    [
        ['Negotiate abc+/==, Basic realm="a, b", BEARER Realm="https://x/t" , Service = x'],
        ["Negotiate abc+/==", 'Basic realm="a, b"', 'BEARER Realm="https://x/t" , Service = x'],
        [', ,Negotiate abc+/==,, Basic realm="a, b"', "", 'bearer realm="https://x/t",service=x,'],
    ],
)
def test_several_challenges_in_one_header_or_in_several(values: list[str]) -> None:
    negotiate, basic, bearer = parse_challenges(values)
    assert (negotiate.scheme, negotiate.token68, negotiate.params) == ("negotiate", "abc+/==", {})
    assert (basic.scheme, basic.realm) == ("basic", "a, b")
    assert (bearer.scheme, bearer.params) == ("bearer", {"realm": "https://x/t", "service": "x"})
    assert not negotiate.problems + basic.problems + bearer.problems
    assert basic.raw == 'Basic realm="a, b"'


@pytest.mark.parametrize(
    ("value", "schemes"),
    [
        ("Negotiate", ["negotiate"]),
        ('Negotiate, NTLM, Basic realm="x"', ["negotiate", "ntlm", "basic"]),
        ("", []),
        (" , ", []),
    ],
)
def test_schemes_without_parameters(value: str, schemes: list[str]) -> None:
    found = parse_challenges([value])
    assert [c.scheme for c in found] == schemes
    assert not any(c.problems for c in found)


def test_escapes_in_quotes() -> None:
    challenge = one(r'Bearer realm="a\"b\\c",error_description="x, Basic realm=\"y\""')
    assert challenge.realm == 'a"b\\c'
    assert challenge.params["error_description"] == 'x, Basic realm="y"'
    assert challenge.problems == ()


def test_every_scope_is_kept_and_the_first_value_wins() -> None:
    challenge = one(
        'Bearer realm="r",scope="repository:a:pull repository:b:pull",scope="repository:c:pull",realm="s"'
    )
    assert challenge.scopes == ("repository:a:pull", "repository:b:pull", "repository:c:pull")
    assert challenge.params["scope"] == "repository:a:pull repository:b:pull"
    assert challenge.realm == "r"
    assert challenge.problems == ("parameter scope stands twice", "parameter realm stands twice")


@pytest.mark.parametrize(
    ("value", "params", "problem"),
    [
        ('Bearer realm="https://x/t,service="y"', {"realm": "https://x/t,service="}, "the comma before y is missing"),
        ('Bearer service="y",realm="https://x/t', {"service": "y", "realm": "https://x/t"}, "the quote of realm is not closed"),
        ('Bearer realm="https://x/t" service="y"', {"realm": "https://x/t", "service": "y"}, "the comma before service is missing"),
        ('Bearer realm="https://x/t"service="y"', {"realm": "https://x/t", "service": "y"}, "the comma before service is missing"),
        ("bearer realm=https://x:5000/t,service=y", {"realm": "https://x:5000/t", "service": "y"}, "realm's URL is not in quotes"),
        ('Bearer realm=,service="y"', {"realm": "", "service": "y"}, "realm has no value"),
        ('Bearer realm="https://x/t",service', {"realm": "https://x/t", "service": ""}, "service has no value"),
        ('Bearer realm="https://x/t",service=', {"realm": "https://x/t", "service": ""}, "service has no value"),
        ('Bearer realm,service="y"', {"realm": "", "service": "y"}, "realm has no value"),
        ('realm="https://x/t"', {"realm": "https://x/t"}, "the scheme is missing"),
        ('"Bearer", realm="x"', {"realm": "x"}, "text stands where a scheme or a parameter is expected"),
        ("Bearer scope=repository:a/b:pull,push,service=y", {"scope": "repository:a/b:pull,push", "service": "y"},
         "the value of scope is not in quotes"),
    ],
)  # fmt: skip
def test_deviations_are_read_and_told(value: str, params: dict[str, str], problem: str) -> None:
    challenge = parse_challenges([value])[0]
    assert challenge.params == params
    assert problem in challenge.problems


def test_unquoted_scope_ends_where_the_next_parameter_begins() -> None:
    challenge = one("Bearer scope=repository:a:pull,delete_by=x")
    assert challenge.params == {"scope": "repository:a:pull", "delete_by": "x"}


def test_missing_comma_before_the_next_challenge() -> None:
    bearer, basic = parse_challenges(['Bearer realm="https://x/t" Basic realm="y"'])
    assert (bearer.scheme, basic.scheme, basic.realm) == ("bearer", "basic", "y")
    assert bearer.problems == ("the comma before Basic is missing",)


@pytest.mark.parametrize(
    "unit",
    ['a="b",', 'a="', "\\", '"', "a=,", "Basic ", "x,", ",", 'a="\\",', 'a="\\"', "=", "a = b ", " \t"],
)
def test_header_of_a_mebibyte_is_read_up_to_the_limit(unit: str) -> None:
    value = 'Bearer realm="r",' + unit * (1024 * 1024 // len(unit))
    found = parse_challenges([value, value])
    assert found[0].realm == "r"
    assert len(found) <= MOST_CHALLENGES
    assert "only the first 64 KiB were read" in found[-1].problems
    assert len(found[-1].raw) <= LIMIT


def test_what_stands_behind_the_limit_is_not_read() -> None:
    challenge = one(f'Bearer realm="r",pad="{"x" * LIMIT}",late="1"')
    assert challenge.realm == "r"
    assert "late" not in challenge.params
    assert challenge.problems == ("only the first 64 KiB were read", "the quote of pad is not closed")


def test_controls_are_made_visible() -> None:
    challenge = one('Bearer realm="a\x1b[2J\u202eb"')
    assert challenge.realm == "a\\x1b[2J\\u202eb"
    assert "\x1b" not in challenge.raw


TOKEN = st.from_regex(r"[A-Za-z][A-Za-z0-9!#$&.^_|~-]{0,8}", fullmatch=True)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(
    st.lists(
        st.tuples(TOKEN, st.dictionaries(TOKEN.map(str.lower), VALUE, min_size=1, max_size=4)), max_size=4
    )
)
def test_what_is_written_by_the_grammar_is_read_back(challenges: list[tuple[str, dict[str, str]]]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    written = ", ".join(
        f"{scheme} " + ", ".join(f"{name}={quoted(value)}" for name, value in params.items())
        for scheme, params in challenges
    )
    found = parse_challenges([written])
    assert [(c.scheme, c.params) for c in found] == [
        (scheme.lower(), params) for scheme, params in challenges
    ]
    assert not any(c.problems for c in found)


NOISE = st.lists(
    st.sampled_from(['"', "\\", ",", "=", " ", "Bearer", "realm", "scope", "https://x", "a", "\x00", "é"])
)


@given(st.lists(st.text(st.characters()) | NOISE.map("".join)))
def test_any_text_gives_challenges(values: list[str]) -> None:
    for challenge in parse_challenges(values):
        assert challenge.scheme == challenge.scheme.lower()
        assert challenge.scheme or challenge.problems
