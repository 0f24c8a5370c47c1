"""What each registry does (catalogue.md, part 3), judged line by line; none of it is a warning or an error."""

import pytest

from inspector.core.pull import Outcome
from inspector.rules import diagnose

ECR = "https://1.dkr.ecr.eu-west-1.amazonaws.com/v2"
PKG = "https://us-docker.pkg.dev/v2"
S3 = "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com"


def alarms(pull):
    diagnose(pull)
    return [(f.code, str(f.severity)) for f in pull.findings if f.severity != "note"]


CONTENT = """
    GET R/manifests/{manifest} 200 have=manifest auth=1 => manifest manifest t 2 -
    GET R/blobs/{config} 307 to=https://cdn.test/c?sig=1 auth=1 => redirect config - 2 -
    GET https://cdn.test/c?sig=1 200 have=config => cdn config t 4 -
    GET R/blobs/{layer0} 307 to=https://cdn.test/0?sig=1 auth=1 => redirect layer - 2 -
    GET https://cdn.test/0?sig=1 200 have=layer0 => cdn layer t 6 -
"""


def at(host, repository="a/b"):
    """The same with the registry's own name."""
    return CONTENT.replace("R/", f"{host}/{repository}/")


@pytest.mark.parametrize(
    ("root", "repository", "challenge", "token", "reference"),
    [
        (
            "https://registry-1.docker.io/v2", "library/alpine",
            'Bearer~realm="https://auth.docker.io/token",service="registry.docker.io"',
            "https://auth.docker.io/token?scope=repository%3Alibrary%2Falpine%3Apull&service=registry.docker.io",
            "docker.io/library/alpine:1",
        ),
        (
            "https://ghcr.io/v2", "a/b",
            'Bearer~realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',
            "https://ghcr.io/token?scope=repository%3Aa%2Fb%3Apull&service=ghcr.io", "ghcr.io/a/b:1",
        ),
        (
            "https://quay.io/v2", "a/b", 'Bearer~realm="https://quay.io/v2/auth",service="quay.io"',
            "https://quay.io/v2/auth?scope=repository%3Aa%2Fb%3Apull&service=quay.io", "quay.io/a/b:1",
        ),
        (
            "https://public.ecr.aws/v2", "a/b",
            'Bearer~realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
            "https://public.ecr.aws/token/?scope=repository%3Aa%2Fb%3Apull&service=public.ecr.aws", "public.ecr.aws/a/b:1",
        ),
        (
            "https://us-docker.pkg.dev/v2", "p/r/i", 'Bearer~realm="https://us-docker.pkg.dev/v2/token"',
            "https://us-docker.pkg.dev/v2/token?scope=repository%3Ap%2Fr%2Fi%3Apull", "us-docker.pkg.dev/p/r/i:1",
        ),
        (
            "https://gcr.io/v2", "p/i", 'Bearer~realm="https://gcr.io/v2/token",service=gcr.io',
            "https://gcr.io/v2/token?scope=repository%3Ap%2Fi%3Apull&service=gcr.io", "gcr.io/p/i:1",
        ),
        (
            "https://registry.gitlab.com/v2", "g/p", 'Bearer~realm="https://gitlab.com/jwt/auth",service="container_registry"',
            "https://gitlab.com/jwt/auth?scope=repository%3Ag%2Fp%3Apull&service=container_registry", "registry.gitlab.com/g/p:1",
        ),
        (
            "https://harbor.test:8443/v2", "p/a",
            'Bearer~realm="https://harbor.test:8443/service/token",service="harbor-registry"',
            "https://harbor.test:8443/service/token?scope=repository%3Ap%2Fa%3Apull&service=harbor-registry",
            "harbor.test:8443/p/a:1",
        ),
        (
            "https://art.test/v2", "docker-remote/a/b",
            'Bearer~realm="https://art.test/artifactory/api/docker/docker-remote/v2/token",service="art.test"',
            "https://art.test/artifactory/api/docker/docker-remote/v2/token?scope=repository%3Adocker-remote%2Fa%2Fb%3Apull&service=art.test",
            "art.test/docker-remote/a/b:1",
        ),
        (
            "https://nvcr.io/v2", "nvidia/cuda", 'Bearer~realm="https://nvcr.io/proxy_auth?scope=repository:nvidia/cuda:pull"',
            "https://nvcr.io/proxy_auth?scope=repository%3Anvidia%2Fcuda%3Apull", "nvcr.io/nvidia/cuda:1",
        ),
    ],
)  # fmt: skip
def test_a_realm_and_a_storage_as_it_has_them(talk, root, repository, challenge, token, reference):
    pull = talk().say(f"""
        GET {root}/ 401 h:www-authenticate={challenge} h:content-type=text/html text=<html>401</html> => challenge - - - -
        GET {token} 200 give=1 => token - - 1 -
    """ + at(root, repository).replace("{manifest}", "1", 1)).pull()  # fmt: skip
    assert (pull.reference, pull.outcome, alarms(pull)) == (reference, Outcome.COMPLETE, [])


