"""Who came and went, merged: at most one frame a room in each window of time.

Owned by the hub's thread; pure, time comes as an argument. Somebody who comes and goes within a
window is not mentioned. A large room is told a number only, so a crowd costs as many frames as
windows and not as many as people, and no frame grows with the crowd.
"""

from secure_chat.hub.commands import Command, Deliver
from secure_chat.hub.room import Room
from secure_chat.limits import Limits
from secure_chat.wire.messages import Presence

__all__ = ["Comings"]


class Comings:
    """The changes of presence that are not told yet.

    Args:
        limits: the window and what counts as a large room.
        out: where decided commands go.
    """

    def __init__(self, limits: Limits, out: list[Command]) -> None:
        self._limits = limits
        self._out = out
        self._changes: dict[Room, dict[str, bool]] = {}
        self.due: float | None = None

    def changed(self, room: Room, name: str, *, here: bool, now: float) -> None:
        """Remember that somebody came to a room or went from it.

        Args:
            room: the room.
            name: who.
            here: True for came.
            now: seconds on the monotonic clock.
        """
        changes = self._changes.setdefault(room, {})
        if changes.get(name, here) is here:
            changes[name] = here
        else:
            del changes[name]
        if self.due is None:
            self.due = now + self._limits.presence_seconds

    def flush(self, now: float) -> None:
        """Tell each room its changes once the window is over."""
        if self.due is None or now < self.due:
            return
        self.due = None
        rooms, self._changes = self._changes, {}
        for room, changes in rooms.items():
            audience = room.audience()
            if changes and audience:
                self._out.append(Deliver(audience, (self._frame(room, changes),), 0))

    def _frame(self, room: Room, changes: dict[str, bool]) -> Presence:
        # Many who leave a room make it small: their number counts as much as the members'.
        if max(len(room.members), len(changes)) > self._limits.presence_names:
            return Presence(room=room.name, here=len(room.here))
        return Presence(
            room=room.name,
            here=len(room.here),
            joined=sorted(name for name, here in changes.items() if here),
            left=sorted(name for name, here in changes.items() if not here),
        )
