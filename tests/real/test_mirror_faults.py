import threading, time, shutil
import pytest
from stack.clients import CLIENTS
from stack.mirror import running
from stack.place import OURS, AUTH, REGISTRY, CDN, DEAD_AT

EVERY = pytest.mark.parametrize("name", CLIENTS)
BIG, HELLO = "labuser/big:latest", "hello-world:latest"

def note(case, name, run, log, mirror):
    with open("/tmp/mm-faults.txt", "a") as f:
        f.write(f"=== {case} {name} code={run.code}\n{run.text[-900:]}\n")
        for one in log: f.write(f"   {one.host[:12]} {one.method} {one.path[-60:]} {one.status} {one.size} {one.credential} {one.range} {one.agent[:14]}\n")
        f.write(mirror.log.read_text()[-1500:] if case != "busy" else "")

def pull(mirror, client, ref, case, **more):
    client.forget()
    t = time.time()
    with mirror.logged() as log:
        run = client.pull(f"{OURS}/{ref}", **more)
    print(case, time.time() - t)
    note(case, client.name, run, log, mirror)
    return run, log

@pytest.fixture(scope="module")
def mirror(hub):
    with running(hub, "faults") as started:
        yield started
        shutil.copytree(started.folder, "/tmp/mm-mirror2", dirs_exist_ok=True)

@EVERY
def test_busy(mirror, hub, clients, name):
    with hub.busy() as over:
        start = hub.access_log.stat().st_size
        def watch():
            while b'"status":503' not in hub.access_log.read_bytes()[start:]:
                time.sleep(0.02)
            over()
        threading.Thread(target=watch, daemon=True).start()
        run, log = pull(mirror, clients(name), HELLO, "busy")
    assert run.code == 0, run

@EVERY
def test_busy_for_good(mirror, hub, clients, name):
    with hub.busy():
        run, log = pull(mirror, clients(name), HELLO, "busy-for-good")
    assert run.code

@EVERY
def test_dies(mirror, hub, clients, name):
    mirror.far.left, mirror.far.after, mirror.far.cuts = 99, 100_000, 0
    run, log = pull(mirror, clients(name), BIG, "dies")
    mirror.far.left = 0
    print(mirror.far.cuts)
    assert run.code

@EVERY
def test_push(mirror, hub, clients, name):
    client = clients(name)
    client.forget()
    assert client.pull(f"{OURS}/{HELLO}").code == 0
    to = f"{OURS}/labuser/new:1"
    with mirror.logged() as log:
        if name == "docker":
            client.docker("tag", f"{OURS}/{HELLO}", to)
            run = client.docker("push", to, login=True)
        elif name == "containerd":
            run = client.ctr("images", "push", "-u", "alice:alicepw", to, f"{OURS}/{HELLO}")
        elif name == "skopeo":
            run = client.skopeo("copy", f"oci:{hub.place.folder('images')}/hello:latest", f"docker://{to}", login=True)
        else:
            run = client.run(client.program, *client.storage(), "push", f"{OURS}/{HELLO}", to, REGISTRY_AUTH_FILE=client.auth(True), CONTAINERS_CONF=str(client.place.folder(name)/"containers.conf"))
    note("push", name, run, log, mirror)
    assert run.code
