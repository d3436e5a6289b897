"""What waits for the log: drafts, whose they are, and what is answered only behind them.

Owned by the hub's thread; filled while events are handled, emptied when the log has answered.
"""

from typing import TypeAlias

from secure_chat.hub.commands import Fault
from secure_chat.hub.session import Session
from secure_chat.log.base import Draft, Kind
from secure_chat.wire.messages import Fetch, Hello, History, Join, Leave, Rooms, Who, Whois

__all__ = ["Behind", "Drafts", "Question"]

Question: TypeAlias = Who | Rooms | Whois | History | Fetch
Behind: TypeAlias = Hello | Join | Leave | Question


class Drafts:
    """One batch in the making."""

    __slots__ = ("behind", "faults", "owners", "taken", "waiting")

    def __init__(self) -> None:
        self.waiting: list[Draft] = []
        self.taken: list[Draft] = []
        self.owners: list[Session] = []
        self.behind: list[tuple[Session, Behind]] = []
        self.faults: dict[int, Fault] = {}

    def add(self, session: Session, draft: Draft) -> None:
        """Let a draft wait for the log."""
        self.waiting.append(draft)
        self.owners.append(session)

    def add_again(self, session: Session, draft: Draft, fault: Fault) -> None:
        """Let a draft wait that is right as a repetition only.

        Args:
            session: whose it is.
            draft: with `again` set.
            fault: why it is refused when it turns out to be none.
        """
        self.faults[id(draft)] = fault
        self.add(session, draft)

    def fault(self, draft: Draft) -> Fault:
        """Return why a draft of `add_again` is refused."""
        return self.faults[id(draft)]

    def move(self, session: Session, kind: Kind, ident: str, room: str) -> None:
        """Let a joining or leaving wait for the log, and expect that it will be stored."""
        person = session.person
        person.expected[room] = kind is Kind.JOINED
        self.add(session, Draft(kind, person.name, ident, room, None, ""))

    def take(self) -> list[Draft]:
        """Return what waits and call it taken; `clear` follows when the log has answered."""
        self.taken, self.waiting = self.waiting, []
        return self.taken

    def clear(self) -> list[tuple[Session, Behind]]:
        """Forget the batch and return the requests that waited behind it, in their order."""
        behind, self.behind = self.behind, []
        for session in self.owners:
            session.person.expected.clear()
        self.taken = []
        self.owners = []
        self.faults.clear()
        return behind
