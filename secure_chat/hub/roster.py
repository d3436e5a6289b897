"""Who there is, which rooms there are, who is where: the hub's picture of the community.

Owned by the hub's thread. Every change of a membership or of a connection's phase goes through
here, so that audiences, presence and counts can never disagree.
"""

from collections.abc import Iterable

from secure_chat.hub.presence import Comings
from secure_chat.hub.rates import Bucket
from secure_chat.hub.room import LOBBY, Room
from secure_chat.hub.session import Person, Phase, Session
from secure_chat.limits import Limits
from secure_chat.log.base import Place
from secure_chat.pki.identity import Identity
from secure_chat.wire.messages import Membership

__all__ = ["Roster"]


class Roster:
    """People, rooms and connections.

    Args:
        limits: rates, and how many past memberships to remember.
        places: current and past memberships from the log.
        comings: told of every change of presence.
    """

    def __init__(self, limits: Limits, places: Iterable[Place], comings: Comings) -> None:
        self._limits = limits
        self._comings = comings
        self._names: list[str] | None = None
        self.now = 0.0
        self.sessions: dict[int, Session] = {}
        self.people: dict[str, Person] = {}
        self.rooms: dict[str, Room] = {LOBBY: Room(LOBBY)}
        self._load(places)

    def _load(self, places: Iterable[Place]) -> None:
        for place in places:
            moves = self.person(place.person).moves
            seq = place.joined if place.left is None else place.left
            last = moves.get(place.room)
            if last is None or last.seq < seq:
                # The log tells no time here; a change this old is acknowledged without one.
                moves[place.room] = Membership(seq, 0, place.room, place.left is None)
        for person in self.people.values():
            person.rooms = {room for room, move in person.moves.items() if move.member}
            for room in person.rooms:
                self._room(room).enter(person.name)

    def person(self, name: str) -> Person:
        """Return the person of this name, made if need be."""
        person = self.people.get(name)
        if person is None:
            rate, burst = self._limits.messages_per_second, float(self._limits.message_burst)
            person = self.people[name] = Person(name, Bucket(rate, burst, burst, self.now))
        return person

    def room_names(self) -> list[str]:
        """Return all rooms in the order of their names; not to be changed."""
        if self._names is None:
            self._names = sorted(self.rooms)
        return self._names

    def moved(self, person: Person, membership: Membership) -> bool:
        """Take over a committed joining or leaving and return whether it made the room.

        Args:
            person: whose membership changed.
            membership: what the log says.
        """
        name = membership.room
        made = name not in self.rooms
        room = self._room(name)
        person.moved(membership, 2 * self._limits.rooms_per_person)
        if membership.member:
            room.enter(person.name)
            if person.here:
                self._arrive(room, person)
            return made
        room.leave(person.name)
        self._depart(room, person)
        if not room.members and name != LOBBY:
            del self.rooms[name]
            self._names = None
        return False

    def admit(self, conn: int, identity: Identity, address: str) -> Session:
        """Take a connection in."""
        person = self.person(identity.name)
        session = Session(conn, identity, address, person)
        self.sessions[conn] = person.sessions[conn] = session
        return session

    def advance(self, session: Session, phase: Phase) -> None:
        """Put a connection into another phase; presence and audiences follow."""
        session.phase = phase
        self._recount(session.person)

    def forget(self, session: Session) -> None:
        """Let a connection go."""
        session.phase = Phase.GONE
        del self.sessions[session.conn]
        del session.person.sessions[session.conn]
        self._recount(session.person)

    def _recount(self, person: Person) -> None:
        here, live = person.here, person.live
        person.count()
        # The moves and not the set of rooms, so that the same events give the same commands.
        if bool(here) != bool(person.here):
            change = self._arrive if person.here else self._depart
            for move in person.moves.values():
                if move.member:
                    change(self.rooms[move.room], person)
        elif live != person.live:
            for name in person.rooms:
                self.rooms[name].forget_audience()

    def _arrive(self, room: Room, person: Person) -> None:
        room.arrive(person)
        self._comings.changed(room, person.name, here=True, now=self.now)

    def _depart(self, room: Room, person: Person) -> None:
        if room.depart(person):
            self._comings.changed(room, person.name, here=False, now=self.now)

    def _room(self, name: str) -> Room:
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = Room(name)
            self._names = None
        return room
