"""What nobody needs any more is looked for and deleted, a little at a time.

Owned by the depot's thread. The log alone knows what messages refer to, so the hub's thread is
asked, a page of uploads at a time; it forgets those that nothing refers to before it answers, so
no message can come to refer to a file while that is being deleted. What was asked for again
meanwhile is spared.
"""

from collections.abc import Callable, Sequence
from typing import Final

from secure_chat.errors import StoreError
from secure_chat.log.blobs.rows import Row
from secure_chat.server.depot.items import Sift, Sifted
from secure_chat.server.depot.kit import Kit

__all__ = ["Collecting"]

_STEP: Final = 256
# A deleted message's file goes a moment later, together with others.
_SOON: Final = 1.0
_BEGIN: Final = (-1, 0)


class Collecting:
    """Looks for files to delete.

    Args:
        kit: what the depot works with.
        drop: forgets uploads; tells whether that could be done.
        keep_seconds: how long files are kept though messages refer to them; None for as long as
            those do.
    """

    def __init__(
        self, kit: Kit, drop: Callable[[Sequence[Row]], bool], keep_seconds: float | None
    ) -> None:
        self._kit = kit
        self._drop = drop
        self._keep_ms = None if keep_seconds is None else keep_seconds * 1000
        self._due = kit.clock.monotonic()
        self._sweeping = True
        kit.store.leftovers = True
        # Where the look through all uploads is; None when there is none now.
        self._place: tuple[int, int] | None = None
        # People who have deleted something, how far they were looked through, and when to begin.
        self._people: dict[str, int] = {}
        self._people_due = 0.0
        # What the hub's thread was asked about and has not answered.
        self._asked: list[Row] | None = None

    def deleted(self, people: frozenset[str]) -> None:
        """Look soon through the files of people who have deleted messages."""
        if not self._people:
            self._people_due = self._kit.clock.monotonic() + _SOON
        for person in people:
            self._people[person] = 0

    def patience(self, now: float) -> float:
        """Return how many seconds nothing needs to be done; 0: `work` has more to do at once."""
        if self._asked is not None:
            # Everything else waits for the answer, which wakes the thread.
            return self._kit.limits.collect_seconds
        if self._sweeping or self._place is not None or self._kit.store.leftovers:
            return 0.0
        due = min(self._due, self._people_due) if self._people else self._due
        return max(0.0, due - now)

    def work(self, now: float) -> None:
        """Do a step of what is due."""
        if self._asked is not None:
            return
        try:
            self._step(now)
        except StoreError as error:
            self._put_off(now)
            self._kit.trouble.keeping(error)

    def _step(self, now: float) -> None:
        if self._sweeping:
            self._sweeping = self._kit.store.sweep()
        elif self._kit.store.leftovers:
            self._empty(now)
        elif self._place is not None:
            self._look_on(self._place)
        elif self._people and now >= self._people_due:
            self._look_at_a_person()
        elif now >= self._due:
            self._due = now + self._kit.limits.collect_seconds
            self._place, self._kit.store.leftovers = _BEGIN, True
            self._end_open()

    def _empty(self, now: float) -> None:
        """Take away some of what is within forgotten folders; it may be much."""
        left = self._kit.store.rows.within_gone(_STEP)
        self._kit.store.leftovers = bool(left)
        if not self._drop(left):
            self._put_off(now)

    def _put_off(self, now: float) -> None:
        """After trouble with the disk try again at the next time, not at once."""
        self._due = now + self._kit.limits.collect_seconds
        self._sweeping, self._place, self._kit.store.leftovers = False, None, False
        self._people.clear()

    # --- what is old ---------------------------------------------------------------------------

    def _end_open(self) -> None:
        """Forget unfinished uploads that nobody has gone on with for long."""
        kit, oldest = self._kit, self._oldest()
        old = [row for row in kit.store.rows.open() if row.at < oldest]
        self._drop([row for row in old if kit.uploads.of(row.number) is None])

    def _oldest(self) -> float:
        return self._kit.store.now() - self._kit.limits.upload_keep_seconds * 1000

    def _look_on(self, place: tuple[int, int]) -> None:
        """Look through the next page of all sealed uploads."""
        page = self._kit.store.rows.whole(place, self._kit.limits.sifted)
        self._place = (page[-1].at, page[-1].number) if page else None
        kept = self._without_expired(page)
        oldest = self._oldest()
        # One that is young and was never referred to may be about to be.
        self._ask([row for row in kept if row.used or row.at < oldest])

    def _without_expired(self, page: list[Row]) -> list[Row]:
        if self._keep_ms is None:
            return page
        before = self._kit.store.now() - self._keep_ms
        expired = [row for row in page if row.at < before]
        self._drop(expired)
        return [row for row in page if row.at >= before]

    def _look_at_a_person(self) -> None:
        person, after = next(iter(self._people.items()))
        page = self._kit.store.rows.of(person, after, self._kit.limits.sifted)
        if page:
            self._people[person] = page[-1].number
            self._ask(page)
        else:
            del self._people[person]

    # --- what is not referred to ---------------------------------------------------------------

    def _ask(self, rows: list[Row]) -> None:
        if rows:
            self._asked = rows
            self._kit.tell(Sift(tuple((row.person, row.up) for row in rows)))

    def sifted(self, answer: Sifted) -> None:
        """Hear which uploads are referred to: forget the others, but for those asked for again."""
        asked, self._asked = self._asked or [], None
        try:
            used = [row for row in asked if (row.person, row.up) in answer.referred]
            self._kit.store.rows.use([(row.person, row.up) for row in used if not row.used])
            unused = [row for row in asked if (row.person, row.up) not in answer.referred]
            self._drop([row for row in unused if self._same(row)])
        except StoreError as error:
            self._kit.trouble.keeping(error)

    def _same(self, row: Row) -> bool:
        now = self._kit.store.rows.find(row.person, row.up)
        return now is not None and (now.number, now.at) == (row.number, row.at)
