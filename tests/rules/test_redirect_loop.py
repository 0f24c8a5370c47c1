from msgspec.structs import replace

from inspector.core.finding import Severity
from inspector.rules.sample import CONFIG, HEALTHY, LAYER, cdn, redirect

CODE = "redirect-loop"
HERE = redirect(CONFIG).url
THERE = "http://registry-1.docker.io/there"
AWAY = replace(redirect(CONFIG), give=(f"location: {THERE}",))
BACK = replace(redirect(CONFIG), url=THERE, give=(f"location: {HERE}",))


def test_two_that_send_to_each_other(found):
    finding = found(*HEALTHY[:5], AWAY, BACK, AWAY)[CODE]
    assert (finding.severity, finding.final) == (Severity.ERROR, True)
    assert [piece.exchange for piece in finding.evidence] == [6, 7, 8]
    assert "2 hops" in finding.summary


def test_ten_hops_to_new_places(found):
    def hop(n):
        return replace(
            redirect(CONFIG), url=f"{THERE}/{n}" if n else HERE, give=(f"location: {THERE}/{n + 1}",)
        )

    assert CODE in found(*HEALTHY[:5], *(hop(n) for n in range(11)))
    assert CODE not in found(*HEALTHY[:5], *(hop(n) for n in range(9)))


def test_a_chain_that_a_retry_repeats_is_no_loop(found):
    failing = replace(cdn(CONFIG), status=503, body=b"")
    assert CODE not in found(*HEALTHY[:5], *(turn for _ in range(6) for turn in (redirect(CONFIG), failing)))


def test_a_circle_that_ends_well(found):
    served = replace(cdn(CONFIG), url=HERE)
    assert CODE not in found(*HEALTHY[:5], AWAY, BACK, served, redirect(LAYER), cdn(LAYER))
