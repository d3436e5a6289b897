"""A room: its members, who of them is here, and the audience of its next message.

Owned by the hub's thread. The audience is built once and kept as the same tuple until somebody
comes, goes, falls behind or catches up, so the workers can keep what they derive from it.
"""

import re
from itertools import chain
from typing import Final

from secure_chat.hub.session import Person

__all__ = ["LOBBY", "LOBBY_ID", "Room", "is_room"]

# Where everybody starts, and the id of the draft that takes them there; no client can choose it.
LOBBY: Final = "lobby"
LOBBY_ID: Final = "@lobby"

_ROOM: Final = re.compile(r"[a-z0-9](?:[a-z0-9]|[._-](?=[a-z0-9])){0,63}", re.ASCII)


def is_room(text: str) -> bool:
    """Tell whether `text` may name a room: ASCII lower case, at most 64 characters.

    Letters and digits with single `.`, `_` or `-` between them, as in the names of people, so that
    no two rooms look alike.
    """
    return _ROOM.fullmatch(text) is not None


class Room:
    """One room.

    Args:
        name: its name.
    """

    __slots__ = ("_audience", "_names", "here", "members", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: set[str] = set()
        self.here: dict[str, Person] = {}
        self._audience: tuple[int, ...] | None = None
        self._names: list[str] | None = None

    def enter(self, name: str) -> None:
        """Make somebody a member."""
        self.members.add(name)
        self._names = None

    def leave(self, name: str) -> None:
        """End somebody's membership; `depart` follows."""
        self.members.discard(name)
        self._names = None

    def arrive(self, person: Person) -> None:
        """Count a member as here."""
        self.here[person.name] = person
        self._audience = None

    def depart(self, person: Person) -> bool:
        """Count a member as away and return whether they were here."""
        self._audience = None
        return self.here.pop(person.name, None) is not None

    def forget_audience(self) -> None:
        """Build the audience anew for the next message; call when a member's `live` changed."""
        self._audience = None

    def audience(self) -> tuple[int, ...]:
        """Return every connection that gets the room's next message."""
        if self._audience is None:
            self._audience = tuple(
                chain.from_iterable([person.live for person in self.here.values()])
            )
        return self._audience

    def names(self) -> list[str]:
        """Return the members in the order of their names; not to be changed."""
        if self._names is None:
            self._names = sorted(self.members)
        return self._names
