from msgspec.structs import replace

from inspector.rules.sample import HEALTHY, HUB, MIRROR, bearer_line, ping, resolve, token

HUB_PATH = "hub/library/app"


def refused(*scopes, repository=HUB_PATH):
    joined = " ".join(f"repository:{name}:pull" for name in scopes)
    line = bearer_line(MIRROR, error="insufficient_scope").replace(",error", f',scope="{joined}",error')
    return replace(resolve(MIRROR, repository), status=401, give=(line,), body=b"")


def test_the_challenges_scope(found):
    finding = found(ping(MIRROR), token(HUB_PATH), refused("library/app"))["scope-wrong-repository"]
    assert HUB_PATH in finding.summary
    assert "the token is for library/app" in finding.summary


def test_the_tokens_scope(found):
    assert "scope-wrong-repository" in found(ping(MIRROR), token("library/app"), refused(HUB_PATH))


def test_another_scope_beside_the_right_one_is_harmless(found):
    assert "scope-wrong-repository" not in found(
        ping(MIRROR), token(HUB_PATH), refused("library/app", HUB_PATH)
    )


def test_an_answer_needs_no_right_scope(found):
    assert "scope-wrong-repository" not in found(ping(MIRROR), token("app"), *[
        replace(turn, url=turn.url.replace(HUB, MIRROR)) for turn in HEALTHY[2:]
    ])  # fmt: skip


def test_the_placeholder_of_a_ping_and_other_forms(found):
    other = replace(
        refused("user/image"),
        give=(bearer_line(MIRROR, error="denied").replace(",error", ',scope="aws",error'),),
    )
    assert "scope-wrong-repository" not in found(ping(MIRROR), token(HUB_PATH), other)
    assert "scope-wrong-repository" not in found(ping(MIRROR), token(HUB_PATH), refused("user/image"))


def test_a_name_with_a_port_in_it(found):
    name = "host:5000/library/app"
    turn = refused(name, repository=name)
    assert "scope-wrong-repository" not in found(ping(MIRROR), token(name), turn)


def test_where_library_is_the_difference_it_says_how_nginx_asks_for_it(found):
    finding = found(ping(MIRROR), token("app"), refused("library/app", repository="app"))
    assert "set $args" in finding["scope-wrong-repository"].remedy
    finding = found(ping(MIRROR), token("app"), refused("other/app", repository="app"))
    assert "set $args" not in finding["scope-wrong-repository"].remedy
