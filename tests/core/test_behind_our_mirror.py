"""Behind a mirror of ours a name without library/ is right: what is missing is the tag."""

import msgspec
import pytest

from inspector.core.events import Ended
from inspector.rules import diagnose

MIRROR = "https://pull.test"
SCOPE = {
    "www-authenticate": 'Bearer realm="https://pull.test/token",service="registry.docker.io",scope="repository:library/hello-world:pull"'
}
UNKNOWN = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'


@pytest.fixture
def codes(traffic):
    def found(*, noted):
        traffic.ua = "skopeo/1.9.3"
        traffic.get(f"{MIRROR}/v2/hello-world/manifests/nope", 401, headers=SCOPE)
        traffic.token("library/hello-world", url=f"{MIRROR}/token")
        traffic.get(f"{MIRROR}/v2/hello-world/manifests/nope", 404, token="‹token 00000001›", body=UNKNOWN)
        if noted:
            traffic.events = [
                msgspec.structs.replace(event, upstream=()) if isinstance(event, Ended) else event
                for event in traffic.events
            ]
        pull = traffic.pull()
        diagnose(pull)
        return [finding.code for finding in pull.findings if finding.severity != "note"]

    return found


def test_the_mirrors_own_notes_show_that_the_name_is_right(codes):
    assert codes(noted=True) == ["tag-not-found"]


def test_without_them_the_name_is_suspected(codes):
    assert codes(noted=False)[0] == "library-missing"
