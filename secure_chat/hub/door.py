"""Who comes in, who is turned away, and how somebody goes.

Owned by the hub's thread. A newcomer is admitted by the registry and the limits, welcomed once they
are a member of the lobby, and told in the welcome why this device was dropped the last time.
"""

from collections import OrderedDict
from typing import Final

from secure_chat.hub.catchup import CatchUp
from secure_chat.hub.commands import Admit, Command, Drop, Fact, Fault, LookUp, Note, Send, Used
from secure_chat.hub.drafts import Drafts
from secure_chat.hub.events import Lost, Opened
from secure_chat.hub.room import LOBBY, LOBBY_ID
from secure_chat.hub.roster import Roster
from secure_chat.hub.sanctions import Sanctions
from secure_chat.hub.session import Phase, Session
from secure_chat.hub.standing import Standing
from secure_chat.hub.tail import Tail
from secure_chat.limits import Limits
from secure_chat.log.base import Kind
from secure_chat.pki.identity import Identity
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import PROTOCOL_VERSION, Code, Hello, Notice, Welcome

__all__ = ["Door"]


class Door:
    """Admits, welcomes, drops and forgets connections.

    Args:
        community: the community's id, for welcomes.
        agent: the host program and its version, for welcomes.
        floor: the oldest sequence number the log still has; set anew when retention moves it.
        roster: who is where.
        standing: whose certificate counts.
        sanctions: applied to whoever is welcomed.
        drafts: where the first membership of a newcomer waits.
        tail: knows the newest sequence number.
        catchup: serves whoever is welcomed.
        limits: how many connections there may be.
        out: where decided commands go.
    """

    def __init__(  # noqa: PLR0913 - the pieces it works with, wired once in `hub`
        self,
        *,
        community: str,
        agent: str,
        floor: int,
        roster: Roster,
        standing: Standing,
        sanctions: Sanctions,
        drafts: Drafts,
        tail: Tail,
        catchup: CatchUp,
        limits: Limits,
        out: list[Command],
    ) -> None:
        self._community = community
        self._agent = agent
        self._roster = roster
        self._standing = standing
        self._sanctions = sanctions
        self._drafts = drafts
        self._tail = tail
        self._catchup = catchup
        self._limits = limits
        self._out = out
        self._reasons: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._unknown: dict[int, Opened] = {}
        self.floor = floor

    def opened(self, event: Opened) -> None:
        """Admit or refuse a peer whose handshake is done, or have the registry looked at first.

        A certificate may have been issued a moment ago, by a command beside the host.
        """
        if self._standing.registry.get(event.identity.serial) is None:
            self._unknown[event.conn] = event
            self._out.append(LookUp(event.conn))
        else:
            self._judge(event)

    def looked(self, conn: int) -> None:
        """Judge whoever waited for a look at the registry, if they are still there."""
        event = self._unknown.pop(conn, None)
        if event is not None:
            self._judge(event)

    def went(self, conn: int) -> None:
        """Forget somebody who is gone before they were judged."""
        self._unknown.pop(conn, None)

    def _judge(self, event: Opened) -> None:
        refusal = self._standing.refusal(event.identity) or self._crowded(event.identity)
        if refusal is not None:
            code, text = refusal
            self._out.append(Drop(event.conn, code, text))
            self._note(Fact.REFUSED, event.identity.name, f"{event.address}: {text}")
            return
        self._roster.admit(event.conn, event.identity, event.address)
        self._out.append(Admit(event.conn))

    def hello(self, session: Session, hello: Hello) -> None:
        """Welcome a client, or make its person a member of the lobby first."""
        if hello.version != PROTOCOL_VERSION:
            text = f"this host speaks version {PROTOCOL_VERSION} of the protocol"
            self._drop(session, Code.VERSION, text)
            self._note(Fact.REFUSED, session.person.name, f"{session.address}: {text}")
            return
        session.device = hello.device
        if session.person.moves:
            self.welcome(session, hello, None)
            return
        self._roster.advance(session, Phase.WAITING)
        if LOBBY not in session.person.expected:
            self._drafts.move(session, Kind.JOINED, LOBBY_ID, LOBBY)
        self._drafts.behind.append((session, hello))

    def welcome(self, session: Session, hello: Hello, failed: Fault | None) -> None:
        """Tell a client that it is in, and begin with what it missed.

        Args:
            session: the connection.
            hello: what it asked for.
            failed: why its person could not be made a member of the lobby, if so.
        """
        person, head = session.person, self._tail.head
        self._out.append(
            Send(
                session.conn,
                Welcome(
                    name=person.name,
                    role=session.identity.role,
                    community=self._community,
                    head=head,
                    floor=self.floor,
                    rooms=sorted(person.rooms),
                    dropped=self._reasons.pop((person.name, hello.device), ""),
                    message_bytes=self._limits.message_bytes,
                    file_bytes=self._limits.file_bytes,
                    agent=self._agent,
                ),
            )
        )
        self._out.append(Used(session.identity))
        self._note(Fact.CAME, person.name, session.address)
        self._sanctions.welcome(session, tell=hello.live)
        if failed is not None:
            self._notice(session, failed[0], f"{failed[1]}; join {LOBBY} later")
        if not hello.live:
            self._roster.advance(session, Phase.QUIET)
            return
        if hello.cursor is not None and hello.cursor < self.floor - 1:
            text = f"messages before number {self.floor} are no longer kept"
            self._notice(session, Code.PRUNED, text)
        self._remind(session)
        self._catchup.begin(session, hello, head)

    def lost(self, session: Session, event: Lost) -> None:
        """Forget a connection that is gone and keep the reason for its next welcome."""
        welcomed, name = session.welcomed(), session.person.name
        self._roster.forget(session)
        ordered = event.code == Code.BYE or not event.text
        if not ordered:
            self._note(Fact.DROPPED, name, f"{session.address}: {event.text}")
        if not welcomed:
            return
        if not ordered:
            key = (name, session.device)
            self._reasons[key] = event.text
            self._reasons.move_to_end(key)
            if len(self._reasons) > self._limits.drop_notes:
                self._reasons.popitem(last=False)
        else:
            self._note(Fact.WENT, name, session.address)

    def registry_changed(self, registry: Registry) -> None:
        """Judge everybody who is connected by a new registry."""
        before = self._standing.registry.kicks
        kicked = {name for name, at in registry.kicks.items() if at > before.get(name, 0.0)}
        self._standing.registry = registry
        for session in list(self._roster.sessions.values()):
            refusal = self._standing.refusal(session.identity)
            if refusal is None and session.person.name in kicked:
                refusal = _KICKED
            if refusal is not None:
                self._dismiss(session, *refusal)
            elif session.here():
                self._remind(session)

    def expire(self, at: float) -> None:
        """Drop everybody whose certificate has ended while they were connected."""
        for session in list(self._roster.sessions.values()):
            if session.identity.not_after < at:
                text = "the certificate has expired; get a new one and join again"
                self._dismiss(session, Code.EXPIRED, text)

    def _crowded(self, identity: Identity) -> Fault | None:
        if len(self._roster.sessions) >= self._limits.connections:
            return Code.HOST_FULL, "this host has as many connections as it may have"
        person = self._roster.people.get(identity.name)
        most = self._limits.connections_per_person
        if person is not None and len(person.sessions) >= most:
            return (
                Code.TOO_MANY_CONNECTIONS,
                f"{identity.name} has {most} connections already; close one of them",
            )
        return None

    def _remind(self, session: Session) -> None:
        """Ask a client for a new certificate, once for as long as it should have one."""
        reason = self._standing.outdated(session.identity)
        if reason is not None and not session.reminded:
            self._notice(session, Code.RENEW, reason)
        session.reminded = reason is not None

    def _dismiss(self, session: Session, code: str, text: str) -> None:
        """Drop somebody who was admitted, and tell the host's owner unless they stay elsewhere."""
        name, address = session.person.name, session.address
        self._drop(session, code, text)
        if code == Code.SUPERSEDED:
            # Their client has moved to a connection with its new certificate.
            self._note(Fact.WENT, name, address)
        else:
            self._note(Fact.DROPPED, name, f"{address}: {text}")

    def _drop(self, session: Session, code: str, text: str) -> None:
        self._roster.forget(session)
        self._out.append(Drop(session.conn, code, text))

    def _notice(self, session: Session, code: str, text: str) -> None:
        self._out.append(Send(session.conn, Notice(code, text)))

    def _note(self, fact: str, person: str, text: str) -> None:
        self._out.append(Note(fact, person, text))


_KICKED: Final[Fault] = (
    Code.KICKED,
    "you were sent away by an operator or the host's owner; you may join again",
)
