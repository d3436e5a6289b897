"""The inbox: the one folder that received files land in, whole, under a free name, never elsewhere.

Owned by whoever receives, on one thread at a time; nothing of it knows a network. What is not whole
stands in hidden files of ours, so a program that is killed at any moment leaves nothing under a
visible name that is not whole, and the next one goes on. Never overwritten is anything but a plain
file, and that only when the person said so.
"""

import os
import re
import stat
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from secure_chat.client.inbox.directory import (
    BY_DESCRIPTOR,
    Directory,
    identity,
    is_ours,
    telling,
)
from secure_chat.client.inbox.manifest import Manifest
from secure_chat.client.inbox.names import key, safe_name
from secure_chat.client.inbox.note import Note
from secure_chat.client.inbox.part import ENDING, HIDDEN, Part, open_part
from secure_chat.client.inbox.publishing import (
    Ask,
    OnExists,
    decide,
    free_names,
    is_vacant_file,
    name_file,
    replace_file,
)
from secure_chat.client.inbox.staging import Staging
from secure_chat.errors import StoreError
from secure_chat.limits import Limits

__all__ = ["Inbox"]

_LABEL: Final = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
_TWO_NAMES: Final = 2


class Inbox:
    """An open inbox; `open` one, `begin` a file or `begin_folder`, then land it.

    Args:
        home: the open folder.
        limits: how long names may be, how deep folders.
    """

    def __init__(self, home: Directory, limits: Limits) -> None:
        self._home = home
        self._limits = limits

    @classmethod
    def open(
        cls, path: Path, limits: Limits | None = None, *, by_descriptor: bool = BY_DESCRIPTOR
    ) -> "Inbox":
        """Open a folder as the inbox, made for its owner only when it is missing.

        Args:
            path: the folder; no link itself.
            limits: other than the usual ones.
            by_descriptor: False to work by path, as where the system can do nothing else.

        Raises:
            StoreError: it cannot be made or opened, or is no folder.
        """
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            home = Directory.open(path, by_descriptor=by_descriptor)
        except OSError as error:
            raise StoreError(
                f"the folder {path} cannot be used for what comes in",
                why=error.strerror or str(error),
                hint="name a folder of yours, and not a link to one",
            ) from error
        return cls(home, limits or Limits())

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._home.path

    def begin(self, label: str, most: int | None = None) -> Part:
        """Begin a file, or go on with it; when its `landed` is not None, it stands there already.

        Args:
            label: ours, unique for what is received; 1 to 64 of a-z, 0-9 and `-`.
            most: how many bytes were announced; more never gets in. None when nobody knows.

        Raises:
            TransferError: the disk refuses.
        """
        name = f"{HIDDEN}{_checked(label)}{ENDING}"
        with telling("the file cannot be begun"):
            return self._landed(name, label) or open_part(self._home, name, most, self._limits)

    def land(
        self,
        part: Part,
        suggested: str,
        on_exists: OnExists = OnExists.RENAME,
        *,
        executable: bool = False,
        ask: Ask | None = None,
    ) -> Path | None:
        """Give a whole file its name and return where it stands; the part is used up then.

        The caller has compared size and hash before. When it returns None the person wants to skip
        it: the part is as it was, to be discarded or landed otherwise.

        Args:
            part: from `begin`.
            suggested: what its sender calls it.
            on_exists: what to do when the name is taken.
            executable: whether its owner may run it; no other bit is ever set.
            ask: asks the person for `OnExists.ASK`.

        Raises:
            TransferError: the disk refuses, no name is free, or another program meddles with it.
        """
        if part.landed is not None:
            part.close()
            return part.landed
        wanted = safe_name(suggested)
        note = Note(self._home, part.label, self._limits)
        failure = f"{wanted} cannot be put into {self.path}"
        with telling(failure):
            taken = self._taken(note)
        choice = decide(wanted, taken, on_exists, ask)
        if choice is OnExists.SKIP:
            return None
        with telling(failure):
            part.settle(executable=executable)
            if choice is OnExists.OVERWRITE and replace_file(part, self._home, wanted):
                return self.path / wanted
            for name in free_names(wanted, taken, self._limits):
                try:
                    name_file(part, self._home, name, note)
                except FileExistsError:
                    continue  # another program was faster; the next number
                return self.path / name
        raise AssertionError  # pragma: no cover -- `free_names` raises at its end

    def begin_folder(self, label: str, manifest: Manifest, *, executable: bool = False) -> Staging:
        """Begin a folder, or go on with it; when its `landed` is not None, it stands there already.

        Args:
            label: ours, unique for what is received; 1 to 64 of a-z, 0-9 and `-`.
            manifest: from `read_manifest`, the same every time for a label.
            executable: whether files that were executable become so for their owner.

        Raises:
            TransferError: the disk refuses.
        """
        return Staging.open(
            self._home, _checked(label), manifest, self._limits, executable=executable
        )

    def close(self) -> None:
        """Close it; parts must not be landed after that."""
        self._home.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _taken(self, note: Note) -> frozenset[str]:
        """Return the keys of all names, but for one that a killed program took for this file."""
        taken = frozenset(map(key, self._home.names()))
        if (noted := note.read()) and is_vacant_file(self._home, noted):
            taken -= {key(noted)}
        return taken

    def _landed(self, name: str, label: str) -> Part | None:
        """Return a file that a killed program had given its name already."""
        note = Note(self._home, label, self._limits)
        found = self._home.look(name)
        if found is None:
            visible = note.read()
            if visible and is_vacant_file(self._home, visible):
                return None  # its name is taken, and not filled yet
        else:
            visible = self._twin(identity(found)) if found.st_nlink == _TWO_NAMES else ""
        there = self._home.look(visible) if visible else None
        if there is None or not stat.S_ISREG(there.st_mode) or not is_ours(there):
            return None
        part = Part(
            self._home,
            name,
            self._home.open_file(visible, os.O_RDONLY),
            there.st_size,
            self._limits,
            landed=self.path / visible,
        )
        if found is not None:
            self._home.remove(name)
        note.drop()
        return part

    def _twin(self, own: tuple[int, int]) -> str:
        """Return the visible name of a file that also has a hidden one, "" when there is none."""
        for name in self._home.names():
            found = self._home.look(name)
            if not name.startswith(".") and found is not None and identity(found) == own:
                return name
        return ""


def _checked(label: str) -> str:
    if not _LABEL.fullmatch(label):
        raise ValueError(f"{label!r} is no label")
    return label