def test_ecr_wants_basic_with_each_request(talk):
    pull = talk().say(f"""
        GET {ECR}/ 401 h:www-authenticate=Basic~realm="{ECR[:-2]}",service="ecr.amazonaws.com" text=Not~Authorized => challenge - - - -
        HEAD {ECR}/app/manifests/1 200 have=manifest bare basic => resolve manifest - - -
        GET {ECR}/app/manifests/1 200 have=manifest bare basic => manifest manifest - - -
        GET {ECR}/app/blobs/{{layer0}} 307 to={S3}/x/{{layer0}}?X-Amz-Security-Token=x basic => redirect layer - - -
        GET {S3}/x/{{layer0}}?X-Amz-Security-Token=x 200 have=layer0 => cdn layer t 4 -
    """).pull()  # fmt: skip
    assert (pull.digest, pull.outcome, alarms(pull)) == (talk().digest("manifest"), Outcome.COMPLETE, [])


def test_acr_refuses_post_and_gives_an_access_token_by_get(talk):
    answer = '{"access_token":"‹token~1›"}'
    pull = talk().say(f"""
        HEAD https://n.azurecr.io/v2/a/manifests/1 401 ua=containerd/v2.0 ask=https://n.azurecr.io/oauth2/token => challenge - - - -
        POST https://n.azurecr.io/oauth2/token 400 form=grant_type=password&service=n.azurecr.io&scope=repository:a:pull => token - - 1 -
        GET https://n.azurecr.io/oauth2/token?service=n.azurecr.io&scope=repository:a:pull 200 text={answer} => token - - 1 -
        HEAD https://n.azurecr.io/v2/a/manifests/1 200 have=manifest auth=1 => resolve manifest - 3 -
        GET https://n.azurecr.io/v2/a/manifests/{{manifest}} 200 have=manifest auth=1 => manifest manifest t 3 -
        GET https://n.azurecr.io/v2/a/blobs/{{layer0}} 307 h:docker-content-digest={{layer0}} to=https://x.blob.core.windows.net/d?sig=1 auth=1 => redirect layer - 3 -
        GET https://x.blob.core.windows.net/d?sig=1 200 have=layer0 => cdn layer t 6 -
    """).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [])


def test_artifact_registry_redirects_to_a_path_of_its_own_once(talk):
    pull = talk().say(f"""
        HEAD {PKG}/p/r/i/manifests/1 200 have=manifest => resolve manifest - - -
        GET {PKG}/p/r/i/manifests/{{manifest}} 200 have=manifest => manifest manifest t - -
        GET {PKG}/p/r/i/blobs/{{layer0}} 302 to=/artifacts-downloads/namespaces/p/r/downloads/A => redirect layer - - -
        GET https://us-docker.pkg.dev/artifacts-downloads/namespaces/p/r/downloads/A 200 have=layer0 => cdn layer t 3 -
        GET {PKG}/p/r/i/blobs/{{layer1}} 302 to=/artifacts-downloads/namespaces/p/r/downloads/B => redirect layer - - -
        GET https://us-docker.pkg.dev/artifacts-downloads/namespaces/p/r/downloads/B 200 have=layer1 => cdn layer t 5 -
    """).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [])


def test_kubernetes_sends_everything_elsewhere(talk):
    far = "https://us-west1-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause"
    near, s3 = (
        "https://registry.k8s.io/v2",
        "https://prod-registry-k8s-io-us-east-1.s3.dualstack.us-east-1.amazonaws.com",
    )
    pull = talk().say(f"""
        GET {near}/ 200 h:content-type=text/html => ping - - - -
        HEAD {near}/pause/manifests/3.9 307 to={far}/manifests/3.9 => redirect index - - -
        HEAD {far}/manifests/3.9 200 have=index => resolve index - 2 -
        GET {near}/pause/manifests/{{index}} 307 to={far}/manifests/{{index}} => redirect index - - -
        GET {far}/manifests/{{index}} 200 have=index => manifest index t 4 -
        GET {near}/pause/manifests/{{manifest}} 307 to={far}/manifests/{{manifest}} => redirect manifest - - -
        GET {far}/manifests/{{manifest}} 200 have=manifest => manifest manifest t 6 -
        GET {near}/pause/blobs/{{config}} 307 to={far}/blobs/{{config}} => redirect config - - -
        GET {far}/blobs/{{config}} 302 to=/artifacts-downloads/A => redirect config - 8 -
        GET https://us-west1-docker.pkg.dev/artifacts-downloads/A 200 have=config => cdn config t 9 -
        GET {near}/pause/blobs/{{layer0}} 307 to={s3}/containers/images/{{layer0}} => redirect layer - - -
        GET {s3}/containers/images/{{layer0}} 200 have=layer0 => cdn layer t 11 -
    """).pull()  # fmt: skip
    assert (pull.reference, pull.repository, pull.registry) == (
        "registry.k8s.io/pause:3.9",
        "pause",
        "us-west1-docker.pkg.dev",
    )
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [])


