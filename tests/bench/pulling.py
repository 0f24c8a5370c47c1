"""Who pulls from a party: skopeo, dockerd, curl, and a client of our own that asks for manifests.

Knows: the clients' options, the party's name and address. Must not know: what is compared. Each checks that it got all.
"""

import shutil
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor

from measuring import timed
from parties import BLOBS, IMAGE, Party
from stack import clients
from stack.place import CDN, CDN_AT, Place
from stack.procs import environment

# -- images ------------------------------------------------------------------------------------------------------------


def skopeo(party: Party) -> float:
    """Seconds in which skopeo copies the image into a folder in memory."""
    target = party.place.folder("bench", "out")
    argv = ["skopeo", "copy", "-q", f"docker://{party.host}/{IMAGE}:latest", f"dir:{target}"]
    env = environment(party.place, SSL_CERT_FILE=str(party.place.pki / "bundle.pem"))

    def copy() -> None:
        done = subprocess.run(
            party.inside(argv), env=env, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, f"{party.name}: {done.stderr}"

    try:
        return timed(copy)
    finally:
        shutil.rmtree(target)


class Dockerd(clients.Docker):
    """One dockerd for all parties: it takes what is at 127.x:443 for a registry whose certificate need not fit."""

    driver = "overlay2"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
            del self.env[name]

    def copy(self, party: Party) -> float:
        """Seconds in which it pulls and unpacks the image, of which it has nothing any more afterwards."""
        host = f"{party.address}:443" if party.service else "docker.io"

        def pull() -> None:
            done = self.docker("pull", "-q", f"{host}/{IMAGE}:latest")
            assert done.code == 0, f"{party.name}: {done}"

        try:
            return timed(pull)
        finally:
            self.forget()


# -- blobs -------------------------------------------------------------------------------------------------------------


def curl(party: Party, digest: str, authorization: str, scheme: str) -> list[str]:
    """The command that fetches a blob and prints status, bytes and seconds. Only direct has a redirect to follow."""
    port = 443 if scheme == "https" else 80
    names = {party.host: party.address, CDN: party.place.at(CDN_AT)}
    leads = [word for name, to in names.items() for word in ("--resolve", f"{name}:{port}:{to}")]
    trust = ["--cacert", str(party.place.pki / "ca.crt")]
    shown = ["-o", "/dev/null", "-w", "%{http_code} %{size_download} %{time_total}"]
    url = f"{scheme}://{party.host}:{port}/v2/{BLOBS}/blobs/{digest}"
    return ["curl", "-sSL", "--http1.1", *trust, *leads, "-H", authorization, *shown, url]


def fetch(party: Party, digest: str, size: int, authorization: str, scheme: str = "https") -> float:
    """Seconds in which curl fetches a blob of ``size`` bytes."""
    argv = curl(party, digest, authorization, scheme)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.split()[:2] == ["200", str(size)], f"{party.name}: {done}"
    return float(done.stdout.split()[2])


def fetch_at_once(party: Party, digest: str, size: int, authorization: str, clients_: int) -> float:
    """Seconds until ``clients_`` curls that were started together have the blob."""
    argv = curl(party, digest, authorization, "https")

    def all_of_them() -> None:
        started = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(clients_)]
        said = [one.communicate(timeout=600)[0].split()[:2] for one in started]
        assert said == [["200", str(size)]] * clients_, party.name

    return timed(all_of_them)


# -- manifests ---------------------------------------------------------------------------------------------------------


def ask(party: Party, repository: str, authorization: str, count: int) -> None:
    """``count`` GETs of a manifest by tag on one connection that is kept."""
    head = (
        f"GET /v2/{repository}/manifests/latest HTTP/1.1\r\nHost: {party.host}\r\n{authorization}\r\n"
        "Accept: application/vnd.oci.image.index.v1+json\r\n\r\n"
    ).encode()
    context = ssl.create_default_context(cafile=str(party.place.pki / "ca.crt"))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the stack's certificates are short
    with socket.create_connection((party.address, 443)) as plain:
        plain.settimeout(60)
        with context.wrap_socket(plain, server_hostname=party.host) as line, line.makefile("rb") as reader:
            for _ in range(count):
                line.sendall(head)
                status, length = reader.readline(), 0
                while (field := reader.readline().strip()) != b"":
                    if field.lower().startswith(b"content-length:"):
                        length = int(field[15:])
                assert status.split()[1] == b"200", f"{party.name}: {status!r}"
                assert b"manifests" in reader.read(length)


def ask_in_parallel(party: Party, repository: str, authorization: str, connections: int, count: int) -> float:
    """Seconds for ``count`` manifests over so many connections."""

    def all_of_them() -> None:
        with ThreadPoolExecutor(connections) as pool:
            each = [
                pool.submit(ask, party, repository, authorization, count // connections)
                for _ in range(connections)
            ]
            for one in each:
                one.result()

    return timed(all_of_them)
