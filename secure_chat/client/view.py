"""What a window knows of the conversation, and each event as a line for a terminal.

Pure; owned by whoever consumes the events. Everything a peer wrote passes `printable` here, so
that no shell has to think of it; a shell decides only where a line goes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from secure_chat.client.events import (
    Connected,
    Disconnected,
    Event,
    Expiring,
    Left,
    Membership,
    Message,
    Moderated,
    Notice,
    People,
    Presence,
    Problem,
    Profile,
    Refused,
    Renewed,
    RoomList,
    when,
)
from secure_chat.client.text import printable
from secure_chat.client.wording import in_words
from secure_chat.pki.duration import format_duration
from secure_chat.wire.messages import Code, ContentKind, Measure

__all__ = ["ViewState", "describe", "last_of", "line_of"]

# Of so many messages it is known who said them and where; of an older one the host is asked.
_AT_HAND: Final = 200

# What is about another message, or is none any more, is not what people mean by "the last one".
_ABOUT_OTHERS: Final = frozenset(
    {
        ContentKind.REACTION,
        ContentKind.EDIT,
        ContentKind.DELETION,
        ContentKind.DELETED,
        ContentKind.STREAM_END,
    }
)

# Two days before the calendar ends, so that no zone leads beyond it; only a host whose clock is
# out of its mind says anything later.
_LAST_MOMENT: Final = 253_402_128_000


@dataclass(slots=True)
class ViewState:
    """What stands around the messages.

    Args:
        room: where a text without a target goes.
        name: who we are; "" before the first welcome.
        rooms: where we are a member.
        here: how many people are connected in each room, as far as the host has said.
        connected: whether the line is up, as it is when a view is made.
        shown: the messages shown last, in order; replaced whole, so any thread may read it.
    """

    room: str = "lobby"
    name: str = ""
    rooms: set[str] = field(default_factory=set)
    here: dict[str, int] = field(default_factory=dict)
    connected: bool = True
    shown: tuple[Message, ...] = ()

    def apply(self, event: Event) -> None:
        """Take in an event."""
        if isinstance(event, Connected):
            self.connected = True
            self.name = event.name
            self.rooms = set(event.rooms)
        elif isinstance(event, Renewed):
            self.connected = True
            self.rooms = set(event.rooms)
        elif isinstance(event, Disconnected | Refused | Left):
            self.connected = False
            self.here.clear()
        elif isinstance(event, Membership):
            (self.rooms.add if event.member else self.rooms.discard)(event.room)
        elif isinstance(event, Presence):
            self.here[event.room] = event.here
        elif isinstance(event, Message):
            self.shown = (*self.shown[1 - _AT_HAND :], event)

    def message(self, seq: int) -> Message | None:
        """Return a message that was shown, None when it was not or too long ago."""
        return next((one for one in self.shown if one.seq == seq), None)

    def last(self, *, own: bool) -> Message | None:
        """Return what was shown last in the room one is talking in, None when there is nothing.

        Args:
            own: True for what we said ourselves, False for what somebody else did.
        """
        here = [one for one in self.shown if one.room == self.room]
        return last_of(here, self.name, own=own)


def last_of(messages: Sequence[Message], name: str, *, own: bool) -> Message | None:
    """Return the last message that can be answered, changed or taken back, None for none.

    Args:
        messages: in order.
        name: who we are.
        own: True for what we said ourselves, False for what somebody else did.
    """
    deleted = {
        one.content.of
        for one in messages
        if one.content is not None and one.content.kind == ContentKind.DELETION
    }
    for one in reversed(messages):
        kind = ContentKind.TEXT if one.content is None else one.content.kind
        mine = one.author == name
        if mine is own and kind not in _ABOUT_OTHERS and one.seq not in deleted:
            return one
    return None


def line_of(message: Message, *, zone: tzinfo | None = None, date: bool = False) -> str:
    """Return a message as one line, or more when its text has more.

    Args:
        message: what was said.
        zone: the zone of the time that is shown; None for this computer's.
        date: show the date too.
    """
    moment = datetime.fromtimestamp(min(message.at // 1_000, _LAST_MOMENT), UTC).astimezone(zone)
    at = moment.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M")
    place = "(direct)" if message.room is None else f"[{printable(message.room)}]"
    return f"{at} {place} {in_words(message)}"


def describe(event: Event, name: str = "") -> str | None:
    """Return what an event that is no message means in words, None when nothing need be said.

    Args:
        event: what happened.
        name: who we are; nobody is told of their own coming and going.
    """
    if isinstance(event, Presence):
        return _presence(event, name)
    tell = _TELLERS.get(type(event))
    return tell(event) if tell is not None else None


def _disconnected(event: Disconnected) -> str | None:
    # Said once for each loss, not for each attempt.
    return None if event.attempt else f"disconnected ({printable(event.text)}); trying again"


def _membership(event: Membership) -> str:
    return f"you are {'now' if event.member else 'no longer'} in {printable(event.room)}"


def _problem(event: Problem) -> str:
    return f"not done: {printable(event.text)} ({printable(event.code)})"


def _left(event: Left) -> str | None:
    return f"{event.unsent} not acknowledged; the next run sends them" if event.unsent else None


def _people(event: People) -> str:
    names = [f"{printable(one.name)}{' (here)' if one.here else ''}" for one in event.people]
    return f"in {printable(event.room)}: {', '.join(names) or 'nobody'}"


def _rooms(event: RoomList) -> str:
    return "\n".join(
        f"{printable(room.name)}: {room.members} members, {room.here} here"
        f"{', you among them' if room.member else ''}"
        for room in event.rooms
    )


def _profile(event: Profile) -> str:
    name = printable(event.name)
    if not event.role:
        return f"nobody is called {name}"
    shared = ", ".join(printable(room) for room in event.rooms) or "no room"
    where = f"on {event.here} clients now" if event.here else "not here now"
    return (
        f"{name}, {printable(event.role)}, {where}; shares with you: {shared}\n"
        f"certificate {printable(event.fingerprint)},"
        f" valid until {when(event.not_after * 1_000)}"
    )


def _connected(event: Connected) -> str:
    rooms = ", ".join(printable(room) for room in event.rooms) or "no room"
    text = f"connected as {printable(event.name)}; in {rooms}"
    if event.dropped:
        text += f"\nthe connection before was dropped: {printable(event.dropped)}"
    return text


def _presence(event: Presence, name: str) -> str | None:
    came = [printable(person) for person in event.joined if person != name]
    went = [printable(person) for person in event.left if person != name]
    parts = []
    if came:
        parts.append(f"{', '.join(came)} came")
    if went:
        parts.append(f"{', '.join(went)} went")
    if not parts:
        return None
    return f"{'; '.join(parts)} ({printable(event.room)}, {event.here} here)"


def _notice(event: Notice) -> str:
    if event.code in _ABOUT_SPEAKING:
        return printable(event.text)
    return f"the host says: {printable(event.text)}"


def _renewed(event: Renewed) -> str:
    role = " and is an operator's" if event.role == "operator" else ""
    return f"your certificate was renewed{role}; it holds until {_moment(event.until)}"


def _expiring(event: Expiring) -> str:
    left = _left_of(event.left)
    return (
        f"your certificate ends {left}, on {_moment(event.until)}, and could not be renewed:"
        f" {printable(event.why)}\n"
        "ask whoever runs the host for a new one before that: `securechat invite` makes an"
        " invitation"
    )


def _left_of(seconds: int) -> str:
    """Return how long something still holds, in the unit that people would use."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"in {seconds // length} {unit}"
    return f"in {max(0, seconds)} seconds"


def _moderated(event: Moderated) -> str:
    name, room = printable(event.name), printable(event.room)
    span = "until somebody lifts it"
    if event.seconds:
        span = f"for {format_duration(timedelta(seconds=event.seconds))}"
    words = {
        Measure.KICK: f"{name} was sent away; they may join again",
        Measure.MUTE: f"{name} is muted {span}",
        Measure.UNMUTE: f"{name} may speak again",
        Measure.BAN: f"{name} is banned: the certificate is revoked and the name used no more",
        Measure.CLOSE_ROOM: f"{room} is closed: nobody speaks in it or joins it",
        Measure.OPEN_ROOM: f"{room} is open again",
    }
    return words[Measure(event.act)]


def _moment(milliseconds: int) -> str:
    """Return a moment of UTC to the second."""
    return f"{when(milliseconds)[:19].replace('T', ' ')} UTC"


_ABOUT_SPEAKING: Final = frozenset({Code.MUTED, Code.UNMUTED})

_TELLERS: Final[dict[type, Callable[[Any], str | None]]] = {
    Connected: _connected,
    Disconnected: _disconnected,
    Membership: _membership,
    Problem: _problem,
    Notice: _notice,
    Renewed: _renewed,
    Expiring: _expiring,
    Moderated: _moderated,
    Left: _left,
    People: _people,
    RoomList: _rooms,
    Profile: _profile,
}
