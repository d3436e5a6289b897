"""The running host: makes every part, starts the threads in order, stops them in order.

The main thread owns the listening sockets, the order of things, and the look at the registry.
Nothing decides here who may do what; this is where parts meet.
"""

import os
import selectors
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from secure_chat import __version__
from secure_chat.clock import Clock, SystemClock
from secure_chat.errors import IdentityError, SecureChatError
from secure_chat.handshakes.journal import Journal
from secure_chat.limits import Limits
from secure_chat.log.lock import FolderLock
from secure_chat.net.dialer import Address
from secure_chat.net.inbox import Inbox
from secure_chat.net.orders import Adopt, Stop
from secure_chat.net.worker import Worker
from secure_chat.pki.audit import RegistryWatch
from secure_chat.pki.keys import Passphrase
from secure_chat.pki.vault import Vault
from secure_chat.server.acceptor import Acceptor, listen
from secure_chat.server.announce import Announcement, Announcer
from secure_chat.server.descriptors import raise_descriptor_limit
from secure_chat.server.edge import Edge
from secure_chat.server.hubthread import Founded, HubThread
from secure_chat.server.reading import Reading
from secure_chat.server.scribe import Scribe
from secure_chat.server.threads import Crew
from secure_chat.tls.context import Contexts, host_contexts
from secure_chat.wire.messages import Code
from secure_chat.wire.states import Role

