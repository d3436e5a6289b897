"""What is given to the keeper is on the disk before it goes on to the worker."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from secure_chat.client.effects import Forget, Outgoing
from secure_chat.client.keeper import Keeper
from secure_chat.client.orders import (
    Ask,
    Compose,
    Composed,
    Hindered,
    Install,
    Leaving,
    Ready,
    Submitted,
    Trouble,
)
from secure_chat.client.store import Store
from secure_chat.errors import IdentityError, StoreFull
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal, read_records
from secure_chat.limits import Limits
from secure_chat.net.recording import Evidence
from secure_chat.tls.reason import Failure, Reason
from secure_chat.wire.messages import Leave, Say, Who
from tests.client.certificates import FakeFiles, identity
from tests.fakes import FakeClock

SAY = Say("a1", "hi", "lobby")
LEAVE = Leave("l1", "tea")
ASK = Ask(Who(1, "tea"))
EVIDENCE = Evidence(
    end="client",
    uid="C1",
    started=0.0,
    duration_ms=1.0,
    orig=("127.0.0.1", 1),
    resp=("127.0.0.1", 2),
    failure=Failure(Reason.OK),
    established=True,
)


FILES = FakeFiles(identity())


class CheckingStore(Store):
    """A store that notes what it was given, and fails while it is told to."""

    def __init__(self) -> None:
        inner = Store.in_memory()
        super().__init__(inner._state, None)
        self.saved: list[tuple[object, ...]] = []
        self.fails = 0

    def save(
        self, keep: Sequence[Outgoing] = (), forget: Iterable[str] = (), cursor: int | None = None
    ) -> None:
        """Note it, or fail as a full disk does."""
        if self.fails:
            self.fails -= 1
            raise StoreFull("no room")
        self.saved.append((tuple(keep), tuple(forget), cursor))


def test_a_batch_is_one_transaction_and_goes_on_behind_it() -> None:
    """The worker is given what was saved, in order, and then what was asked for later."""
    store = CheckingStore()
    given: list[object] = []
    deliver = lambda item: given.append((item, len(store.saved)))  # noqa: E731
    keeper = Keeper(store, None, FILES, deliver, Limits())
    keeper.post(SAY)
    keeper.post(ASK)
    keeper.post(Forget("a0"))
    keeper.post(LEAVE)
    keeper.shown(3)
    keeper.shown(4)
    keeper.post(Leaving(flush=True))
    keeper.post(EVIDENCE)
    keeper.stop()
    keeper.run()
    assert store.saved == [((SAY, LEAVE), ("a0",), 4)]
    assert given == [(Submitted((SAY, LEAVE)), 1), (ASK, 1), (Leaving(flush=True), 1)]


def test_handshakes_are_written_down(tmp_path: Path) -> None:
    """The journal stands in the client's own folder and is complete when the thread has ended."""
    journal = Journal(tmp_path / ACCEPTED, tmp_path / REFUSED, Limits(), FakeClock())
    keeper = Keeper(Store.in_memory(), journal, FILES, print, Limits())
    keeper.post(EVIDENCE)
    keeper.stop()
    keeper.run()
    assert [record.uid for record in read_records(tmp_path)] == ["C1"]


def test_a_disk_that_fails_is_told_once_and_stops_nobody() -> None:
    """Messages still go out; when the disk takes something again, the next failure is told."""
    store = CheckingStore()
    given: list[object] = []
    keeper = Keeper(store, None, FILES, given.append, Limits())
    for fails in (1, 1, 0, 1):
        store.fails = fails
        keeper.post(SAY)
        assert keeper._turn(keeper._inbox.take())
    troubles = [one for one in given if isinstance(one, Trouble)]
    assert len(troubles) == 2
    assert given.count(Submitted((SAY,))) == 4
    keeper.stop()
    keeper.run()


def test_only_the_newest_cursor_waits() -> None:
    """A window that shows much posts one note, not one for each."""
    keeper = Keeper(Store.in_memory(), None, FILES, print, Limits())
    for cursor in range(100):
        keeper.shown(cursor)
    assert len(keeper._inbox.take()) == 1
    keeper.stop()
    keeper.run()


def test_a_renewal_is_made_and_written_behind_what_was_said_before_it() -> None:
    """A request unless the disk has a newer one; what goes wrong is an answer too."""
    files = FakeFiles(identity("a1"))
    given: list[object] = []
    keeper = Keeper(Store.in_memory(), None, files, given.append, Limits())

    def turn(order: Compose | Install) -> object:
        keeper.post(order)
        assert keeper._turn(keeper._inbox.take())
        return given.pop()

    present = files.disk
    assert turn(Compose(present)) == Composed("request")
    files.broken = IdentityError("no key")
    assert turn(Compose(present)) == Hindered(files.broken)
    assert turn(Install("certificate", "authorities", present)) == Hindered(files.broken)
    files.broken, files.disk = None, identity("b2")
    assert turn(Install("certificate", "authorities", present)) == Ready(files.disk)
    assert files.installed == [("certificate", "authorities", present)]
    assert turn(Compose(present)) == Ready(files.disk)
    keeper.stop()
    keeper.run()


def test_the_files_are_closed_when_the_thread_dies() -> None:
    """Whatever ends it, the folder is free for the next client."""
    store = Store.in_memory()

    def broken(_: object) -> None:
        raise ZeroDivisionError

    keeper = Keeper(store, None, FILES, broken, Limits())
    keeper.post(SAY)
    with pytest.raises(ZeroDivisionError):
        keeper.run()
    with pytest.raises(Exception, match="closed"):
        store.load()
