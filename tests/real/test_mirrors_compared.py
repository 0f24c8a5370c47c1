"""draft"""
import json, time
import pytest
from stack import others
from stack.clients import CLIENTS
from stack.place import AUTH, OURS
HELLO, BIG, SECRET = "hello-world:latest", "labuser/big:latest", "private/secret:latest"
WAYS = {"directly": others.directly, "ours": others.our_mirror, "nginx": others.nginx, "stripping": lambda hub: others.nginx(hub, strip=True), "worker": others.worker, "pull-through": others.pull_through}
CASES = {"by prefix": (HELLO, {}), "with library": ("library/"+HELLO, {}), "configured": ("library/"+HELLO, {"mirror": OURS}), "private": (SECRET, {"login": True}), "digest": ("library/hello-world@", {}), "missing": ("library/hello-world:nope", {}), "cut": (BIG, {})}
@pytest.fixture(scope="module")
def tunnel(hub):
    with others.Tunnel(hub.place) as t: yield t
@pytest.fixture(scope="module", params=WAYS)
def way(hub, tunnel, request):
    try:
        with WAYS[request.param](hub) as started:
            started.label = request.param
            yield started
    except others.Unavailable as e:
        pytest.skip(str(e))
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", CLIENTS)
def test_x(way, tunnel, hub, clients, name, case):
    what, more = CASES[case]
    if case == "configured" and way.label == "directly": pytest.skip("none")
    client = clients(name)
    client.forget()
    if hasattr(way, "forget"): way.forget()
    tunnel.asked.clear()
    way.far.cuts, way.far.left = 0, int(case == "cut")
    where = "docker.io" if more.get("mirror") or way.label == "directly" else OURS
    t = time.time()
    run = client.pull(f"{where}/{what}" + (hub.digests["hello"] if what.endswith("@") else ""), **more)
    way.far.left = 0
    with open("/tmp/compared.jsonl", "a") as f:
        f.write(json.dumps([way.label, name, case, run.code, sorted(set(tunnel.asked)), way.far.cuts, round(time.time()-t, 2), run.text[-700:]])+"\n")
