"""Each fault, by a real client through a real mitmproxy: the report's first finding is the fault's own code.

What the embedded client cannot show has its reason in ``ELSEWHERE``; its act is tested in ``test_kinds.py``.
"""

from dataclasses import dataclass, field

import pytest

from inspector.faults.absent import ABSENT
from inspector.faults.catalogue import faults
from inspector.lab import client as lab_client
from inspector.rules.catalogue import built_in

DOCKER = (
    "docker/27.3.1 go/go1.22 kernel/6.1 os/linux arch/amd64 UpstreamClient(Docker-Client/27.3.1 \\(linux\\))"
)


@dataclass
class Shown:
    """How the embedded client shows a fault. ``root`` is the first finding where another one is the cause of it."""

    order: str = ""
    root: str = ""
    name: str = "demo/app"
    agent: str = ""
    succeeds: bool = False
    options: dict[str, str] = field(default_factory=dict)


SHOWN: dict[str, Shown] = {
    "blob-unknown": Shown(),
    "body-truncated": Shown(),
    "cdn-denied": Shown(),
    "cdn-rejects-authorization": Shown(),
    "cdn-unreachable": Shown(),
    "challenge-malformed": Shown(),
    "challenge-missing": Shown(),
    "connect-failed": Shown(),
    "content-encoding": Shown(),
    "credentials-missing": Shown(),
    "digest-header-mismatch": Shown(succeeds=True),
    "digest-header-missing": Shown(),
    "digest-mismatch": Shown(),
    "header-too-large": Shown(),
    "html-answer": Shown(),
    "insufficient-scope": Shown(),
    "length-missing": Shown(succeeds=True),
    "library-missing": Shown(name="app"),
    "media-type-mismatch": Shown(succeeds=True),
    "name-invalid": Shown(options={"fault_filter": "~m GET"}),  # to HEAD there is no body that says so
    "name-not-resolved": Shown(),
    "not-a-registry": Shown(),
    "platform-missing": Shown(agent=DOCKER),
    "range-ignored": Shown(order="body-truncated:1,range-ignored", root="body-truncated", succeeds=True),
    "range-refused": Shown(order="body-truncated:1,range-refused", root="body-truncated"),
    "rate-limit-near": Shown(succeeds=True),
    "rate-limited": Shown(),
    "realm-bypasses-mirror": Shown(),
    "realm-invalid": Shown(),
    "realm-unreachable": Shown(),
    "redirect-leaves-mirror": Shown(),
    "redirect-loop": Shown(),
    "redirect-to-http": Shown(succeeds=True),  # this client knows no plain HTTP
    "redirect-to-private": Shown(),
    "repository-denied": Shown(),
    "schema1": Shown(),
    "scope-wrong-repository": Shown(),
    "server-error": Shown(),
    "signed-url-expired": Shown(),
    "size-mismatch": Shown(),
    "tag-not-found": Shown(),
    "tls-ca-not-trusted": Shown(),
    "tls-upstream-invalid": Shown(),
    "token-denied": Shown(),
    "token-expired": Shown(),
    "token-field-missing": Shown(),
    "token-ignored": Shown(),
    "token-not-json": Shown(),
    "token-other-scope": Shown(root="repository-denied"),
}

ELSEWHERE: dict[str, str] = {
    "accept-too-narrow": "it says that it takes every type",
    "credentials-refused": "it has no login",
    "head-get-differ": "it gives up at the refused HEAD",
    "not-an-image": "it wants an index first",
    "ns-not-supported": "it names no mirror's registry",
    "plain-http-on-tls-port": "it speaks TLS only",
    "signed-url-method": "it sends no HEAD to a storage",
    "slow": "that is no error; the time is a matter of thresholds",
    "stalled": "the rule wants half a minute of silence",
    "tag-moved": "it asks for the tag once",
}

BESIDE_THE_CATALOGUE = {"slow", "token-other-scope"}


def test_every_code_is_a_fault_or_has_a_reason():
    codes = {rule.code for rule in built_in()}
    assert codes - faults().keys() - ABSENT.keys() == set()
    assert faults().keys() & ABSENT.keys() == set()
    assert faults().keys() - codes == BESIDE_THE_CATALOGUE


def test_every_fault_is_shown_here_or_has_a_reason():
    assert SHOWN.keys() | ELSEWHERE.keys() == faults().keys()
    assert SHOWN.keys() & ELSEWHERE.keys() == set()


@pytest.mark.parametrize("name", SHOWN)
def test_its_code_is_the_root_of_what_is_found(world, name, monkeypatch):
    shown = SHOWN[name]
    if shown.agent:
        monkeypatch.setattr(lab_client, "USER_AGENT", shown.agent)
    came = world.pull(shown.order or name, name=shown.name, **shown.options)
    assert came.root == (shown.root or name), came.findings
    assert name in came.codes or name in BESIDE_THE_CATALOGUE
    assert (came.said is None) == shown.succeeds, came.said
    assert any(line.startswith(f"fault {name}: ") for line in came.log)
