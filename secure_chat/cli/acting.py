"""Carries out what a person typed or a script wrote, for both forms of `join`.

Used on the thread that reads the input. It may wait for the host's answers, so the thread that
shows events must be another one.
"""

from typing import TYPE_CHECKING

from secure_chat.cli.clients import EventWriter
from secure_chat.client.events import People, Problem, RoomList
from secure_chat.client.speech import (
    HELP,
    Act,
    Enter,
    Exit,
    Help,
    ListPeople,
    ListRooms,
    Moderation,
    Quit,
    Speak,
    Tell,
    Wrong,
)
from secure_chat.errors import SecureChatError

if TYPE_CHECKING:
    from secure_chat.client.runtime import Client

__all__ = ["Actor"]

_START = "lobby"


class Actor:
    """Does what is asked for, in the room one is talking in.

    Args:
        client: connected.
        writer: where answers go.
        patience: seconds to wait when too much is unacknowledged already.
    """

    def __init__(self, client: "Client", writer: EventWriter, patience: float = 0.0) -> None:
        self._client = client
        self._writer = writer
        self._view = writer.view
        self._patience = patience

    def act(self, act: Act) -> bool:
        """Do one thing; False when it was to leave. What goes wrong is told, not raised."""
        if isinstance(act, Quit):
            return False
        try:
            if isinstance(act, Speak | Enter | Exit):
                self._send(act)
            else:
                self._look(act)
        except SecureChatError as error:
            self._writer.show(Problem("failed", str(error), getattr(act, "id", None)))
        return True

    def _send(self, act: Speak | Enter | Exit) -> None:
        view = self._view
        if isinstance(act, Speak):
            room = view.room if act.room is None and act.to is None else act.room
            self._client.say(act.text, room=room, to=act.to, id=act.id, patience=self._patience)
            if not view.connected:
                self._writer.aside("no connection just now; it is sent as soon as there is one")
        elif isinstance(act, Enter):
            self._client.join(act.room, id=act.id)
            view.room = act.room
        else:
            room = act.room or view.room
            self._client.leave(room, id=act.id)
            view.room = _START if room == view.room else view.room

    def _look(self, act: ListPeople | ListRooms | Tell | Moderation | Help | Wrong) -> None:
        ask, show = self._client.ask, self._writer.show
        if isinstance(act, ListPeople):
            room = act.room or self._view.room
            show(People(0, room, list(ask.people(room))))
        elif isinstance(act, ListRooms):
            show(RoomList(0, list(ask.rooms())))
        elif isinstance(act, Tell):
            show(ask.whois(act.name))
        elif isinstance(act, Moderation):
            done = ask.moderate(
                act.act, name=act.name, room=act.room, seconds=act.seconds, reason=act.reason
            )
            show(done)
        elif isinstance(act, Wrong):
            show(Problem("bad-input", act.text))
        else:
            for line in HELP:
                self._writer.aside(line)
