"""What is done in an open folder stays in it, by descriptor and by path."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from secure_chat.client.inbox.directory import BY_DESCRIPTOR, Directory, telling
from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.note import Note
from secure_chat.client.inbox.part import HIDDEN
from secure_chat.errors import TransferError
from secure_chat.limits import Limits
from tests.client.inbox.trees import names_in


def test_an_open_folder_is_the_same_wherever_it_is_moved(tmp_path: Path) -> None:
    """By descriptor it does not matter what stands under its name by now."""
    if not BY_DESCRIPTOR:
        pytest.skip("this system works by path")
    (tmp_path / "one").mkdir()
    (tmp_path / "elsewhere").mkdir()
    with Directory.open(tmp_path / "one") as folder:
        (tmp_path / "one").rename(tmp_path / "two")
        (tmp_path / "one").symlink_to("elsewhere")
        folder.make("inner")
        folder.close()
    assert (tmp_path / "two" / "inner").is_dir()
    assert names_in(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("by_descriptor", [True, False])
def test_a_link_is_not_entered(tmp_path: Path, by_descriptor: bool) -> None:  # noqa: FBT001 -- pytest gives it by name
    """Unless it is the first one and may be followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with Directory.open(tmp_path, by_descriptor=by_descriptor) as folder:
        assert folder.by_descriptor == by_descriptor
        with pytest.raises(OSError, match=r"(?i)not a directory|symbolic links"):
            folder.enter("link")
        with folder.enter("real") as inner:
            own = inner.identity()
    with Directory.open(tmp_path / "link", follow=True, by_descriptor=by_descriptor) as folder:
        assert folder.identity() == own


def test_a_system_without_descriptors_can_import_and_use_it(tmp_path: Path) -> None:
    """Nothing is asked for at import that Windows does not have."""
    program = (
        "import os, sys, pathlib\n"
        "for name in ('O_NOFOLLOW', 'O_DIRECTORY', 'O_CLOEXEC', 'O_NONBLOCK', 'fchmod'):\n"
        "    delattr(os, name)\n"
        "os.supports_dir_fd = os.supports_fd = os.supports_follow_symlinks = set()\n"
        "sys.modules['fcntl'] = None\n"
        "from secure_chat.client.inbox import Inbox\n"
        "with Inbox.open(pathlib.Path(sys.argv[1])) as inbox:\n"
        "    part = inbox.begin('one')\n"
        "    part.write(b'data')\n"
        "    print(inbox.land(part, '../a:b').name)\n"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, check=True, timeout=60)
    assert done.stdout.split() == [b"a_b"]
    assert names_in(tmp_path) == ["a_b"]


def test_the_package_names_what_others_use() -> None:
    """Every public name is there."""
    package = importlib.import_module("secure_chat.client.inbox")
    assert all(hasattr(package, name) for name in package.__all__)


def test_a_full_disk_has_its_own_advice() -> None:
    """Anything else has another one."""
    for number, hint in ((28, "make room"), (13, "look at the rights")):
        with pytest.raises(TransferError) as caught, telling("it failed"):
            raise OSError(number, "the system's words")
        assert caught.value.hint.startswith(hint)
        assert caught.value.why == "the system's words"
    with pytest.raises(TransferError) as caught, telling("it failed"):
        raise OSError("no number")
    assert caught.value.why == "no number"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"tree\n", "tree"),
        (b"tree", ""),
        (b"", ""),
        (b"a\nb\n", ""),
        (b"../x\n", ""),
        (b"..\n", ""),
    ],
)
def test_a_note_counts_when_it_is_whole_and_a_name(tmp_path: Path, data: bytes, name: str) -> None:
    """One cut off in the middle, or by somebody else, tells nothing."""
    (tmp_path / f"{HIDDEN}one.name").write_bytes(data)
    with Directory.open(tmp_path) as home:
        note = Note(home, "one", Limits())
        assert note.read() == name
        note.write("other")
        assert note.read() == "other"
        note.drop()
        note.drop()
        assert note.read() == ""
    assert names_in(tmp_path) == []


def test_a_folder_in_the_place_of_a_note_is_set_aside(tmp_path: Path) -> None:
    """It is no note, and stays."""
    (tmp_path / f"{HIDDEN}one.name").mkdir()
    with Directory.open(tmp_path) as home:
        note = Note(home, "one", Limits())
        assert note.read() == ""
        note.drop()
    (aside,) = tmp_path.iterdir()
    assert aside.name.startswith(f"{HIDDEN}aside-")


def test_a_killed_landing_is_recognised_by_what_is_ours_only(tmp_path: Path) -> None:
    """A note of a name that is a link or a folder by now is no file of ours."""
    (tmp_path / "theirs").symlink_to("nowhere")
    (tmp_path / f"{HIDDEN}one.name").write_bytes(b"theirs\n")
    with Inbox.open(tmp_path) as inbox:
        part = inbox.begin("one")
        assert part.landed is None
        part.discard()
        (tmp_path / f"{HIDDEN}one.name").write_bytes(b"gone\n")
        assert inbox.begin("one").landed is None


def test_a_landed_file_can_be_compared_and_nothing_added(tmp_path: Path) -> None:
    """A client killed at the very end finds it whole; discarding leaves it there."""
    with Inbox.open(tmp_path) as inbox:
        part = inbox.begin("one")
        part.write(b"data")
        part.close()
        (tmp_path / "a").hardlink_to(tmp_path / part.name)
        for name in ("0", "b"):
            (tmp_path / name).touch()
        again = inbox.begin("one")
        assert again.landed == tmp_path / "a"
        assert again.rehash().hexdigest().startswith("3a6eb0790f39ac87")
        with pytest.raises(TransferError):
            again.write(b"more")
        assert inbox.land(again, "c") == tmp_path / "a"
        again.discard()
    assert names_in(tmp_path) == ["0", "a", "b"]
