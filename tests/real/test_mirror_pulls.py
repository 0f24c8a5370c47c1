import shutil, sys
import pytest
from stack.clients import CLIENTS
from stack.mirror import running
from stack.place import OURS, OURS_AT

EVERY = pytest.mark.parametrize("name", CLIENTS)
WAYS = pytest.mark.parametrize("way", ["prefix", "configured"])
DIG = "@DIG"
@pytest.fixture(scope="module")
def mirror(hub):
    with running(hub, "pulls", record=True) as started:
        yield started
        shutil.copytree(hub.place.log, "/tmp/mm-log", dirs_exist_ok=True)
        shutil.copytree(started.folder, "/tmp/mm-mirror", dirs_exist_ok=True)

def pull(client, way, repository, **more):
    first = OURS if way == "configured" else ""
    return client.pull(f"{'docker.io' if first else OURS}/{repository}", mirror=first, **more)

CASES = {"public": ("hello-world:latest", {}), "library": ("library/hello-world:latest", {}), "deep": ("team/sub/deep:latest", {}),
 "private": ("private/secret:latest", {"login": True}), "digest": ("hello-world@DIG", {}), "arm": ("hello-world:latest", {"platform": "arm64"}),
 "missing": ("hello-world:nope", {}), "big": ("labuser/big:latest", {}), "denied": ("private/secret:latest", {}),
 "farcut": ("labuser/big:latest", {}), "nearcut": ("labuser/big:latest", {}), "again": ("hello-world:latest", {})}

@WAYS
@EVERY
@pytest.mark.parametrize("case", CASES)
def test_it(mirror, hub, clients, name, way, case):
    client = clients(name)
    client.forget()
    ref, more = CASES[case]
    ref = ref.replace("DIG", hub.digests["hello"])
    if case == "again":
        assert pull(client, way, ref, **more).code == 0
    line = mirror.far if case == "farcut" else mirror.near
    line.cuts = 0
    line.left = 1 if "cut" in case else 0
    with mirror.logged() as log:
        run = pull(client, way, ref, **more)
    with open("/tmp/mm-out.txt", "a") as f:
        f.write(f"=== {case} {name} {way} code={run.code} cuts={line.cuts}\n" + (run.text[-700:] if run.code else "") + "\n")
        for one in log: f.write(f"   {one.host[:12]} {one.method} {one.path[-60:]} {one.status} {one.size} {one.credential} {one.range} {one.agent[:14]} via={one.via[:10]} {one.peer[-2:]}\n")
    line.left = 0
    assert mirror.around(log) == []
    assert (run.code == 0) == (case not in ("missing", "denied")), run.text
