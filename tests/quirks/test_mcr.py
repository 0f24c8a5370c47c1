"""MCR, by where it keeps its blobs."""


def test_its_storage_shows_it(sends):
    assert "MCR" in sends("location: https://eastus.data.mcr.microsoft.com/x", status=307)
    assert "MCR" not in sends("location: https://data.example/x", status=307)
