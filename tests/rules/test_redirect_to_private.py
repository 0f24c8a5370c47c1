import pytest
from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import CONFIG, HEALTHY, cdn, redirect

INNER = "http://minio.registry.svc:9000/bucket/1"
SENT = replace(redirect(CONFIG), give=(f"location: {INNER}",))


@pytest.mark.parametrize(
    "host", ["10.0.0.5", "localhost", "minio", "minio.local", "169.254.1.1", "s3.cluster.local"]
)
def test_hosts_of_the_inside(found, host):
    turn = replace(SENT, give=(f"location: http://{host}:9000/bucket/1",))
    assert found(*HEALTHY[:5], turn, turn)["redirect-to-private"].severity is Severity.ERROR


def test_it_explains_that_the_storage_was_not_reached(found):
    assert found(*HEALTHY[:5], SENT, SENT)["cdn-unreachable"].caused_by == "redirect-to-private"


def test_a_redirect_that_was_followed_is_a_warning(found):
    turns = (SENT, replace(cdn(CONFIG), url=INNER))
    assert found(*HEALTHY[:5], *turns, *HEALTHY[7:])["redirect-to-private"].severity is Severity.WARNING


def test_a_registry_of_the_inside_may(found):
    inside = [
        replace(turn, url=turn.url.replace("registry-1.docker.io", "registry.svc"))
        for turn in (*HEALTHY[:5], SENT)
    ]
    assert "redirect-to-private" not in found(*inside)


def test_where_it_leads_is_said(found):
    what = [piece.what for piece in found(*HEALTHY[:5], SENT, SENT)["redirect-to-private"].evidence]
    assert what[-1] == "minio.registry.svc is a name for the inside"
