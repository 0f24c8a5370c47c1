from inspector.core.anchors import anchors_of


def keys(traffic):
    return [(anchor.step.exchange.method, sorted(anchor.keys)) for anchor in anchors_of(traffic.pulls())]


def test_a_tag_is_known_by_the_names_last_part_and_content_by_its_digest(traffic, image):
    one = image()
    traffic.docker_pull("proxy/library/app", "latest", one)
    index, manifest, config, layer = (
        traffic.sha(d) for d in (one.index, one.manifest, one.config, *one.layers)
    )
    assert keys(traffic) == [
        ("HEAD", sorted(["app:latest", index])),
        ("GET", [index]),
        ("GET", [manifest]),
        ("GET", [config]),
        ("GET", [layer]),
    ]


def test_pings_tokens_storages_and_pushes_are_none(traffic):
    traffic.ping()
    traffic.token("library/app")
    traffic.send("PUT", "https://registry.test/v2/library/app/manifests/latest", 201, sent=b"{}")
    assert keys(traffic) == []


def test_a_refusal_and_a_tags_list_are_anchors_too(traffic):
    traffic.get("https://registry.test/v2/a/app/tags/list", 200)
    traffic.head("https://registry.test/v2/a/app/manifests/nope", 404)
    (tags, head) = anchors_of(traffic.pulls())
    assert (tags.keys, head.keys) == ({"tags of app"}, {"app:nope"})
    assert (head.host, head.first, head.last) == ("registry.test", 1000.015, 1000.02)


def test_a_request_without_an_answer(traffic):
    traffic.head("https://registry.test/v2/a/app/manifests/nope", None, error="reset")
    (anchor,) = anchors_of(traffic.pulls())
    assert anchor.first is None
