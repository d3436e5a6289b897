"""Questions to the host that wait for their answer: who, rooms, whois, history, moderation.

Used on any thread but the worker's; each call blocks its caller until the answer is here, the
line is lost or `limits.ack_seconds` have passed. Answers page by page are put together here.
"""

import itertools
import queue
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from msgspec.structs import replace

from secure_chat.client.effects import Request
from secure_chat.client.events import (
    Done,
    Message,
    Moderated,
    Page,
    People,
    Problem,
    Profile,
    RoomList,
)
from secure_chat.client.orders import Ask
from secure_chat.client.outgoing import check
from secure_chat.client.outlet import Outlet, Slot
from secure_chat.client.text import printable
from secure_chat.errors import HostUnreachable, OutcomeUnknown, SecureChatError
from secure_chat.limits import Limits
from secure_chat.wire.messages import (
    Code,
    History,
    Moderate,
    Person,
    RoomInfo,
    Rooms,
    Who,
    Whois,
)

__all__ = ["Asking", "error_of"]

_HINTS: Final[dict[str, str]] = {
    Code.NOT_A_MEMBER: "Join the room first: `/join ROOM` in `securechat join`.",
    Code.NOBODY: "`securechat join` and `/who` list who there is.",
    Code.TOO_LONG: "Send it in parts.",
    Code.DISK_FULL: "The host's owner must make room; send it again then.",
    Code.MUTED: "An operator or the host's owner can lift it.",
    Code.ROOM_CLOSED: "An operator or the host's owner can open it again.",
    Code.NOT_ALLOWED: "The host's owner can do it: `securechat moderate` at the host.",
}

Kind = TypeVar("Kind", People, RoomList, Profile, Page, Done)


class Asking:
    """What one client may ask.

    Args:
        post: hands a question on, behind what was said before it.
        outlet: where answers come out.
        limits: the bounds in force.
    """

    def __init__(self, post: Callable[[Ask], None], outlet: Outlet, limits: Limits) -> None:
        self._post = post
        self._outlet = outlet
        self._limits = limits
        self._numbers = itertools.count(1)

    def people(self, room: str) -> Iterator[Person]:
        """Yield the members of a room in the order of their names.

        Raises:
            SecureChatError: the host refused to tell, or no answer came.
        """
        after, more = "", True
        while more:
            page = self._answer(Who(next(self._numbers), room, after), People)
            yield from page.people
            more = page.more and bool(page.people)
            after = page.people[-1].name if page.people else after

    def rooms(self) -> Iterator[RoomInfo]:
        """Yield all rooms there are in the order of their names.

        Raises:
            SecureChatError: no answer came.
        """
        after, more = "", True
        while more:
            page = self._answer(Rooms(next(self._numbers), after), RoomList)
            yield from page.rooms
            more = page.more and bool(page.rooms)
            after = page.rooms[-1].name if page.rooms else after

    def whois(self, name: str) -> Profile:
        """Return what the host knows of a person.

        Raises:
            SecureChatError: there is nobody of that name, or no answer came.
        """
        return self._answer(Whois(next(self._numbers), name), Profile)

    def history(self, query: History, most: int | None = None) -> Iterator[Message]:
        """Yield what was said, in the log's order, through as many pages as it takes.

        Args:
            query: what is wanted; its `re`, `after`, `before` and `newest` are set here.
            most: only the newest so many; None for everything.

        Raises:
            SecureChatError: the host refused to tell, or no answer came.
        """
        if most is not None:
            yield from self._newest(query, most)
            return
        after, more = query.after, True
        while more:
            page = self._page(replace(query, after=after, limit=self._limits.page_entries))
            yield from map(Message.of, page.messages)
            more = page.more and bool(page.messages)
            after = page.messages[-1].seq if page.messages else after

    def message(self, seq: int) -> Message:
        """Return one message by its number.

        Raises:
            SecureChatError: there is none that we may read, or no answer came.
        """
        page = self._page(History(0, after=seq - 1, before=seq + 1, limit=1))
        found = [said for said in page.messages if said.seq == seq]
        if not found:
            raise SecureChatError(
                f"there is no message {seq} that you may read",
                hint="`securechat history` and `securechat get` list what there is.",
            )
        return Message.of(found[0])

    def moderate(
        self, act: str, *, name: str = "", room: str = "", seconds: int = 0, reason: str = ""
    ) -> Moderated:
        """Do what an operator may do to a person or a room; it is in force on return.

        Args:
            act: a word of `wire.messages.Measure`.
            name: the person, for `kick`, `mute`, `unmute` and `ban`.
            room: the room, for `close-room` and `open-room`.
            seconds: how long a mute lasts; 0 until somebody lifts it.
            reason: why, for the host's audit trail; at most 1,024 characters.

        Raises:
            OutcomeUnknown: no answer came; doing it again is safe.
            SecureChatError: the host refused it, for example because we are no operator.
        """
        self._answer(Moderate(next(self._numbers), act, name, room, seconds, reason), Done)
        return Moderated(act, name, room, seconds, reason)

    def _newest(self, query: History, most: int) -> list[Message]:
        """Return the newest so many; pages come from the end backwards."""
        found: list[Message] = []
        before, more = query.before, True
        while more and len(found) < most:
            limit = min(most - len(found), self._limits.page_entries)
            page = self._page(replace(query, newest=True, before=before, limit=limit))
            found = [Message.of(said) for said in page.messages] + found
            more = page.more and bool(page.messages)
            before = page.messages[0].seq if page.messages else before
        return found

    def _page(self, query: History) -> Page:
        return self._answer(replace(query, re=next(self._numbers)), Page)

    def _answer(self, request: Request, kind: type[Kind]) -> Kind:
        """Send a question and wait for its answer.

        Raises:
            UsageError: it cannot be one, so the host would close the connection for it.
        """
        check(request, self._limits)
        slot: Slot = queue.SimpleQueue()
        self._outlet.answers[request.re] = slot
        if self._outlet.ended:
            slot.put(None)
        self._post(Ask(request))
        try:
            answer = slot.get(timeout=self._limits.ack_seconds)
        except queue.Empty:
            self._outlet.answers.pop(request.re, None)
            raise OutcomeUnknown(
                "the host did not answer in time",
                why=f"nothing came within {self._limits.ack_seconds:g} s",
                hint="Asking again is safe.",
            ) from None
        if isinstance(answer, kind):
            return answer
        raise error_of(answer if isinstance(answer, Problem) else None, self._outlet.error)


def error_of(problem: Problem | None, ended: SecureChatError | None = None) -> SecureChatError:
    """Return a problem as the error that a command ends with.

    Args:
        problem: what the host or the line said; None when the client ended meanwhile.
        ended: why it ended, if it did.
    """
    if problem is None:
        return ended or HostUnreachable("the client ended before the answer came")
    if problem.code == Code.SILENT:
        return HostUnreachable(printable(problem.text), hint="Try again; asking twice is safe.")
    hint = _HINTS.get(problem.code, "")
    return SecureChatError("the host refused that", why=printable(problem.text), hint=hint)
