"""A partial file is ours alone, is gone on with, and never takes more than was announced."""

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.client.inbox.landing import Inbox
from secure_chat.errors import TransferError
from secure_chat.limits import Limits
from tests.client.inbox.trees import land, names_in
from tests.disks import disk


@pytest.mark.parametrize("label", ["", "A", "a/b", "..", "a.b", "ä", "a" * 65, "a\n"])
def test_a_label_is_one_of_ours(inbox: Inbox, label: str) -> None:
    """Nothing that somebody else wrote gets into a hidden name."""
    with pytest.raises(ValueError, match="is no label"):
        inbox.begin(label)


def test_a_file_is_gone_on_with(inbox: Inbox) -> None:
    """After closing it, what is there is hashed again and more is added behind."""
    first = inbox.begin("one")
    first.write(b"hel")
    first.sync()
    first.close()
    second = inbox.begin("one", most=5)
    assert second.size == 3
    digest = second.rehash()
    second.write(b"lo")
    digest.update(b"lo")
    assert digest.digest() == hashlib.sha256(b"hello").digest()
    assert second.rehash().digest() == digest.digest()
    path = inbox.land(second, "a")
    assert path is not None
    assert path.read_bytes() == b"hello"


def test_rehashing_goes_piece_by_piece(folder: Path) -> None:
    """A large file is never in memory as a whole."""
    with Inbox.open(folder, replace(Limits(), rehash_bytes=3)) as inbox:
        part = inbox.begin("one")
        part.write(b"0123456789")
        assert part.rehash().digest() == hashlib.sha256(b"0123456789").digest()
        os.truncate(folder / part.name, 4)
        with pytest.raises(TransferError, match="cannot be used") as caught:
            part.rehash()
        assert caught.value.why == "it has become shorter"
        part.discard()


def test_more_than_announced_never_gets_in(inbox: Inbox) -> None:
    """The size is enforced while receiving, and a longer rest of before is begun anew."""
    part = inbox.begin("one", most=4)
    part.write(b"abc")
    with pytest.raises(TransferError, match="more bytes come than were announced"):
        part.write(b"de")
    assert part.size == 3
    assert part.rehash().digest() == hashlib.sha256(b"abc").digest()
    part.write(b"d")
    part.close()
    part = inbox.begin("one", most=3)
    assert part.size == 0
    part.discard()
    part.discard()
    assert list(inbox.path.iterdir()) == []


def test_a_part_can_be_cut(inbox: Inbox) -> None:
    """It never grows by it."""
    part = inbox.begin("one")
    part.write(b"abcdef")
    part.truncate(2)
    part.truncate(9)
    assert part.size == 2
    part.write(b"x")
    assert part.rehash().digest() == hashlib.sha256(b"abx").digest()
    part.discard()


@pytest.mark.parametrize("kind", ["link", "dangling", "hard link", "pipe", "folder"])
def test_what_stands_under_a_hidden_name_is_set_aside(
    inbox: Inbox, folder: Path, kind: str
) -> None:
    """It is neither opened nor written to, and the part is a new one."""
    hidden = folder / ".securechat-one.part"
    secret = folder.parent / "outside" / "secret"
    if kind == "hard link":
        hidden.hardlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(hidden)
    elif kind == "folder":
        hidden.mkdir()
    else:
        hidden.symlink_to(secret if kind == "link" else folder.parent / "outside" / "new")
    was = hidden.lstat()
    assert land(inbox, "a", b"hostile") == "a"
    assert secret.read_bytes() == b"theirs"
    assert names_in(folder.parent / "outside") == ["secret"]
    (aside,) = folder.glob(".securechat-aside-*")
    assert (aside.lstat().st_ino, aside.lstat().st_mode) == (was.st_ino, was.st_mode)


def test_a_part_of_somebody_else_is_set_aside(
    inbox: Inbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We write into files of our own only."""
    (folder / ".securechat-one.part").write_bytes(b"theirs")
    real = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: real + 1)
    part = inbox.begin("one")
    assert part.size == 0
    part.write(b"ours")
    part.close()
    (aside,) = folder.glob(".securechat-aside-*")
    assert aside.read_bytes() == b"theirs"


def test_what_is_exchanged_again_and_again_is_given_up(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program that is always faster does not keep us for ever."""
    monkeypatch.setattr("secure_chat.client.inbox.part._opened", lambda *_: None)
    with pytest.raises(TransferError, match="changed by another program"):
        inbox.begin("one")


def test_a_part_with_a_second_name_is_not_landed(inbox: Inbox, folder: Path) -> None:
    """Whoever gave it that name could go on writing to it."""
    part = inbox.begin("one")
    (folder.parent / "outside" / "spy").hardlink_to(folder / part.name)
    with pytest.raises(TransferError, match="changed by another program"):
        inbox.land(part, "a")
    part.discard()
    assert not (folder / "a").exists()


def test_a_disk_that_is_full_is_told_and_keeps_what_came() -> None:
    """With room again it goes on where it stopped."""
    with disk(1) as full, Inbox.open(full / "in") as inbox:
        part = inbox.begin("one")
        with pytest.raises(TransferError, match="cannot be written") as caught:
            part.write(bytes(2_000_000))
        assert "room" in caught.value.hint
        assert 0 < part.size < 2_000_000
        assert part.rehash().digest() == hashlib.sha256(bytes(part.size)).digest()
        part.discard()


def test_what_the_system_refuses_is_told(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, with its own reason."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    part = inbox.begin("one")
    acts: dict[str, Callable[[], object]] = {
        "fsync": part.sync,
        "ftruncate": lambda: part.truncate(0),
        "write": lambda: part.write(b"x"),
        "lseek": part.rehash,
        "link": lambda: inbox.land(part, "a"),
        "open": lambda: inbox.begin("two"),
    }
    for name in ("fsync", "ftruncate", "write", "lseek"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(TransferError) as caught:
                acts[name]()
            assert caught.value.why == "Input/output error"
    for name in ("link", "open"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(TransferError) as caught:
                acts[name]()
            assert caught.value.why == "Input/output error"
    part.close()
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        with pytest.raises(TransferError, match="Input/output error"):
            inbox.begin("one")
    assert inbox.begin("one").landed is None