def test_harbors_hub_project_adds_library_and_wants_a_new_token_for_it(talk):
    hub, realm = "https://h.test/v2/hub", "https://h.test/service/token"
    pull = talk().say(f"""
        HEAD {hub}/nginx/manifests/1 401 ua=containerd/v2.0 ask={realm} => challenge - - - -
        GET {realm}?service=harbor-registry&scope=repository:hub/nginx:pull 200 give=1 => token - - 1 -
        HEAD {hub}/nginx/manifests/1 301 to=/v2/hub/library/nginx/manifests/1 auth=1 => redirect - - 2 -
        HEAD {hub}/library/nginx/manifests/1 401 ask={realm} auth=1 => challenge - - 3 -
        GET {realm}?service=harbor-registry&scope=repository:hub/nginx:pull&scope=repository:hub/library/nginx:pull 200 give=2 => token - - 4 -
        HEAD {hub}/nginx/manifests/1 301 to=/v2/hub/library/nginx/manifests/1 auth=2 => redirect manifest - 5 -
        HEAD {hub}/library/nginx/manifests/1 200 have=manifest auth=2 => resolve manifest - 6 -
        GET {hub}/nginx/manifests/{{manifest}} 301 to=/v2/hub/library/nginx/manifests/{{manifest}} auth=2 => redirect manifest - 5 -
        GET {hub}/library/nginx/manifests/{{manifest}} 200 have=manifest auth=2 => manifest manifest t 8 -
        GET {hub}/nginx/blobs/{{layer0}} 301 to=/v2/hub/library/nginx/blobs/{{layer0}} auth=2 => redirect layer - 5 -
        GET {hub}/library/nginx/blobs/{{layer0}} 200 have=layer0 auth=2 => blob layer t 10 -
    """).pull()  # fmt: skip
    assert (pull.reference, pull.repository, pull.outcome) == (
        "h.test/hub/nginx:1",
        "hub/nginx",
        Outcome.COMPLETE,
    )
    assert alarms(pull) == []


def test_mcr_wants_no_token_and_zot_challenges_on_200(talk):
    pull = talk().say("""
        GET V/ 200 h:www-authenticate=bearer~realm=https://auth.test/token => ping - - - -
        GET T 200 give=1 => token - - 1 -
    """ + at("https://r.test/v2").replace("{manifest}", "1", 1)).pull()  # fmt: skip
    assert (pull.outcome, alarms(pull)) == (Outcome.COMPLETE, [])
    pull = talk().say(at("https://mcr.microsoft.com/v2").replace("{manifest}", "1", 1).replace(" auth=1", "")
        .replace(" 2 -", " - -").replace(" 4 -", " 2 -").replace(" 6 -", " 4 -")).pull()  # fmt: skip
    assert (pull.reference, pull.outcome, alarms(pull)) == ("mcr.microsoft.com/a/b:1", Outcome.COMPLETE, [])


def test_red_hat_is_chunked_and_names_no_digest(talk):
    host = "https://registry.access.redhat.com/v2/ubi9/ubi"
    pull = talk().say(f"""
        GET https://registry.access.redhat.com/v2/ 200 ua=containers/5.36 => ping - - - -
        GET {host}/manifests/9 200 have=index bare h:transfer-encoding=chunked => manifest index - - -
        GET {host}/manifests/{{manifest}} 200 have=manifest bare h:transfer-encoding=chunked => manifest manifest t - -
        GET {host}/blobs/{{config}} 302 to=https://cdn01.quay.io/c?sig => redirect config - - -
        GET https://cdn01.quay.io/c?sig 200 have=config h:transfer-encoding=chunked => cdn config t 4 -
        GET {host}/blobs/{{layer0}} 302 to=https://cdn01.quay.io/l?sig => redirect layer - - -
        GET https://cdn01.quay.io/l?sig 200 have=layer0 => cdn layer t 6 -
    """).pull()  # fmt: skip
    assert (pull.digest, pull.outcome, alarms(pull)) == (talk().digest("index"), Outcome.COMPLETE, [])
