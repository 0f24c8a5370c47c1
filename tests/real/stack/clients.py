"""The real clients, each with storage, configuration and logins of its own.

Knows: how each is started, told to pull, made to forget. Must not know: what goes over the wire.
Every client trusts ``pki/bundle.pem``, uses the stack's proxy, and would reach the hub without it: a client that
bypassed the proxy would be seen in the servers' logs, and only there.
"""

import base64
import json
import shutil
import signal
import subprocess
from dataclasses import dataclass

from stack.place import OURS, REGISTRY, Place
from stack.procs import Service, environment, private

USER, PASSWORD = "alice", "alicepw"
# containerd's plugins that reach outside its folders, or find nothing here
UNUSED = (
    "grpc.v1.cri",
    "internal.v1.opt",
    "snapshotter.v1.devmapper",
    "snapshotter.v1.zfs",
    "snapshotter.v1.btrfs",
    "snapshotter.v1.aufs",
    "tracing.processor.v1.otlp",
)
POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'


@dataclass(frozen=True)
class Run:
    """What a client's command did: its words, its exit status, all that it printed."""

    argv: list[str]
    code: int
    text: str

    def __str__(self) -> str:
        return f"{' '.join(self.argv)} -> {self.code}\n{self.text[-2000:]}"


def logins() -> str:
    """What ``docker login`` would have written for alice: config.json and auth.json have this form."""
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return json.dumps(
        {"auths": {name: {"auth": auth} for name in ("https://index.docker.io/v1/", "docker.io", OURS)}}
    )


class Client:
    """One client on one stack. ``product`` is the name that a report gives it."""

    name = product = ""

    def __init__(self, place: Place) -> None:
        self.place, self.round = place, 0
        self.daemon: Service | None = None
        self.env = environment(
            place,
            SSL_CERT_FILE=str(place.pki / "bundle.pem"),
            HTTPS_PROXY=place.proxy,
            HTTP_PROXY=place.proxy,
            NO_PROXY=OURS,
        )
        home = place.folder("home", ".config", "containers")
        (home / "policy.json").write_text(POLICY)
        (home / "registries.conf").write_text('unqualified-search-registries = ["docker.io"]\n')
        for kind, text in (("login", logins()), ("anonymous", "{}")):
            (place.folder("auth", kind) / "config.json").write_text(text)

    def start(self) -> None:
        """Start the client's daemon, if it has one."""

    def stop(self) -> None:
        """Stop it."""
        if self.daemon:
            self.daemon.stop()

    def forget(self) -> None:
        """Make the next pull a whole one."""
        self.round += 1

    def pull(self, reference: str, *, login: bool = False, mirror: str = "", platform: str = "") -> Run:
        """Pull ``reference`` (with its registry), as alice or as nobody.

        ``mirror``: the host that is asked first for docker.io. ``platform``: an architecture, or this machine's.
        """
        raise NotImplementedError

    def auth(self, login: bool) -> str:
        return str(self.place.folder("auth", "login" if login else "anonymous") / "config.json")

    def registries(self, mirror: str) -> str:
        """The path of a registries.conf that has podman, skopeo or buildah ask ``mirror`` first."""
        path = self.place.folder(self.name) / "mirror.conf"
        path.write_text(f'[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "{mirror}"\n')
        return str(path)

    def run(self, *argv: str, **env: str) -> Run:
        done = subprocess.run(
            private(self.place, list(argv)),
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=90,
            check=False,
            text=True,
            errors="replace",
        )
        return Run(list(argv), done.returncode, done.stdout)


class Docker(Client):
    """dockerd with its own data, socket and containerd; no bridge, no iptables."""

    name = product = "docker"
    driver = "vfs"

    def start(self) -> None:
        here = self.place.folder("dockerd")
        (here / "daemon.json").write_text("{}")
        self.socket = f"unix://{here}/d.sock"
        command = [
            "dockerd",
            "--config-file",
            f"{here}/daemon.json",
            "--iptables=false",
            "--bridge=none",
            f"--storage-driver={self.driver}",
            "--data-root",
            f"{here}/data",
            "--exec-root",
            f"{here}/exec",
            "-H",
            self.socket,
            "--pidfile",
            f"{here}/pid",
        ]
        self.daemon = Service(private(self.place, command), log=self.place.log / "dockerd.log", env=self.env)
        self.daemon.wait_for(lambda: self.docker("version").code == 0)
        self.mirror = ""

    def docker(self, *argv: str, login: bool = False) -> Run:
        config = str(self.place.folder("auth", "login" if login else "anonymous"))
        return self.run("docker", *argv, DOCKER_HOST=self.socket, DOCKER_CONFIG=config)

    def forget(self) -> None:
        known = self.docker("images", "-aq", "--no-trunc").text.split()
        if known:
            self.docker("rmi", "-f", *sorted(set(known)))
        # A pull that broke off may leave layers to which the daemon holds on; it would fetch them no more.
        if self._kept():
            self.stop()
            shutil.rmtree(self.place.folder("dockerd") / "data", ignore_errors=True)
            self.start()

    def _kept(self) -> bool:
        """Whether layers are there though no image is."""
        layers = self.place.folder("dockerd") / "data" / "image" / self.driver / "layerdb" / "sha256"
        return layers.is_dir() and any(layers.iterdir())

    def use(self, mirror: str) -> None:
        """Ask ``mirror`` first from now on: the daemon reads that anew at SIGHUP."""
        assert self.daemon
        if mirror != self.mirror:
            settings = {"registry-mirrors": [f"https://{mirror}"] if mirror else []}
            (self.place.folder("dockerd") / "daemon.json").write_text(json.dumps(settings))
            self.daemon.process.send_signal(signal.SIGHUP)
            show = ("info", "--format", "{{json .RegistryConfig.Mirrors}}")
            self.daemon.wait_for(
                lambda: (f'"https://{mirror}/"' if mirror else "[]") in self.docker(*show).text
            )
            self.mirror = mirror

    def pull(self, reference: str, *, login: bool = False, mirror: str = "", platform: str = "") -> Run:
        self.use(mirror)
        wanted = ["--platform", f"linux/{platform}"] if platform else []
        return self.docker("pull", *wanted, reference, login=login)


