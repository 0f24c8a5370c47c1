"""The recorder beside the mirror: each pull is one story, with what the mirror did upstream for it, and without a secret."""

import json
import subprocess
import sys
from collections import Counter
from urllib.parse import urlsplit

from stack import truth
from stack.clients import CLIENTS, PASSWORD, logins
from stack.hub import SIGNATURE
from stack.mirror import running
from stack.place import OURS
from stack.procs import environment
from stack.recording import ROOT

PULLS = {"labuser/big:latest": "big", "private/secret:latest": "secret", "hello-world:latest": "hello"}
RUN = "import sys; from inspector.cli.main import run; sys.exit(run(sys.argv[1:]))"


def report(mirror, *options) -> str:
    env = environment(mirror.place) | {"PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", RUN, "report", str(mirror.capture), *options]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (mirror.folder / f"report{''.join(options)}").write_text(done.stdout)
    return done.stdout


def test_what_the_mirror_did_for_each_request_is_told_as_the_servers_logged_it(hub, clients) -> None:
    with running(hub, "recorded", record=True) as mirror, mirror.logged() as log:
        for client in map(clients, CLIENTS):
            with mirror.cut(mirror.far):
                for what in PULLS:
                    client.forget()
                    run = client.pull(f"{OURS}/{what}", login=what.startswith("private"))
                    assert run.code == 0, run
    told = json.loads(report(mirror, "--format=json"))["pulls"]
    assert [(one["reference"], one["client"]["name"], one["outcome"], one["digest"]) for one in told] == [
        (f"{OURS}/{what}", CLIENTS[name].product, "complete", hub.digests[image])
        for name in CLIENTS
        for what, image in PULLS.items()
    ]
    exchanges = [one for pull in told for one in pull["exchanges"]]
    assert {urlsplit(one["url"]).hostname for one in exchanges} == {OURS}
    upstream = [hop for one in exchanges for hop in one["upstream"]]
    assert Counter(map(fact, upstream)) == Counter(
        (one.host, one.method, one.path, one.status) for one in log
    )
    # One layer of each client's was cut, and goes on in the same answer.
    healed = [one for one in exchanges if one["resumes"]]
    assert [[hop["status"] for hop in one["upstream"]] for one in healed] == [[307, 200, 307, 206]] * len(
        CLIENTS
    )
    assert [(one["content"], one["verified"], one["error"]) for one in healed] == [
        ("layer", True, None)
    ] * len(CLIENTS)
    assert [finding for pull in told for finding in pull["findings"]] == []
    report(mirror, "--full")
    basic = json.loads(logins())["auths"][OURS]["auth"]
    assert truth.leaks(truth.secrets(hub.token_journal, PASSWORD, basic, SIGNATURE), mirror.folder) == []


def fact(hop: dict) -> tuple:
    url = urlsplit(hop["url"])
    return url.hostname, hop["method"], url.path, hop["status"]