__all__ = ["Host", "HostSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """Everything a host is started with.

    Args:
        certs: the certificates folder.
        data: the host's own data folder; made when missing.
        bind: the address to listen on.
        port: the port; 0 for a free one.
        workers: how many I/O workers.
        keep_seconds: how long messages are kept; None for ever.
        passphrase: asked when the host's key is encrypted.
        keylog: where the keys of every connection are written; None for nowhere.
        limits: the bounds in force.
        clock: the time.
    """

    certs: Path
    data: Path
    bind: str = "127.0.0.1"
    port: int = 65_432
    workers: int = 1
    keep_seconds: float | None = None
    passphrase: Passphrase | None = None
    keylog: Path | None = None
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)


class Host:
    """A host; `run` serves until `stop` is called or a part fails.

    Args:
        settings: what it is started with.
        write: called with each announcement, on a thread of its own.
    """

    def __init__(self, settings: HostSettings, write: Callable[[Announcement], None]) -> None:
        self._settings = settings
        self._limits = settings.limits
        self._clock = settings.clock
        self._write = write
        self._inbox: Inbox[None] = Inbox(settings.limits.inbox_items)
        self._failure: SecureChatError | None = None
        self._served = False
        self._next_conn = 0

    def stop(self) -> None:
        """Have the host stop in order; from any thread or a signal's handler."""
        self._inbox.post(None)

    def run(self) -> None:
        """Start, serve, stop in order; on the main thread.

        Raises:
            IdentityError: the certificates cannot be used.
            HostStartError: the port or the folder cannot be used.
            StoreError: the log cannot be used, or the disk failed while running.
        """
        try:
            self._run()
        finally:
            self._inbox.close()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        settings = self._settings
        vault = Vault(settings.certs, self._clock)
        files = vault.host_files(settings.passphrase)
        contexts = host_contexts(
            files.ca,
            files.certificate,
            files.key,
            files.crl,
            settings.passphrase,
            keylog=settings.keylog,
        )
        sockets = listen(settings.bind, settings.port)
        try:
            lock = FolderLock(settings.data, "another host")
        except SecureChatError:
            for sock in sockets:
                sock.close()
            raise
        raise_descriptor_limit()
        acceptor = Acceptor(sockets, self._adopt, self._clock)
        try:
            self._serve(vault, contexts, acceptor)
        finally:
            acceptor.close()
            lock.release()

    def _serve(self, vault: Vault, contexts: Contexts, acceptor: Acceptor) -> None:
        crew = Crew(self._fail)
        self._announcer = Announcer(self._write, self._limits.inbox_items)
        watch = RegistryWatch(vault.audit_file)
        registry = watch.poll() or vault.registry()
        founded = Founded(
            path=self._settings.data / "log.sqlite",
            community=vault.community(),
            agent=f"securechat/{__version__}",
            registry=registry,
            keep_seconds=self._settings.keep_seconds,
        )
        hub = HubThread(founded, self._announcer, self._limits, self._clock)
        journal = Journal(
            self._settings.data / "handshakes.jsonl",
            self._settings.data / "handshakes-refused.jsonl",
            self._limits,
            self._clock,
        )
        scribe = Scribe(journal, self._announcer, self._limits)
        reading = Reading(founded.path, self._limits, hub.post)
        self._workers = [self._worker(hub, scribe, contexts) for _ in range(self._settings.workers)]
        crew.start("announcer", self._announcer.run)
        try:
            ready = threading.Event()
            crew.start("hub", lambda: hub.run(self._workers, reading, ready.set), done=ready.set)
            ready.wait()
            if not crew.failed:
                crew.start("reader", reading.run)
                crew.start("scribe", scribe.run)
                for number, worker in enumerate(self._workers):
                    crew.start(f"worker-{number}", worker.run)
                acceptor.open()
                self._served = True
                self._announce_ready(vault, acceptor, len(registry.names()))
                self._watch(acceptor, watch, hub)
        finally:
            acceptor.close()
            self._stop_in_order(crew, hub, reading, scribe)

    def _worker(self, hub: HubThread, scribe: Scribe, contexts: Contexts) -> Worker:
        edge = Edge(hub.inbox, scribe)
        edge.worker = Worker(edge, lambda: contexts, self._limits, self._clock, role=Role.HOST)
        return edge.worker

    def _stop_in_order(self, crew: Crew, hub: HubThread, reading: Reading, scribe: Scribe) -> None:
        """Commit and answer what has arrived, say goodbye, then end what they depended on."""
        hub.stop()
        crew.join("hub")
        for worker in self._workers:
            worker.post(Stop(Code.SHUTDOWN, "the host is shutting down"))
        for number in range(len(self._workers)):
            crew.join(f"worker-{number}")
        reading.stop()
        scribe.stop()
        crew.join("reader")
        crew.join("scribe")
        if self._served and self._failure is None:
            # Otherwise the error is the last word.
            self._announcer.say("stopped", "stopped; everything acknowledged is stored")
        self._announcer.stop()
        crew.join("announcer")
        for part in (hub, reading, scribe, self._announcer):
            part.close()
        for worker in self._workers:
            worker.close_all()

    def _watch(self, acceptor: Acceptor, watch: RegistryWatch, hub: HubThread) -> None:
        """Accept, and look at the registry, until told to stop."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._inbox, selectors.EVENT_READ)
            listening, look_at = False, 0.0
            while True:
                resting = acceptor.resting()
                if listening is bool(resting):
                    for sock in acceptor.sockets:
                        if resting:
                            selector.unregister(sock)
                        else:
                            selector.register(sock, selectors.EVENT_READ, sock)
                    listening = not resting
                for key, _ in selector.select(resting or self._limits.registry_seconds):
                    if key.data is None:
                        if self._told_to_stop():
                            return
                    else:
                        acceptor.accept(key.data)
                now = self._clock.monotonic()
                if now >= look_at:
                    look_at = now + self._limits.registry_seconds
                    self._look_at_registry(watch, hub)

    def _told_to_stop(self) -> bool:
        return bool(self._inbox.take())

    def _look_at_registry(self, watch: RegistryWatch, hub: HubThread) -> None:
        try:
            registry = watch.poll()
        except IdentityError as error:
            self._announcer.say("registry", f"the registry cannot be read: {error}")
            return
        if registry is not None:
            hub.post(registry)

    def _adopt(self, sock: socket.socket, address: Address) -> None:
        conn = self._next_conn
        self._next_conn += 1
        worker = self._workers[conn % len(self._workers)]
        worker.post(Adopt(conn, sock, address))

    def _fail(self, error: SecureChatError) -> None:
        """A thread has ended by an error: the host stops, and its first error is the reason."""
        self._failure = self._failure or error
        self.stop()

    def _announce_ready(self, vault: Vault, acceptor: Acceptor, members: int) -> None:
        host, port = acceptor.sockets[0].getsockname()[:2]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        data, ca_sha256 = str(self._settings.data), vault.ca_fingerprint()
        handshakes = str(self._settings.data / "handshakes.jsonl")
        words = (
            f"listening on {address} for {members} known members\n"
            f"  authority   SHA-256 {ca_sha256}\n"
            f"  data        {data}\n"
            f"  handshakes  {handshakes}\n"
            f"  to join     securechat join {address} --certs {self._settings.certs} --as NAME"
        )
        keylog = self._settings.keylog
        if keylog is not None:
            words += f"\n  keys        {keylog}"
        self._announcer.say(
            "ready",
            words,
            address=address,
            pid=os.getpid(),
            ca_sha256=ca_sha256,
            data=data,
            handshakes=handshakes,
            members=members,
            **({} if keylog is None else {"keylog": str(keylog)}),
        )