class Containerd(Client):
    """containerd with its own root and socket. A namespace sees only its own content, so a new one is a new store."""

    name = product = "containerd"

    def start(self) -> None:
        here = self.place.folder("containerd")
        config = here / "config.toml"
        disabled = json.dumps([f"io.containerd.{plugin}" for plugin in UNUSED])
        config.write_text(
            f'version = 2\nroot = "{here}/root"\nstate = "{here}/state"\ndisabled_plugins = {disabled}\n'
            f'[grpc]\naddress = "{here}/c.sock"\n'
            '[plugins."io.containerd.metadata.v1.bolt"]\ncontent_sharing_policy = "isolated"\n'
        )
        self.daemon = Service(
            private(self.place, ["containerd", "-c", str(config)]),
            log=self.place.log / "containerd.log",
            env=self.env,
        )
        self.daemon.wait_for(lambda: self.ctr("version").code == 0)

    def socket(self) -> list[str]:
        """The options that lead ctr to this daemon, and to the store of this round."""
        return ["-a", str(self.place.folder("containerd") / "c.sock"), "-n", f"round{self.round}"]

    def ctr(self, *argv: str) -> Run:
        return self.run("ctr", *self.socket(), *argv)

    def pull(self, reference: str, *, login: bool = False, mirror: str = "", platform: str = "") -> Run:
        folder = self.place.folder("containerd", "hosts", "docker.io")
        (folder / "hosts.toml").write_text(
            f'server = "https://{REGISTRY}"\n[host."https://{mirror}"]\ncapabilities = ["pull", "resolve"]\n'
        )
        user = ["-u", f"{USER}:{PASSWORD}"] if login else []
        hosts = ["--hosts-dir", str(folder.parent)] if mirror else []
        wanted = ["--platform", f"linux/{platform}"] if platform else []
        return self.ctr("images", "pull", "--snapshotter", "native", *wanted, *user, *hosts, reference)


class Podman(Client):
    """podman, and what it shares with buildah: a new storage folder for every whole pull."""

    name, product, program = "podman", "containers", "podman"
    options: tuple[str, ...] = ()

    def storage(self) -> list[str]:
        here = self.place.folder(self.name, str(self.round))
        # podman takes 50 characters for the runroot; /run is private (procs.TARGETS)
        return [
            "--root",
            f"{here}/root",
            "--runroot",
            f"/run/{self.name}{self.round}",
            "--storage-driver",
            "vfs",
        ]

    def start(self) -> None:
        here = self.place.folder(self.name)
        (here / "containers.conf").write_text(
            f'[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\nlock_type = "file"\n'
            f'tmp_dir = "{here}/tmp"\nvolume_path = "{here}/volumes"\nstatic_dir = "{here}/static"\n'
            f'[network]\nnetwork_config_dir = "{here}/net"\n'
        )

    def pull(self, reference: str, *, login: bool = False, mirror: str = "", platform: str = "") -> Run:
        return self.run(
            self.program,
            *self.storage(),
            "pull",
            *self.options,
            *(["--arch", platform] if platform else []),
            reference,
            REGISTRY_AUTH_FILE=self.auth(login),
            **({"CONTAINERS_REGISTRIES_CONF": self.registries(mirror)} if mirror else {}),
            CONTAINERS_CONF=str(self.place.folder(self.name) / "containers.conf"),
        )

    def push(self, reference: str, target: str) -> Run:
        """Push a pulled image elsewhere, as alice."""
        conf = str(self.place.folder(self.name) / "containers.conf")
        words = (*self.storage(), "push", reference, target)
        return self.run(self.program, *words, REGISTRY_AUTH_FILE=self.auth(login=True), CONTAINERS_CONF=conf)


class Buildah(Podman):
    """buildah asks for nothing that it has, unless told to."""

    name = product = program = "buildah"
    options = ("--policy", "always")


class Skopeo(Client):
    """skopeo copies to a folder: it knows nothing of earlier copies."""

    name = product = "skopeo"

    def pull(self, reference: str, *, login: bool = False, mirror: str = "", platform: str = "") -> Run:
        self.forget()
        target = self.place.folder("skopeo", str(self.round))
        wanted = ["--override-arch", platform] if platform else []
        if mirror:
            wanted += ["--registries-conf", self.registries(mirror)]
        return self.skopeo(*wanted, "copy", f"docker://{reference}", f"dir:{target}", login=login)

    def skopeo(self, *argv: str, login: bool = False, **env: str) -> Run:
        return self.run("skopeo", *argv, REGISTRY_AUTH_FILE=self.auth(login), **env)


CLIENTS: dict[str, type[Client]] = {kind.name: kind for kind in (Docker, Containerd, Podman, Skopeo, Buildah)}
