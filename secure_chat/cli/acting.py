"""Carries out what a person typed or a script wrote, for both forms of `join`.

Used on the thread that reads the input. It may wait for the host's answers, so the thread that
shows events must be another one. Files come and go on threads of their own.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from secure_chat.cli.clients import EventWriter
from secure_chat.client.acts import (
    Act,
    Deed,
    Delete,
    Edit,
    Enter,
    Exit,
    Get,
    Help,
    Last,
    ListFiles,
    ListPeople,
    ListRooms,
    Moderation,
    Quit,
    React,
    Reply,
    SendFile,
    Speak,
    Tell,
    Wrong,
)
from secure_chat.client.events import Message, People, Problem, RoomList
from secure_chat.client.speech import HELP
from secure_chat.client.view import last_of, line_of
from secure_chat.errors import SecureChatError
from secure_chat.folders import inbox_folder
from secure_chat.wire.messages import Content, ContentKind, History

if TYPE_CHECKING:
    from secure_chat.cli.errands import Errands
    from secure_chat.client.runtime import Client

__all__ = ["Actor"]

_START: Final = "lobby"
# So many messages of a room `/last` shows, and so many files `/files`.
_SHOWN: Final = 10
_FILES: Final = 20
# So far back one looks for a message that can be answered or edited.
_BACK: Final = 50

_About: TypeAlias = Reply | React | Edit | Delete
_Asked: TypeAlias = ListPeople | ListRooms | Tell | Moderation | Last | ListFiles


class Actor:
    """Does what is asked for, in the room one is talking in.

    Args:
        client: connected.
        writer: where answers go.
        patience: seconds to wait when too much is unacknowledged already.
        into: what `--into` says: where received files land.
        shows: whether received pictures are shown; only at a terminal.
    """

    def __init__(
        self,
        client: "Client",
        writer: EventWriter,
        patience: float = 0.0,
        *,
        into: Path | None = None,
        shows: bool = False,
    ) -> None:
        self._client = client
        self._writer = writer
        self._view = writer.view
        self._patience = patience
        self._into = into
        self._shows = shows
        self._has_errands = False

    def act(self, act: Act) -> bool:
        """Do one thing; False when it was to leave. What goes wrong is told, not raised."""
        if isinstance(act, Quit):
            return False
        try:
            self._do(act)
        except SecureChatError as error:
            self._writer.show(Problem("failed", str(error), getattr(act, "id", None)))
        return True

    def finish(self) -> None:
        """Wait until all files are through."""
        if self._has_errands:
            self._errands.finish()

    def stop(self) -> None:
        """Stop the files that are on their way; they can be gone on with later."""
        if self._has_errands:
            self._errands.stop()

    # --- acts ----------------------------------------------------------------------------------

    def _do(self, act: Deed) -> None:
        if isinstance(act, Speak | Enter | Exit):
            self._send(act)
        elif isinstance(act, Reply | React | Edit | Delete):
            self._say_about(act)
        elif isinstance(act, SendFile):
            self._errands.send(act, self._view.room)
        elif isinstance(act, Get):
            message = self._view.message(act.of) or self._client.files.message(act.of)
            self._errands.get(message)
        elif isinstance(act, Wrong):
            self._writer.show(Problem("bad-input", act.text))
        elif isinstance(act, Help):
            for line in HELP:
                self._writer.aside(line)
        else:
            self._look(act)

    def _send(self, act: Speak | Enter | Exit) -> None:
        view = self._view
        if isinstance(act, Speak):
            room = view.room if act.room is None and act.to is None else act.room
            self._say(act.text, room, act.to, act.content, act.id)
        elif isinstance(act, Enter):
            self._client.join(act.room, id=act.id)
            view.room = act.room
        else:
            room = act.room or view.room
            self._client.leave(room, id=act.id)
            view.room = _START if room == view.room else view.room

    def _say_about(self, act: _About) -> None:
        """Say something about a message, where that was said."""
        own = isinstance(act, Edit | Delete)
        about = self._about(act.of, own=own)
        room, to = about.room, None
        if room is None:
            to = about.to if about.author == self._client.name else about.author
        text = "" if isinstance(act, Delete) else act.text
        self._say(text, room, to, _content(act, about))

    def _say(
        self,
        text: str,
        room: str | None,
        to: str | None,
        content: Content | None,
        id_: str | None = None,
    ) -> None:
        self._client.say(text, room=room, to=to, id=id_, patience=self._patience, content=content)
        if not self._view.connected:
            self._writer.aside("no connection just now; it is sent as soon as there is one")

    def _about(self, of: int | None, *, own: bool) -> Message:
        """Return the message that something is about.

        Raises:
            SecureChatError: there is none, or the host does not tell.
        """
        if of is not None:
            return self._view.message(of) or self._client.files.message(of)
        found = self._view.last(own=own) or last_of(self._recent(_BACK), self._client.name, own=own)
        if found is None:
            raise SecureChatError(
                "there is no such message here", hint="/last shows the last ones."
            )
        return found

    def _recent(self, most: int) -> list[Message]:
        return list(self._client.ask.history(History(0, room=self._view.room), most))

    # --- questions -----------------------------------------------------------------------------

    def _look(self, act: _Asked) -> None:
        ask, show = self._client.ask, self._writer.show
        if isinstance(act, ListPeople):
            room = act.room or self._view.room
            show(People(0, room, list(ask.people(room))))
        elif isinstance(act, ListRooms):
            show(RoomList(0, list(ask.rooms())))
        elif isinstance(act, Tell):
            show(ask.whois(act.name))
        elif isinstance(act, Last):
            for message in self._recent(_SHOWN):
                self._writer.aside(f"{message.seq:>6}  {line_of(message)}")
        elif isinstance(act, ListFiles):
            self._list_files()
        else:
            done = ask.moderate(
                act.act, name=act.name, room=act.room, seconds=act.seconds, reason=act.reason
            )
            show(done)

    def _list_files(self) -> None:
        from secure_chat.cli.offers import offers_of, table

        offers = offers_of(self._client.files.listing(most=_FILES))
        head, *lines = table(offers, self._writer.columns)
        self._writer.aside(head if offers else "there is no file to fetch")
        for offer, line in zip(offers, lines, strict=True):
            self._writer.tell(offer.for_scripts(), line)

    @cached_property
    def _errands(self) -> "Errands":
        """What carries files; whoever only talks does not load it."""
        from secure_chat.cli.errands import Errands

        self._has_errands = True
        return Errands(self._client, self._writer, inbox_folder(self._into), shows=self._shows)


def _content(act: _About, about: Message) -> Content:
    if isinstance(act, Reply):
        return Content(reply=about.seq)
    if isinstance(act, React):
        return Content(ContentKind.REACTION, of=about.seq)
    if isinstance(act, Delete):
        return Content(ContentKind.DELETION, of=about.seq)
    # A text keeps being shown as it was.
    shown = act.content or about.content or Content()
    return Content(ContentKind.EDIT, shown.format, shown.lang, of=about.seq)
