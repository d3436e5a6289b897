"""A person, their connections, and how far each of these is.

Owned by the hub's thread. Plain state with the few rules that keep it whole; it decides nothing
and sends nothing.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from secure_chat.hub.rates import Bucket
from secure_chat.pki.identity import Identity
from secure_chat.wire.messages import Membership, Moderate, Renew

__all__ = ["Person", "Phase", "Session"]


class Phase(Enum):
    """How far a connection is."""

    GREETED = auto()  # admitted; its hello is awaited
    WAITING = auto()  # its hello is read; the person's first membership is being stored
    QUIET = auto()  # welcomed, and wants no messages
    READING = auto()  # behind; a page was asked of the reader
    DRAINING = auto()  # behind; a page is on its way to the peer
    LIVE = auto()  # gets every message as it is committed
    GONE = auto()  # closed or dropped; whatever still arrives from it is ignored


# The phases in which a person counts as present through a connection.
_HERE = frozenset({Phase.READING, Phase.DRAINING, Phase.LIVE})
_WELCOMED = _HERE | {Phase.QUIET}


@dataclass(slots=True, eq=False)
class Person:
    """Somebody who is connected or whose memberships the log knows.

    Args:
        name: by certificate.
        bucket: how much they may say.
        sessions: their admitted connections.
        rooms: the rooms they are a member of, as the log has it.
        moves: for each room the last time they joined or left it; never empty again after the
            first time, which is how a newcomer is told from somebody who left every room.
        expected: what drafts that wait for the log will make of memberships.
        here: on how many connections they are present.
        live: their connections that get messages as they are committed.
        muted: whether they may not speak now; kept by `sanctions`.
    """

    name: str
    bucket: Bucket
    sessions: dict[int, "Session"] = field(default_factory=dict)
    rooms: set[str] = field(default_factory=set)
    moves: dict[str, Membership] = field(default_factory=dict)
    expected: dict[str, bool] = field(default_factory=dict)
    here: int = 0
    live: tuple[int, ...] = ()
    muted: bool = False

    def is_member(self, room: str) -> bool:
        """Tell whether they are a member, counting drafts that wait for the log."""
        if self.expected:
            return self.expected.get(room, room in self.rooms)
        return room in self.rooms

    def rooms_expected(self) -> int:
        """Return of how many rooms they are a member once waiting drafts are stored."""
        joining = sum(1 for room, member in self.expected.items() if member)
        return len(self.rooms - self.expected.keys()) + joining

    def moved(self, membership: Membership, most: int) -> None:
        """Take over a committed change of membership.

        Args:
            membership: the change.
            most: how many rooms to remember; the longest left are forgotten first.
        """
        room = membership.room
        self.moves.pop(room, None)
        self.moves[room] = membership
        (self.rooms.add if membership.member else self.rooms.discard)(room)
        if len(self.moves) > most:
            oldest = next((name for name, move in self.moves.items() if not move.member), None)
            if oldest is not None:
                del self.moves[oldest]

    def count(self) -> None:
        """Count again where they are present; call after the phase of a connection changed."""
        self.here = sum(1 for session in self.sessions.values() if session.phase in _HERE)
        self.live = tuple(
            conn for conn, session in self.sessions.items() if session.phase is Phase.LIVE
        )


@dataclass(slots=True, eq=False)
class Session:
    """One admitted connection.

    Args:
        conn: the number `net` gave it.
        identity: who the certificate says it is.
        address: where it comes from, for notes.
        person: whose it is.
        phase: how far it is.
        device: the client's own id, from its hello.
        cursor: while it is behind: it was given everything up to here.
        since: the head when it was welcomed; later changes of membership are told to it.
        petitions: what was asked of the registrar and is not answered yet, by its number.
        reminded: whether the client was asked to get a new certificate.
    """

    conn: int
    identity: Identity
    address: str
    person: Person
    phase: Phase = Phase.GREETED
    device: str = ""
    cursor: int = 0
    since: int = 0
    petitions: dict[int, type[Renew | Moderate]] = field(default_factory=dict)
    reminded: bool = False

    def welcomed(self) -> bool:
        """Tell whether the client was told that it is in, and is still here."""
        return self.phase in _WELCOMED

    def here(self) -> bool:
        """Tell whether its person is present through it."""
        return self.phase in _HERE
