"""What goes wrong with a challenge: it is not there, or not as RFC 9110 section 11 has it, or names the wrong place."""

from mitmproxy import http

from inspector.core.pull import Stage
from inspector.faults.fault import CHALLENGED, Asked, Fault, Reply, Whole
from inspector.faults.replies import bearer, unauthorized

FIELD = "www-authenticate"


def _without(_: Asked, response: http.Response) -> bool:
    return response.headers.pop(FIELD, None) is not None


def _becomes(make: str) -> Whole:
    """The challenge is replaced; ``{realm}`` and ``{service}`` are what it was."""

    def change(asked: Asked, response: http.Response) -> bool:
        if FIELD not in response.headers:
            return False
        response.headers[FIELD] = make.format(realm=asked.realm, service=asked.service)
        return True

    return Whole(change)


def _basic(asked: Asked) -> http.Response | None:
    return None if asked.scheme == "basic" else unauthorized('Basic realm="registry"')


def _refused(asked: Asked) -> http.Response:
    said = "incorrect username or password" if asked.scheme == "basic" else "authentication required"
    return unauthorized('Basic realm="registry"', said)


def _other_scope(asked: Asked) -> http.Response:
    wrong = f"repository:other/{asked.repository.rpartition('/')[2]}:pull"
    return unauthorized(bearer(asked.realm, asked.service, wrong))


CHALLENGE = frozenset({Stage.CHALLENGE})

FAULTS = (
    Fault(
        name="challenge-missing",
        what="the registry's 401 comes without WWW-Authenticate",
        stages=CHALLENGE,
        act=Whole(_without),
    ),
    Fault(
        name="challenge-malformed",
        what="the challenge's realm has no quotes, and a comma is missing",
        stages=CHALLENGE,
        act=_becomes("Bearer realm={realm} service={service},scope="),
    ),
    Fault(
        name="realm-invalid",
        what="the challenge's realm is a relative path",
        stages=CHALLENGE,
        act=_becomes('Bearer realm="/token",service="{service}"'),
    ),
    Fault(
        name="realm-bypasses-mirror",
        what="the challenge sends the client to Docker Hub's token service",
        stages=CHALLENGE,
        act=_becomes('Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'),
    ),
    Fault(
        name="credentials-missing",
        what="the registry wants a login by Basic",
        stages=CHALLENGED,
        act=Reply(_basic),
    ),
    Fault(
        name="credentials-refused",
        what="the registry wants a login by Basic, and refuses it",
        stages=CHALLENGED,
        act=Reply(_refused),
        needs="a client that is logged in",
    ),
    Fault(
        name="scope-wrong-repository",
        what="every request is refused with a challenge that names another repository",
        stages=CHALLENGED - {Stage.PING, Stage.CATALOG},
        act=Reply(_other_scope),
    ),
)
