from msgspec.structs import replace

from inspector.core.finding import CheckState
from inspector.rules.example import CONTAINERD, as_json
from inspector.rules.sample import HEALTHY, TOKEN, bearer, bearer_line, ping, resolve, token

REFUSED = replace(
    resolve(), status=401, give=(bearer_line(repository="library/app", error="insufficient_scope"),), body=b""
)


def granting(*access):
    claims = {"iss": "auth", "access": list(access)}
    return replace(token(), body=as_json({"token": TOKEN, "claims": claims}))


def test_the_challenge_says_so(found):
    assert "insufficient-scope" in found(ping(), token(), REFUSED)


def test_the_claims_say_so(found):
    bare = replace(REFUSED, give=(bearer_line(repository="library/app"),))
    finding = found(ping(), granting(), bare)["insufficient-scope"]
    assert finding.evidence[0].what == "the token grants nothing"


def test_claims_that_cover_it_are_enough(found):
    bare = replace(REFUSED, give=(bearer_line(repository="library/app"),))
    grant = granting({"type": "repository", "name": "library/app", "actions": ["pull"]})
    findings = found(ping(), grant, bare)
    assert "insufficient-scope" not in findings
    assert "token-ignored" in findings


def test_harbors_basic_to_a_bearer(found):
    assert "insufficient-scope" in found(
        ping(), token(), replace(REFUSED, give=('www-authenticate: Basic realm="harbor"',))
    )


def test_a_wider_token_that_worked_overcomes_it(found):
    wider = replace(token(value="‹token 4fa9c1d2›"), agent=CONTAINERD)
    again = replace(resolve(), ask=(bearer("‹token 4fa9c1d2›"),), agent=CONTAINERD)
    first = [replace(turn, agent=CONTAINERD) for turn in (ping(), token(), REFUSED)]
    assert "insufficient-scope" not in found(
        *first, wider, again, *(replace(t, agent=CONTAINERD) for t in HEALTHY[3:])
    )


def test_an_opaque_token_leaves_it_open(checked):
    bare = replace(REFUSED, give=(bearer_line(repository="library/app"),))
    assert checked("insufficient-scope", ping(), token(), bare).state is CheckState.CANNOT_TELL


def test_without_a_bearer_it_is_no_matter(checked):
    assert checked("insufficient-scope", replace(resolve(), ask=())).state is CheckState.NOT_APPLICABLE
    assert checked("insufficient-scope", *HEALTHY).state is CheckState.PASSED


def test_a_token_for_another_repository_is_the_token_services_fault(found):
    grant = granting({"type": "repository", "name": "app", "actions": ["pull"]})
    findings = found(ping(), grant, REFUSED)
    assert "repository-denied" not in findings
    assert "was given one for app" in findings["insufficient-scope"].summary
    assert findings["insufficient-scope"].caused_by is None
    # an empty grant is how a service says "missing, or private": there the repository is the matter
    findings = found(ping(), granting(), REFUSED)
    assert findings["insufficient-scope"].caused_by == "repository-denied"
