"""What a client says: texts and everything else a message can be, joining and leaving.

Used on any thread; `runtime.Client` is one of these. What is said goes to the disk's thread first,
which hands it on to the worker; nothing here waits but for room in the queue or for an ack.
"""

import queue
from collections.abc import Callable

from secure_chat.client.asking import error_of
from secure_chat.client.effects import Outgoing
from secure_chat.client.events import Acked, Message, Problem
from secure_chat.client.outgoing import check, new_id
from secure_chat.client.outlet import Outlet, Slot
from secure_chat.errors import OutcomeUnknown, SecureChatError
from secure_chat.limits import Limits
from secure_chat.wire.messages import Content, ContentKind, Join, Leave, Say

__all__ = ["Saying"]


class Saying:
    """One person's side of what is said.

    Args:
        name: who they are.
        post: hands something on to be kept and sent.
        outlet: where acks come out.
        limits: the bounds in force.
    """

    def __init__(
        self, name: str, post: Callable[[Outgoing], None], outlet: Outlet, limits: Limits
    ) -> None:
        self.name = name
        self._post = post
        self._outlet = outlet
        self._limits = limits

    def say(  # noqa: PLR0913 -- to whom, how, and under which id
        self,
        text: str,
        *,
        room: str | None = None,
        to: str | None = None,
        id: str | None = None,  # noqa: A002 -- what it is called everywhere
        content: Content | None = None,
        patience: float = 0.0,
    ) -> str:
        """Say something in a room or to a person; returns its id at once.

        An `Acked` or a `Problem` with this id follows as an event, after any number of
        connections and even restarts.

        Args:
            text: what to say.
            room: the room, `lobby` when neither a room nor a person is named.
            to: the person.
            id: unique for this person for ever; saying the same again with it is safe.
            content: what it is beside the text: a format, a reply; None for plain text.
            patience: seconds to wait when too much is unacknowledged already.

        Raises:
            UsageError: it cannot be a message.
            SecureChatError: too much is unacknowledged.
        """
        if room is None and to is None:
            room = "lobby"
        return self._submit(Say(id or new_id(), text, room, to, content), patience)

    def reply(self, message: Message, text: str) -> str:
        """Answer a message where it was said: in its room, or to the other person."""
        content = Content(reply=message.seq)
        if message.room is not None:
            return self.say(text, room=message.room, content=content)
        other = message.to if message.author == self.name else message.author
        return self.say(text, to=other, content=content)

    def react(self, seq: int, text: str, *, room: str | None = None, to: str | None = None) -> str:
        """React to a message with a word or a sign; returns the reaction's id.

        Args:
            seq: the message.
            text: the word or sign.
            room: where the message was said, `lobby` when nothing is named.
            to: the other person, when it was a direct message.

        Raises:
            UsageError: it cannot be a message.
        """
        return self.say(text, room=room, to=to, content=Content(ContentKind.REACTION, of=seq))

    def edit(  # noqa: PLR0913 -- where it was said, and how the new text is shown
        self,
        seq: int,
        text: str,
        *,
        room: str | None = None,
        to: str | None = None,
        format: str = "",  # noqa: A002 -- what it is called on the wire
        lang: str = "",
    ) -> str:
        """Put another text into one's own message; returns the edit's id.

        Args:
            seq: the message.
            text: the new text.
            room: where the message was said, `lobby` when nothing is named.
            to: the other person, when it was a direct message.
            format: how the new text is to be shown, a word of `wire.messages.Format`.
            lang: the language of code.

        Raises:
            UsageError: it cannot be a message.
        """
        content = Content(ContentKind.EDIT, format=format, lang=lang, of=seq)
        return self.say(text, room=room, to=to, content=content)

    def delete(self, seq: int, *, room: str | None = None, to: str | None = None) -> str:
        """Delete one's own message, or take back one's own reaction; returns the deletion's id.

        Args:
            seq: the message.
            room: where the message was said, `lobby` when nothing is named.
            to: the other person, when it was a direct message.

        Raises:
            UsageError: it cannot be a message.
        """
        return self.say("", room=room, to=to, content=Content(ContentKind.DELETION, of=seq))

    def join(self, room: str, *, id: str | None = None) -> str:  # noqa: A002 -- as in `say`
        """Become a member of a room, which is made if it is not there; returns the id."""
        return self._submit(Join(id or new_id(), room))

    def leave(self, room: str, *, id: str | None = None) -> str:  # noqa: A002 -- as in `say`
        """End the membership of a room; returns the id."""
        return self._submit(Leave(id or new_id(), room))

    def deliver(  # noqa: PLR0913 -- to whom, how, and under which id
        self,
        text: str,
        *,
        room: str | None = None,
        to: str | None = None,
        id: str | None = None,  # noqa: A002 -- as in `say`
        content: Content | None = None,
        timeout: float | None = None,
    ) -> Acked:
        """Say something and wait until it is stored for good.

        Args:
            text: what to say.
            room: as in `say`.
            to: as in `say`.
            id: as in `say`.
            content: as in `say`.
            timeout: seconds; `limits.ack_seconds` unless told otherwise.

        Raises:
            OutcomeUnknown: no ack came in time; repeating it with the same id is safe.
            SecureChatError: the host refused it.
        """
        id = id or new_id()  # noqa: A001 -- as in `say`
        slot = self.expect(id)
        try:
            self.say(text, room=room, to=to, id=id, content=content)
        except SecureChatError:
            self.unexpect(id)
            raise
        seconds = self._limits.ack_seconds if timeout is None else timeout
        try:
            outcome = slot.get(timeout=seconds)
        except queue.Empty:
            raise OutcomeUnknown(
                f"no answer came within {seconds:g} s",
                why="the message may be stored or not",
                hint=f"Repeating it is safe with --id {id}",
            ) from None
        if isinstance(outcome, Acked):
            return outcome
        raise error_of(outcome if isinstance(outcome, Problem) else None, self._outlet.error)

    def expect(self, id: str) -> Slot:  # noqa: A002 -- as in `say`
        """Return where the outcome of what is said next under this id comes: an ack or a problem.

        None comes when the client ends first. Whoever does not take it forgets it by `unexpect`.
        """
        slot: Slot = queue.SimpleQueue()
        self._outlet.outcomes[id] = slot
        if self._outlet.ended:
            slot.put(None)
        return slot

    def unexpect(self, id: str) -> None:  # noqa: A002 -- as in `say`
        """Let the outcome of this id be an event like any other."""
        self._outlet.outcomes.pop(id, None)

    def _submit(self, message: Outgoing, patience: float = 0.0) -> str:
        check(message, self._limits)
        places = self._outlet.places
        if not (places.acquire(timeout=patience) if patience else places.acquire(blocking=False)):
            raise SecureChatError(
                "too much is waiting for the host's acknowledgement",
                why=f"{self._limits.unsent} messages are not acknowledged",
                hint="Wait until the host answers again.",
            )
        self._post(message)
        return message.id
