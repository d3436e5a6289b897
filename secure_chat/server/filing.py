"""What the hub's thread does for the depot: it tells what is committed of files, and sifts.

Owned by the hub's thread. Bytes of files never come here, only whose uploads messages refer to.
"""

from collections.abc import Callable, Sequence

from secure_chat.hub.events import Forgotten
from secure_chat.hub.hub import Hub
from secure_chat.log.base import Committed, Draft, Outcome
from secure_chat.log.sqlite import SqliteLog
from secure_chat.server.depot.items import Deleted, Referred, Sift, Sifted
from secure_chat.wire.messages import ContentKind

__all__ = ["Filing"]


class Filing:
    """Answers and tells the depot.

    Args:
        log: the log.
        hub: told what is forgotten.
        tell: gives the depot something; must not block.
    """

    def __init__(
        self, log: SqliteLog, hub: Hub, tell: Callable[[Referred | Deleted | Sifted], None]
    ) -> None:
        self._log = log
        self._hub = hub
        self._tell = tell
        self._sifts: list[Sift] = []

    def committed(self, drafts: Sequence[Draft], outcomes: Sequence[Outcome]) -> None:
        """Tell the depot what of a batch concerns it."""
        # Nearly always nothing: this runs for every batch of messages.
        if [draft for draft in drafts if draft.content is not None]:
            self._tell_of_files(drafts, outcomes)

    def _tell_of_files(self, drafts: Sequence[Draft], outcomes: Sequence[Outcome]) -> None:
        referred: list[tuple[str, str]] = []
        deleted: set[str] = set()
        for draft, outcome in zip(drafts, outcomes, strict=True):
            content = draft.content
            if content is None or not isinstance(outcome, Committed):
                continue
            if content.file is not None:
                referred.append((draft.author, content.file.up))
            elif content.kind == ContentKind.DELETION:
                deleted.add(draft.author)
        if referred:
            self._tell(Referred(tuple(referred)))
        if deleted:
            self._tell(Deleted(frozenset(deleted)))

    def take(self, sift: Sift) -> None:
        """Take a question; `answer` it when everything that came before it is committed."""
        self._sifts.append(sift)

    def answer(self) -> None:
        """Answer what was asked, once a round, behind the commit.

        What nothing refers to is forgotten by the hub first, so that it stays so.

        Raises:
            StoreBroken: the disk failed.
        """
        sifts, self._sifts = self._sifts, []
        for sift in sifts:
            referred = frozenset(self._log.referred(sift.ups))
            self._hub.forgotten(Forgotten(tuple(up for up in sift.ups if up not in referred)))
            self._tell(Sifted(referred))
