"""Every client pulls through our mirror, by its name in the reference and as the mirror that it is configured with.

What really happened is read from the servers' log. No client has a way to the hub of its own: the proxy that leads there
does not run, so whoever turns to the hub itself fails.
"""

import re
from collections import Counter

import pytest
from stack import images
from stack.clients import CLIENTS
from stack.mirror import MARK, running
from stack.place import AUTH, CDN, OURS, REGISTRY

EVERY = pytest.mark.parametrize("name", CLIENTS)
WAYS = pytest.mark.parametrize("way", ["prefix", "configured"])
HELLO, BIG = "hello-world:latest", "labuser/big:latest"

# What is pulled: how the client calls it, how the hub does, the image, and with what besides.
PULLS = {
    "without library": (HELLO, "library/hello-world", "hello", {}),
    "with library": ("library/hello-world:latest", "library/hello-world", "hello", {}),
    "deep": ("team/sub/deep:latest", "team/sub/deep", "deep", {}),
    "private": ("private/secret:latest", "private/secret", "secret", {"login": True}),
    "digest": ("hello-world@", "library/hello-world", "hello", {}),
    "other platform": (HELLO, "library/hello-world", "hello", {"platform": "arm64"}),
}


@pytest.fixture(scope="module")
def mirror(hub):
    with running(hub, "pulls") as started:
        yield started


def pull(client, way, what, **more):
    mirror = OURS if way == "configured" else ""
    return client.pull(f"{'docker.io' if mirror else OURS}/{what}", mirror=mirror, **more)


def proper(mirror, log) -> None:
    """Assert that only the mirror asked, and that credentials went where they belong."""
    assert log
    assert mirror.around(log) == []
    assert {one.agent for one in log if one.host == AUTH} <= {MARK}
    assert {one.credential for one in log if one.host == CDN} <= {"none"}
    assert {one.credential for one in log if one.host == REGISTRY} <= {"none", "bearer"}
    assert [one for one in log if one.status == 400] == []


def brought(log) -> Counter[str]:
    """How often each content was fetched whole from the CDN."""
    return Counter(one.digest for one in log if one.host == CDN and one.status == 200)


@EVERY
@WAYS
@pytest.mark.parametrize("case", PULLS)
def test_it_is_pulled_through_the_mirror(mirror, hub, clients, name, way, case) -> None:
    what, repository, image, more = PULLS[case]
    client = clients(name)
    client.forget()
    with mirror.logged() as log:
        run = pull(client, way, what + (hub.digests[image] if what.endswith("@") else ""), **more)
    assert run.code == 0, run
    proper(mirror, log)
    asked = {
        "/".join(one.path.split("/")[2:-2]) for one in log if one.stage in ("resolve", "manifest", "redirect")
    }
    assert asked == {repository}
    layout = hub.place.folder("images") / image
    assert brought(log) == Counter(images.blobs(layout, more.get("platform", "amd64")))
    logins = [one for one in log if one.credential == "basic" or (one.host == AUTH and one.method == "POST")]
    assert bool(logins) == more.get("login", False)
    assert {one.host for one in logins} <= {AUTH}


# How much of config and one layer a client fetches again. skopeo copies into a new folder; podman and buildah read the config.
AGAIN = {"docker": 0, "containerd": 0, "podman": 1, "buildah": 1, "skopeo": 2}


@EVERY
@WAYS
def test_a_second_pull_fetches_what_the_client_lacks(mirror, clients, name, way) -> None:
    client = clients(name)
    client.forget()
    assert pull(client, way, HELLO).code == 0
    with mirror.logged() as log:
        run = pull(client, way, HELLO)
    assert run.code == 0, run
    proper(mirror, log)
    assert brought(log).total() == AGAIN[name]


@EVERY
@WAYS
def test_a_missing_tag_is_told_by_the_upstreams_own_error(mirror, clients, name, way) -> None:
    """A client that has the mirror configured then turns to the hub itself, and docker tells of nothing else."""
    client = clients(name)
    client.forget()
    with mirror.logged() as log:
        run = pull(client, way, "hello-world:nope")
    assert run.code != 0, run
    proper(mirror, log)
    missing = [one.path for one in log if one.status == 404]
    assert set(missing) == {"/v2/library/hello-world/manifests/nope"}
    told = "not found" if name == "containerd" else "manifest unknown"
    assert (told in run.text) == (way == "prefix" or name not in ("docker", "containerd")), run
    assert (f"https://{REGISTRY}/v2/" in run.text) == (way == "configured"), run


@EVERY
@WAYS
def test_a_layer_that_breaks_off_upstream_is_healed_unseen(mirror, hub, clients, name, way) -> None:
    client = clients(name)
    client.forget()
    with mirror.cut(mirror.far) as line, mirror.logged() as log:
        run = pull(client, way, BIG)
    assert (run.code, line.cuts) == (0, 1), run
    proper(mirror, log)
    [rest] = [one for one in log if one.host == CDN and one.status == 206]
    # Both ends are named: that is the mirror's own request, not a client's.
    assert re.fullmatch(r"bytes=[1-9]\d+-\d+", rest.range)
    layout = hub.place.folder("images") / "big"
    assert brought(log) == Counter(images.blobs(layout))


@EVERY
@WAYS
def test_a_client_that_was_cut_off_resumes_if_it_can(mirror, clients, name, way) -> None:
    """docker and containerd ask the mirror for the rest; podman, skopeo and buildah give up at once."""
    client = clients(name)
    client.forget()
    with mirror.cut(mirror.near) as line, mirror.logged() as log:
        run = pull(client, way, BIG)
    assert line.cuts == 1
    proper(mirror, log)
    rest = [one.range for one in log if one.host == CDN and one.status == 206]
    if name in ("docker", "containerd"):
        assert run.code == 0, run
        assert [re.fullmatch(r"bytes=[1-9]\d+-", one) is not None for one in rest] == [True]
    else:
        assert run.code != 0, run
        assert "unexpected EOF" in run.text
        assert rest == []
