"""The way to the CDN on which a cable breaks once: a TCP forwarder that cuts, or holds, one connection in mid-transfer.

Knows: bytes and sockets. Must not know: TLS, HTTP, who is at either end.
"""

import socket
import threading
from contextlib import suppress
from typing import Self


class Cutter:
    """Forwards ``listen`` to ``target``; the first connection that has brought ``after`` bytes back is cut.

    With ``hold`` it stands still instead, and ``held`` is set, until the forwarder is left. ``left`` is how many
    connections are still to be cut; it may be set at any time.
    """

    def __init__(
        self,
        listen: tuple[str, int],
        target: tuple[str, int],
        *,
        after: int,
        hold: bool = False,
        left: int = 1,
    ) -> None:
        self.target, self.after, self.hold, self.left, self.cuts = target, after, hold, left, 0
        self.then: tuple[str, int] | None = None  # where new connections lead after a cut, if elsewhere
        self.held, self.over = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.source = listen[0], 0  # so that the servers' logs tell who came this way
        self.listener = socket.create_server(listen)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        # shutdown, not only close: it wakes the thread that stands in accept()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                try:
                    far = socket.create_connection(self.target, source_address=self.source)
                except OSError:
                    near.close()
                    continue
                for pair in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        passed = 0
        with suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
                passed += len(chunk)
                if counted and passed > self.after and self._may_cut():
                    if self.hold:
                        self.held.set()
                        self.over.wait()
                    break
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _may_cut(self) -> bool:
        with self.lock:
            if not self.left:
                return False
            self.left -= 1
            self.cuts += 1
            self.target = self.then or self.target
            return True
