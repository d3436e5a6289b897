"""The running host: opens its folders, starts the threads in order, stops them in order.

The main thread owns the order of things; what it does while the host serves stands in `watch`.
Nothing decides here who may do what.
"""

import os
import socket
from collections.abc import Callable

from secure_chat.errors import SecureChatError
from secure_chat.log.lock import FolderLock
from secure_chat.net.dialer import Address
from secure_chat.net.inbox import Inbox
from secure_chat.net.orders import Adopt
from secure_chat.net.orders import Stop as StopWorker
from secure_chat.net.worker import Worker
from secure_chat.pki.audit import RegistryWatch
from secure_chat.pki.vault import Vault
from secure_chat.server.acceptor import Acceptor, listen
from secure_chat.server.announce import Announcement
from secure_chat.server.descriptors import raise_descriptor_limit
from secure_chat.server.issuer import Issuer
from secure_chat.server.papers import HostPapers
from secure_chat.server.parts import Folder, Parts, make_parts
from secure_chat.server.settings import HostSettings
from secure_chat.server.threads import Crew
from secure_chat.server.unlock import Unlock
from secure_chat.server.watch import Look, Order, Stop, Watch, address_text
from secure_chat.wire.messages import Code

__all__ = ["Host", "HostSettings"]


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
        self._inbox: Inbox[Order] = Inbox(settings.limits.inbox_items)
        self._workers: list[Worker] = []
        self._failure: SecureChatError | None = None
        self._served = False
        self._next_conn = 0

    def stop(self) -> None:
        """Have the host stop in order; from any thread or a signal's handler."""
        self._inbox.post(Stop())

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
        unlock = Unlock(settings.passphrase)
        papers = HostPapers(vault, unlock, settings.keylog)
        issuer = Issuer(vault, unlock)
        unlock.seal()
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
            trail = RegistryWatch(vault.audit_file)
            registry = trail.poll() or vault.registry()
            self._serve(Folder(vault, papers, issuer, registry), trail, acceptor)
        finally:
            acceptor.close()
            lock.release()

    def _serve(self, folder: Folder, trail: RegistryWatch, acceptor: Acceptor) -> None:
        port = acceptor.sockets[0].getsockname()[1]
        parts = make_parts(self._settings, folder, port, self._look, self._write)
        self._workers = parts.workers
        watch = Watch(
            inbox=self._inbox,
            chat=acceptor,
            enrolling=parts.enrolment,
            trail=trail,
            papers=folder.papers,
            tell=parts.tell,
            announcer=parts.announcer,
            limits=self._limits,
            clock=self._clock,
        )
        crew = Crew(self._fail)
        try:
            if self._start(crew, parts, folder):
                acceptor.open()
                self._served = True
                self._announce_ready(parts, folder, acceptor)
                watch.run(folder.registry)
        finally:
            acceptor.close()
            self._stop_in_order(crew, parts, watch)

    @staticmethod
    def _start(crew: Crew, parts: Parts, folder: Folder) -> bool:
        """Start every thread, those first that others depend on; False when a store is unusable."""
        crew.start("announcer", parts.announcer.run)
        hub, depot, workers = parts.hub, parts.depot, parts.workers
        # The files before anybody can connect, so that the hub knows what messages may refer to.
        if not (
            crew.start_opening("hub", lambda ready: hub.run(workers, parts.reading, ready))
            and crew.start_opening("depot", lambda ready: depot.run(workers, ready))
        ):
            return False
        crew.start("syncer", depot.syncer.run)
        parts.registrar.post(folder.registry)
        crew.start("registrar", parts.registrar.run)
        crew.start("reader", parts.reading.run)
        crew.start("scribe", parts.scribe.run)
        crew.start("enrolment", parts.enrolment.run)
        for number, worker in enumerate(parts.workers):
            crew.start(f"worker-{number}", worker.run)
        return True

    def _stop_in_order(self, crew: Crew, parts: Parts, watch: Watch) -> None:
        """Commit and answer what has arrived, say goodbye, then end what they depended on."""
        parts.hub.stop()
        crew.join("hub")
        for worker in parts.workers:
            worker.post(StopWorker(Code.SHUTDOWN, "the host is shutting down"))
        for number in range(len(parts.workers)):
            crew.join(f"worker-{number}")
        # Uploads in progress stay on the disk as they are.
        parts.depot.stop()
        crew.join("depot")
        parts.depot.syncer.stop()
        crew.join("syncer")
        parts.registrar.stop()
        crew.join("registrar")
        # Whoever has just enrolled gets the certificate that was issued for them.
        watch.finish()
        parts.enrolment.stop()
        crew.join("enrolment")
        parts.reading.stop()
        parts.scribe.stop()
        crew.join("reader")
        crew.join("scribe")
        if self._served and self._failure is None:
            # Otherwise the error is the last word.
            parts.announcer.say("stopped", "stopped; everything acknowledged is stored")
        parts.announcer.stop()
        crew.join("announcer")
        parts.close()

    # --- for other threads ---------------------------------------------------------------------

    def _look(self, then: Callable[[], None]) -> None:
        """Have the main thread look at the certificates folder and then do something."""
        self._inbox.post(Look(then))

    def _fail(self, error: SecureChatError) -> None:
        """A thread has ended by an error: the host stops, and its first error is the reason."""
        self._failure = self._failure or error
        self.stop()

    # --- for the main thread -------------------------------------------------------------------

    def _adopt(self, sock: socket.socket, address: Address) -> None:
        conn = self._next_conn
        self._next_conn += 1
        worker = self._workers[conn % len(self._workers)]
        worker.post(Adopt(conn, sock, address))

    def _announce_ready(self, parts: Parts, folder: Folder, acceptor: Acceptor) -> None:
        settings, obstacle = self._settings, folder.issuer.obstacle
        address = address_text(acceptor.sockets[0])
        data, ca_sha256 = str(settings.data), folder.vault.ca_fingerprint()
        handshakes = str(settings.data / "handshakes.jsonl")
        members = len(folder.registry.names())
        issues = f"no, people can talk but get no certificates: {obstacle}" if obstacle else "yes"
        words = (
            f"listening on {address} for {members} known members\n"
            f"  authority   SHA-256 {ca_sha256}\n"
            f"  issues      {issues}\n"
            f"  data        {data}\n"
            f"  handshakes  {handshakes}\n"
            f"  to join     securechat join {address} --certs {settings.certs} --as NAME"
        )
        fields: dict[str, object] = {"issues_why": obstacle} if obstacle else {}
        if settings.keylog is not None:
            words += f"\n  keys        {settings.keylog}"
            fields["keylog"] = str(settings.keylog)
        parts.announcer.say(
            "ready",
            words,
            address=address,
            pid=os.getpid(),
            ca_sha256=ca_sha256,
            issues=not obstacle,
            data=data,
            handshakes=handshakes,
            members=members,
            **fields,
        )
