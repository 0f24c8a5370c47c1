"""The recording addon in mitmproxy's other modes: a SOCKS5 proxy, and a reverse proxy in the registry's place."""

from stack import judge
from stack.place import AUTH, CDN, INNER, PROXY_PORT, REGISTRY

HELLO = "docker.io/library/hello-world:latest"


def test_a_pull_through_a_socks5_proxy_is_told_as_through_any_other(scene, clients, hub, tmp_path) -> None:
    place = hub.place
    with scene.recorded(mode="socks5"):
        run = clients("skopeo").skopeo(
            "copy",
            f"docker://{HELLO}",
            f"dir:{tmp_path}",
            HTTPS_PROXY=place.proxy.replace("http:", "socks5:"),
        )
    assert run.code == 0, run
    judge.honest(scene, "skopeo")
    judge.whole(scene)
    judge.linked(scene)
    assert (scene.pull["reference"], scene.pull["outcome"]) == (HELLO, "complete")


def test_a_reverse_proxy_sees_its_own_part_of_a_pull_and_no_more(scene, clients, hub, tmp_path) -> None:
    """The realm and the CDN are elsewhere: the client goes there past the proxy."""
    name = f"{hub.place.at(INNER)}:{PROXY_PORT}"
    with scene.recorded(mode=f"reverse:https://{REGISTRY}"):
        run = clients("skopeo").skopeo(
            "copy",
            "--src-tls-verify=false",
            f"docker://{name}/library/hello-world",
            f"dir:{tmp_path}",
            HTTPS_PROXY="",
        )
    assert run.code == 0, run
    assert scene.leaks() == []
    asked = {(record.host, record.method, record.path, record.status) for record in scene.log}
    passed = {(host, *rest) for host, *rest in asked if host not in (AUTH, CDN)}
    assert {host for host, *_ in asked} == {REGISTRY, AUTH, CDN}
    told = {
        (REGISTRY, one["method"], "/" + one["url"].split("/", 3)[3], one["status"]) for one in scene.exchanges
    }
    assert told == passed
    assert scene.stages == ["challenge", "manifest", "manifest", "redirect", "redirect"]
    assert scene.pull["digest"] == hub.digests["hello"]
    assert all(one["verified"] for one in scene.exchanges if one["stage"] == "manifest")
