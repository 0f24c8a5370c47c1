"""What a client prints when it meets a finding: the rule's own list, for the client at hand.

Knows: rules' ``says``, and which clients are built on which. Must not know: pulls beyond their client's name.
"""

from inspector.core.finding import Finding
from inspector.rules import catalogue

MOST = 3
"""Lines that are told of one finding."""

# Whose words a client prints: podman and its like are containers/image, others are containerd's resolver inside.
_FAMILY = {
    "containers": "podman", "cri-o": "podman", "buildah": "podman", "skopeo": "podman",
    "nerdctl": "containerd", "buildkit": "containerd",
    "go-containerregistry": "crane", "kaniko": "crane",
}  # fmt: skip


def prints(finding: Finding, client: str | None) -> list[tuple[str, str]]:
    """(who, words) for each line that this client prints, or its log; empty where the rule has none, or none is known.

    ``docker`` finds ``docker``, ``docker 20.10`` and ``docker's log``; every client finds ``any``.
    """
    rule = catalogue.rule(finding.code)
    if rule is None or not client:
        return []
    family = _FAMILY.get(client, client)
    mine = [(who, words) for who, words in rule.says if _is_of(who, family)]
    return (mine or [(client, words) for who, words in rule.says if who == "any"])[:MOST]


def _is_of(who: str, family: str) -> bool:
    return who == family or (who.startswith(family) and not who[len(family)].isalnum())
