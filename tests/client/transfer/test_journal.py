"""What is remembered of an upload between two runs."""

import os
from pathlib import Path

import pytest

from secure_chat.client.transfer.journal import Errand, Journal
from secure_chat.errors import StoreError
from secure_chat.limits import Limits
from tests.fakes import FakeClock

ERRAND = Errand("/home/alice/x", 10, 5, to="bob", name="x")
DAY = 86_400.0


def new(folder: Path, clock: FakeClock | None = None) -> Journal:
    """Return a journal in a folder."""
    limits = Limits(upload_keep_seconds=7 * DAY)
    return Journal(folder / "transfers", limits, clock or FakeClock())


def now(folder: Path) -> FakeClock:
    """Return a clock that shows when the files of a journal were written."""
    (path,) = (folder / "transfers").iterdir()
    return FakeClock(wall=path.stat().st_mtime)


def test_the_same_errand_finds_its_ids_again(tmp_path: Path) -> None:
    """Also another run; both ids are new ones and not the same."""
    entry = new(tmp_path).begin(ERRAND)
    assert len({entry.up, entry.id}) == 2
    assert new(tmp_path, now(tmp_path)).begin(ERRAND) == entry


@pytest.mark.parametrize(
    "other",
    [
        Errand("/home/alice/y", 10, 5, to="bob", name="x"),
        Errand("/home/alice/x", 11, 5, to="bob", name="x"),
        Errand("/home/alice/x", 10, 6, to="bob", name="x"),
        Errand("/home/alice/x", 10, 5, "list", to="bob", name="x"),
        Errand("/home/alice/x", 10, 5, room="bob", name="x"),
        Errand("/home/alice/x", 10, 5, to="bob", name="y"),
        Errand("/home/alice/x", 10, 5, to="bob", name="x", text="look"),
    ],
)
def test_whatever_changes_makes_it_another_errand(tmp_path: Path, other: Errand) -> None:
    """Other bytes, other people, other words."""
    journal = new(tmp_path)
    assert journal.begin(ERRAND).up != journal.begin(other).up


def test_what_is_acknowledged_is_forgotten(tmp_path: Path) -> None:
    """The same file again is another message; to forget twice does no harm."""
    journal = new(tmp_path)
    entry = journal.begin(ERRAND)
    journal.forget(entry)
    journal.forget(entry)
    assert not list((tmp_path / "transfers").iterdir())
    assert journal.begin(ERRAND).up != entry.up


def test_it_can_be_begun_anew(tmp_path: Path) -> None:
    """When the host means something else by the ids."""
    journal = new(tmp_path)
    first = journal.begin(ERRAND)
    second = journal.begin(ERRAND, anew=True)
    assert second.up != first.up
    assert new(tmp_path, now(tmp_path)).begin(ERRAND) == second


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """It names files and people."""
    new(tmp_path).begin(ERRAND)
    (path,) = (tmp_path / "transfers").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("data", [b"", b"{", b'{"up":1}', b"\xff"])
def test_what_is_damaged_was_never_there(tmp_path: Path, data: bytes) -> None:
    """New ids are made; the worst is that bytes are sent again."""
    entry = new(tmp_path).begin(ERRAND)
    (path,) = (tmp_path / "transfers").iterdir()
    path.write_bytes(data)
    assert new(tmp_path, now(tmp_path)).begin(ERRAND).up != entry.up


def test_ids_of_another_errand_are_not_taken(tmp_path: Path) -> None:
    """A file that somebody has renamed says what it is about."""
    journal = new(tmp_path)
    journal.begin(ERRAND)
    (path,) = (tmp_path / "transfers").iterdir()
    other = Errand("/y", 1, 1)
    entry = journal.begin(other)
    path.write_bytes(journal._path(other).read_bytes())
    assert journal.begin(ERRAND).up != entry.up


def test_what_the_host_has_forgotten_is_swept(tmp_path: Path) -> None:
    """With the next upload; what is not ours stays."""
    old = new(tmp_path).begin(ERRAND)
    folder = tmp_path / "transfers"
    (folder / "left.part").write_text("")
    (folder / "other").write_text("")
    clock = FakeClock(wall=max(path.stat().st_mtime for path in folder.iterdir()))
    clock.advance(7 * DAY + 1)
    journal = new(tmp_path, clock)
    (path,) = folder.glob("*.json")
    assert journal._read(path) is None
    journal.begin(Errand("/y", 1, 1))
    assert sorted(path.suffix for path in folder.iterdir()) == ["", ".json"]
    assert journal.begin(ERRAND).up != old.up


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    """Before anything is sent, as it could not be gone on with."""
    (tmp_path / "transfers").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        new(tmp_path).begin(ERRAND)


def test_a_folder_that_cannot_be_changed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is acknowledged would be gone on with the next time."""
    journal = new(tmp_path)
    entry = journal.begin(ERRAND)

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        del missing_ok
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StoreError, match="cannot be taken away"):
        journal.forget(entry)
