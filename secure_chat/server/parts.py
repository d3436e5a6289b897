"""Every part of a host, made and wired together; nothing is started here.

Made on the main thread. Each part owns what its own thread owns; they know each other only by the
functions that they are given here, each of which posts something and returns at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from secure_chat import __version__
from secure_chat.handshakes.journal import Journal
from secure_chat.hub.commands import Petition, Used
from secure_chat.net.worker import Worker
from secure_chat.pki.registry import Registry
from secure_chat.pki.vault import Vault
from secure_chat.server.announce import Announcement, Announcer
from secure_chat.server.clerk import Clerk
from secure_chat.server.custodian import Custodian
from secure_chat.server.depot.depot import Depot, Item, Kept
from secure_chat.server.edge import Edge
from secure_chat.server.enrolment import Enrolment
from secure_chat.server.gate import Gate
from secure_chat.server.hubthread import Founded, HubThread
from secure_chat.server.issuer import Issuer
from secure_chat.server.papers import HostPapers
from secure_chat.server.reading import Reading
from secure_chat.server.registrar import Registrar
from secure_chat.server.scribe import Scribe
from secure_chat.server.settings import HostSettings
from secure_chat.wire.states import Role

__all__ = ["Folder", "Parts", "make_parts"]


@dataclass(frozen=True, slots=True)
class Folder:
    """What a host knows of its certificates folder at start.

    Args:
        vault: the folder.
        papers: the host's own certificates.
        issuer: what certificates are signed with.
        registry: who has which certificate.
    """

    vault: Vault
    papers: HostPapers
    issuer: Issuer
    registry: Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a host that have threads of their own."""

    announcer: Announcer
    hub: HubThread
    depot: Depot
    registrar: Registrar
    reading: Reading
    scribe: Scribe
    enrolment: Enrolment
    workers: list[Worker]

    def tell(self, registry: Registry) -> None:
        """Give everybody a new registry; the registrar first, because the hub asks it things."""
        self.registrar.post(registry)
        self.hub.post(registry)

    def close(self) -> None:
        """Give all descriptors back, once every thread has ended or was never started."""
        parts = (self.hub, self.depot, self.registrar, self.reading, self.scribe, self.announcer)
        for part in parts:
            part.close()
        self.enrolment.release()
        for worker in self.workers:
            worker.close_all()


def make_parts(
    settings: HostSettings,
    folder: Folder,
    port: int,
    look: Callable[[Callable[[], None]], None],
    write: Callable[[Announcement], None],
) -> Parts:
    """Make every part.

    Args:
        settings: what the host is started with.
        folder: what it knows of its certificates folder.
        port: where the chat listens, told to those who enrol.
        look: has the main thread look at the folder and then do something; from any thread.
        write: called with each announcement, on a thread of its own.
    """
    limits, clock, data, papers = settings.limits, settings.clock, settings.data, folder.papers
    announcer = Announcer(write, limits.inbox_items)
    journal = Journal(data / "handshakes.jsonl", data / "handshakes-refused.jsonl", limits, clock)
    scribe = Scribe(journal, announcer, limits)
    founded = Founded(
        path=data / "log.sqlite",
        community=folder.vault.community(),
        agent=f"securechat/{__version__}",
        registry=folder.registry,
        keep_seconds=settings.keep_seconds,
    )

    # Hub and registrar post to each other, and so do hub and depot: the hub is made first.
    def petition(order: Petition | Used) -> None:
        registrar.post(order)

    def files(item: Item) -> None:
        depot.post(item)

    hub = HubThread(founded, announcer, limits, clock, petitions=petition, look=look, files=files)
    kept = Kept(data / "files", settings.keep_files_seconds)
    depot = Depot(kept, announcer, hub.post, limits, clock)
    registrar = _registrar(settings, folder, announcer, port, hub.post, look)
    return Parts(
        announcer=announcer,
        hub=hub,
        depot=depot,
        registrar=registrar,
        reading=Reading(founded.path, limits, hub.post),
        scribe=scribe,
        enrolment=Enrolment(
            bind=settings.bind if settings.enroll_bind is None else settings.enroll_bind,
            port=settings.enroll_port,
            contexts=lambda: papers.now.enrolment,
            authorities=lambda: papers.now.authorities,
            registrar=registrar.post,
            recorded=scribe.post,
            limits=limits,
            clock=clock,
        ),
        workers=[_worker(settings, (hub, depot, scribe), papers) for _ in range(settings.workers)],
    )


def _registrar(  # noqa: PLR0913, PLR0917 - what it is wired to
    settings: HostSettings,
    folder: Folder,
    announcer: Announcer,
    port: int,
    reply: Callable[[object], None],
    look: Callable[[Callable[[], None]], None],
) -> Registrar:
    limits, clock = settings.limits, settings.clock
    gate = Gate(folder.vault, limits.folder_seconds)
    return Registrar(
        clerk=Clerk(
            vault=folder.vault,
            issuer=folder.issuer,
            gate=gate,
            announcer=announcer,
            limits=limits,
            clock=clock,
            port=port,
        ),
        custodian=Custodian(
            vault=folder.vault,
            issuer=folder.issuer,
            gate=gate,
            papers=folder.papers,
            announcer=announcer,
            clock=clock,
        ),
        gate=gate,
        data=settings.data,
        reply=reply,
        look=look,
        announcer=announcer,
        limits=limits,
        clock=clock,
    )


def _worker(
    settings: HostSettings, behind: tuple[HubThread, Depot, Scribe], papers: HostPapers
) -> Worker:
    hub, depot, scribe = behind
    edge = Edge(hub.inbox, depot, scribe, settings.limits.transfer_requests)
    edge.worker = Worker(
        edge, lambda: papers.now.contexts, settings.limits, settings.clock, role=Role.HOST
    )
    return edge.worker
