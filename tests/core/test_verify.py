"""A body that the proxy broke on purpose is proved wrong, though it did not come to its end."""

import msgspec
import pytest

WANTED = b"what was asked for"
SENT = b"what was sent"


def fetched(traffic, error, status=200, method="GET"):
    url = f"https://registry-1.docker.io/v2/library/a/blobs/{traffic.sha(WANTED)}"
    traffic.send(method, url, status, body=SENT[:-1], error=error)
    [pull] = traffic.pulls()
    return pull.steps[-1]


def test_a_body_that_was_broken_since_it_is_wrong_is_proved_wrong(traffic):
    step = fetched(
        traffic, f"wrong content: {traffic.sha(WANTED)} was asked for, {traffic.sha(SENT)} came (13 bytes)"
    )
    assert step.verified is False
    assert step.exchange.wrong_content == traffic.sha(SENT)[7:]


@pytest.mark.parametrize(
    "error",
    [
        "peer closed connection",
        "wrong content: it was",
        "so, wrong content: sha256:aa was asked for, sha256:bb came ",
    ],
)
def test_any_other_broken_body_is_not(traffic, error):
    step = fetched(traffic, error)
    assert step.verified is None
    assert step.exchange.wrong_content is None


def test_a_part_of_a_body_is_not_compared(traffic):
    error = f"wrong content: {traffic.sha(WANTED)} was asked for, {traffic.sha(SENT)} came (13 bytes)"
    assert fetched(traffic, error, status=206).verified is None


class TestWithAContentCoding:
    """What the wire carries is what was asked for, and it is called gzip."""

    @staticmethod
    def _step(traffic, **request):
        url = f"https://registry-1.docker.io/v2/library/a/blobs/{traffic.sha(WANTED)}"
        traffic.get(url, 200, body=WANTED, headers={"content-encoding": "gzip"}, request=request)
        decoded = traffic.events.pop(-2)
        traffic.events.insert(-1, msgspec.structs.replace(decoded, decoded_size=1, decoded_sha256="ab" * 32))
        [pull] = traffic.pulls()
        return pull.steps[-1]

    def test_a_client_that_undoes_it_gets_something_else(self, traffic):
        assert self._step(traffic, **{"accept-encoding": "gzip"}).verified is False

    def test_a_client_that_undoes_none_gets_it(self, traffic):
        assert self._step(traffic).verified is True
