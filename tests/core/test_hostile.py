"""Whatever peers send, in whatever order: a result, never an exception (style.md, lesson 4)."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspector.core.engine import Engine
from inspector.core.events import (
    Body,
    ConnectionFailed,
    Ended,
    Peer,
    RequestHead,
    ResponseHead,
    Side,
    Trouble,
)
from inspector.core.pull import Outcome

DIGEST = "sha256:" + "a" * 64
PATHS = [
    "/v2/",
    "/v2",
    "/v2/library/x/manifests/latest",
    f"/v2/library/x/manifests/{DIGEST}",
    f"/v2/library/x/blobs/{DIGEST}",
    "/v2/library/x/blobs/uploads/",
    "/v2/library/x/blobs/uploads/u",
    "/v2/library/x/tags/list",
    f"/v2/library/x/referrers/{DIGEST}",
    f"/v2/library/x/manifests/sha256-{'a' * 64}.sig",
    "/v2/_catalog",
    "/v1/search?q=x",
    "/token?service=s&scope=repository:library/x:pull",
    "/cdn/x",
    "/v2/../v2//x/manifests/%2e%2e",
    "[/v2/",
]
HEADERS = [
    ("www-authenticate", 'Bearer realm="https://r.test/token",service="s"'),
    ("www-authenticate", 'Bearer realm="'),
    ("location", "https://r.test/cdn/x"),
    ("location", "//"),
    ("location", f"/v2/library/x/blobs/{DIGEST}"),
    ("docker-content-digest", DIGEST),
    ("docker-content-digest", "sha256:"),
    ("content-type", "application/vnd.oci.image.index.v1+json"),
    ("authorization", "Bearer ‹token 00000001›"),
    ("user-agent", "docker/24"),
    ("user-agent", "\\x1b]52;c;x"),
]
DOCUMENTS = [
    b"",
    b"{}",
    b"[" * 20_000,
    b"\xff\xfe",
    json.dumps({"token": "‹token 00000001›"}).encode(),
    json.dumps({"schemaVersion": 2, "manifests": [{"digest": DIGEST}, {"digest": 3}, None]}).encode(),
    json.dumps(
        {"schemaVersion": 2, "config": {"digest": DIGEST}, "layers": [{"digest": DIGEST, "size": -1}]}
    ).encode(),
    json.dumps({"schemaVersion": 2, "layers": None, "config": []}).encode(),
]

ids = st.sampled_from(["a", "b", "c", "d"])
times = st.one_of(st.none(), st.floats(min_value=0, max_value=2e9, allow_nan=False))
headers = st.lists(
    st.one_of(st.sampled_from(HEADERS), st.tuples(st.text(max_size=8), st.text(max_size=30))), max_size=4
)
peers = st.builds(Peer, address=st.sampled_from(["10.0.0.1", None]), connection=st.sampled_from(["k", None]))
requests = st.builds(
    RequestHead,
    id=ids,
    time=st.floats(min_value=0, max_value=2e9, allow_nan=False),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "WEIRD"]),
    url=st.one_of(st.sampled_from(PATHS).map("https://r.test".__add__), st.text(max_size=40)),
    host=st.sampled_from(["r.test", "m.test:5000", ""]),
    http_version=st.just("HTTP/1.1"),
    headers=headers.map(tuple),
    client=peers,
)
responses = st.builds(
    ResponseHead,
    id=ids,
    time=times,
    status=st.sampled_from([200, 206, 301, 307, 401, 403, 404, 429, 500, 100, 999]),
    http_version=st.just("HTTP/2.0"),
    headers=headers.map(tuple),
)
bodies = st.builds(
    Body,
    id=ids,
    side=st.sampled_from(list(Side)),
    size=st.one_of(st.none(), st.integers(0, 10)),
    sha256=st.one_of(st.none(), st.just("a" * 64)),
    decoded_sha256=st.one_of(st.none(), st.just("a" * 64)),
    complete=st.sampled_from([None, True, False]),
    document=st.one_of(st.none(), st.sampled_from(DOCUMENTS), st.binary(max_size=40)),
)
ends = st.builds(
    Ended, id=ids, time=times, error=st.one_of(st.none(), st.text(max_size=10)), cut_by_end=st.booleans()
)
failures = st.builds(
    ConnectionFailed,
    id=ids,
    time=st.floats(min_value=0, max_value=2e9, allow_nan=False),
    trouble=st.sampled_from(list(Trouble)),
    client=peers,
    host=st.one_of(st.none(), st.just("r.test")),
    port=st.none(),
    message=st.text(max_size=10),
)
anything = st.lists(
    st.one_of(requests, requests, responses, responses, bodies, ends, ends, failures), max_size=40
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything)
def test_any_events_in_any_order_give_pulls(events):
    engine = Engine()
    heads = sum(isinstance(event, RequestHead) for event in events)
    for event in events:
        engine.feed(event)
    engine.settled(now=3e9, quiet=1.0)
    pulls = engine.finish()
    told = sum(len(pull.steps) for pull in pulls) + engine.other
    repeated = len([e for e in events if isinstance(e, RequestHead)]) - len(
        {(e.id, e.time) for e in events if isinstance(e, RequestHead)}
    )
    assert heads - repeated <= told <= heads, "only a head that comes again, at the same moment, adds nothing"
    for pull in pulls:
        assert pull.outcome in Outcome
        assert [step.n for step in pull.steps] == list(range(1, len(pull.steps) + 1))
        assert all(step.follows is None or step.follows < step.n for step in pull.steps)
        assert pull.elapsed >= 0


def test_an_index_of_very_many_entries_is_bounded(traffic):
    entries = [{"mediaType": "x", "digest": f"sha256:{n:064x}", "size": 1} for n in range(100_000)]
    document = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    kind = "application/vnd.oci.image.index.v1+json"
    traffic.manifest("https://r.test", "a/b", "latest", document, kind)
    traffic.manifest("https://r.test", "a/b", entries[99_999]["digest"], b"{}", kind)
    root = traffic.pull().root
    assert len(root.children) <= 257
    assert root.children[0].digest == entries[99_999]["digest"], "what was asked for stands first"


def test_a_graph_that_names_itself_ends(traffic):
    one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    for own, other in ((one, two), (two, one)):
        document = json.dumps(
            {"schemaVersion": 2, "manifests": [{"digest": other, "size": 1}, {"digest": own, "size": 1}]}
        )
        told = {"docker-content-digest": own}
        traffic.get(f"https://r.test/v2/a/b/manifests/{own}", 200, body=document.encode(), headers=told)
    pull = traffic.pull()
    assert [child.digest for child in pull.root.children] == [two]
    assert pull.root.children[0].children == []


def test_a_chain_of_ten_thousand_redirects_is_followed(traffic):
    first = f"https://r.test/v2/a/b/blobs/{DIGEST}"
    traffic.get(first, 307, headers={"location": "https://r.test/hop/0"})
    for hop in range(10_000):
        traffic.get(f"https://r.test/hop/{hop}", 302, headers={"location": f"https://r.test/hop/{hop + 1}"})
    pull = traffic.pull()
    assert len(pull.steps) == 10_001
    assert pull.steps[-1].follows == 10_000
