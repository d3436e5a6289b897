"""A folder that is still coming in: built hidden, file by file, and then published in one step.

Owned by whoever receives, on one thread at a time; made by `Inbox.begin_folder`. Folders are
entered one by one without following a link, so one that another program puts into the middle of it
leads nowhere. It may be killed at any moment: the next one goes on with what is whole.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from secure_chat.client.inbox.directory import (
    Directory,
    identity,
    is_folder,
    is_ours,
    telling,
)
from secure_chat.client.inbox.layout import lay_out
from secure_chat.client.inbox.manifest import File, Manifest
from secure_chat.client.inbox.names import key, safe_name
from secure_chat.client.inbox.note import Note
from secure_chat.client.inbox.part import ENDING, HIDDEN, Part, exchanged, open_part, set_aside
from secure_chat.client.inbox.publishing import (
    Ask,
    OnExists,
    decide,
    free_names,
    is_vacant_folder,
    name_file,
    name_folder,
)
from secure_chat.errors import TransferError
from secure_chat.limits import Limits

__all__ = ["Staging"]

_FOLDER_ENDING: Final = ".folder"
_NOT_WHOLE: Final = "the folder is not whole yet"


class Staging:
    """A folder that comes in; `missing`, `begin` and `add` its files, then `land` it.

    Args:
        home: the inbox.
        label: ours, unique for what is received.
        manifest: what belongs into it.
        limits: how long names may be, how deep folders.
        executable: whether files that were executable become so.
    """

    def __init__(
        self, home: Directory, label: str, manifest: Manifest, limits: Limits, *, executable: bool
    ) -> None:
        self._home = home
        self._label = label
        self._name = f"{HIDDEN}{label}{_FOLDER_ENDING}"
        self._note = Note(home, label, limits)
        self._manifest = manifest
        self._limits = limits
        self._executable = executable
        entries = manifest.entries
        members = ((entry.path, isinstance(entry, File)) for entry in entries)
        self._places = dict(zip(entries, lay_out(members, limits), strict=True))
        self._files = {place: e for e, place in self._places.items() if isinstance(e, File)}
        self._folders = {
            place[:depth]
            for entry, place in self._places.items()
            for depth in range(1, len(place) + (not isinstance(entry, File)))
        }
        self._numbers = {entry: number for number, entry in enumerate(entries)}
        self._present: set[tuple[str, ...]] = set()
        self._root: Directory | None = None
        self.landed: Path | None = None
        """Where it stands already: by `land`, or by a program killed at the very end."""

    @classmethod
    def open(
        cls, home: Directory, label: str, manifest: Manifest, limits: Limits, *, executable: bool
    ) -> "Staging":
        """Begin a folder or go on with it; call `Inbox.begin_folder` instead.

        Raises:
            TransferError: the disk refuses.
        """
        staging = cls(home, label, manifest, limits, executable=executable)
        with telling("the folder cannot be begun"):
            staging._prepare()
        return staging

    def missing(self) -> tuple[File, ...]:
        """Return the files that are still to come, in the manifest's order."""
        if self.landed is not None:
            return ()
        return tuple(file for place, file in self._files.items() if place not in self._present)

    def begin(self, file: File) -> Part:
        """Begin one of the files, or go on with it.

        Args:
            file: one that is missing.

        Raises:
            TransferError: the disk refuses.
        """
        name = f"{HIDDEN}{self._label}.{self._numbers[file]}{ENDING}"
        return open_part(self._home, name, file.size, self._limits)

    def add(self, file: File, part: Part) -> None:
        """Put a whole file where it belongs; the part is used up then.

        The caller has compared its hash before.

        Args:
            file: of the manifest.
            part: from `begin` for this file.

        Raises:
            TransferError: it has not the listed size, the disk refuses, or another program meddles.
        """
        if part.size != file.size:
            raise TransferError(
                "a file of the folder is not whole",
                why=f"it has {part.size} of {file.size} bytes",
                hint="get the folder again: what has come already is kept",
            )
        place = self._places[file]
        note = Note(self._home, part.label, self._limits)
        with telling("a file of the folder cannot be put where it belongs"):
            part.settle(executable=self._executable and file.executable)
            with self._entered(place[:-1]) as folder:
                name_file(part, folder, place[-1], note)
        self._present.add(place)

    def land(self, on_exists: OnExists = OnExists.RENAME, *, ask: Ask | None = None) -> Path | None:
        """Give the whole folder its name and return where it stands.

        A folder is never replaced: `OVERWRITE` is as `RENAME`. When it returns None the person
        wants to skip it: it is as it was, to be discarded or landed otherwise.

        Args:
            on_exists: what to do when the name is taken.
            ask: asks the person for `OnExists.ASK`.

        Raises:
            TransferError: files are missing, the disk refuses, or another program meddles.
        """
        if self.landed is not None:
            return self.landed
        if missing := len(self.missing()):
            raise TransferError(
                _NOT_WHOLE, why=f"{missing} of its files are missing", hint="get it again"
            )
        wanted = safe_name(self._manifest.name)
        failure = f"the folder {wanted} cannot be put into {self._home.path}"
        with telling(failure):
            taken = self._taken()
        if decide(wanted, taken, on_exists, ask) is OnExists.SKIP:
            return None
        with telling(failure):
            own = self._complete()
            names = free_names(wanted, taken, self._limits)
            name = name_folder(self._home, self._name, own, names, self._note)
            self._home.sync()
            self._clear()
        self.landed = self._home.path / name
        self.close()
        return self.landed

    def discard(self) -> None:
        """Close it and take away all that has come of it; what has landed stays.

        Raises:
            TransferError: the system refuses.
        """
        self.close()
        with telling("the unfinished folder cannot be removed"):
            found = self._home.look(self._name)
            if found is not None and is_folder(found):
                self._home.remove_folder(self._name, self._limits.folder_depth)
            self._clear()

    def close(self) -> None:
        """Close it and leave it for another time; twice does nothing."""
        if self._root is not None:
            self._root.close()
            self._root = None

    def _prepare(self) -> None:
        """Open the hidden folder with what is whole in it; set a strange one aside."""
        found = self._home.look(self._name)
        if found is None and (visible := self._published()):
            self.landed = self._home.path / visible
            self._clear()
            return
        if found is not None:
            if is_folder(found) and is_ours(found):
                self._root = self._home.enter(self._name)
                if self._survey(self._root, ()):
                    return
                self.close()
                self._present.clear()
            set_aside(self._home, self._name)
        self._home.make(self._name)
        self._root = self._home.enter(self._name)

    def _published(self) -> str:
        """Return the name that a killed program has given it, "" when it has not come so far."""
        noted = self._note.read()
        found = self._home.look(noted) if noted else None
        if found is None or not is_folder(found):
            return ""
        return "" if self._files and is_vacant_folder(self._home, noted) else noted

    def _survey(self, folder: Directory, at: tuple[str, ...]) -> bool:
        """Note what is whole, and make it safe on the disk; False when something is not ours."""
        for name in folder.names():
            place, found = (*at, name), folder.look(name)
            if found is None or not is_ours(found):
                return False
            if place in self._folders and is_folder(found):
                with folder.enter(name) as inner:
                    if not self._survey(inner, place):
                        return False
            elif place not in self._files or not self._noted(folder, place, found):
                return False
        folder.sync()
        return True

    def _noted(self, folder: Directory, place: tuple[str, ...], found: os.stat_result) -> bool:
        """Note a file that is whole; False when it is none of ours."""
        file = self._files[place]
        if not stat.S_ISREG(found.st_mode) or found.st_size not in {0, file.size}:
            return False
        if found.st_nlink > 1:
            # A program was killed between its new name and the end of its hidden one.
            hidden = f"{HIDDEN}{self._label}.{self._numbers[file]}{ENDING}"
            other = self._home.look(hidden)
            if other is None or identity(other) != identity(found):
                return False
            self._home.remove(hidden)
        if found.st_size == file.size:
            self._present.add(place)
        else:
            folder.remove(place[-1])  # its name was taken, and not filled
        return True

    @contextmanager
    def _entered(self, place: tuple[str, ...]) -> Iterator[Directory]:
        """Enter a folder within, made where it is missing, one part after the other."""
        if self._root is None:
            raise exchanged()
        with ExitStack() as opened:
            folder = self._root
            for part in place:
                with suppress(FileExistsError):
                    folder.make(part)
                folder = opened.enter_context(folder.enter(part))
            yield folder

    def _complete(self) -> tuple[int, int]:
        """Make the empty folders, look through all of it, and return the folder's identity."""
        for entry, place in self._places.items():
            if not isinstance(entry, File):
                with self._entered(place):
                    pass
        self._present.clear()
        if self._root is None or not self._survey(self._root, ()) or self.missing():
            raise exchanged()
        own = self._root.identity()
        if not self._root.by_descriptor:
            self.close()
        return own

    def _taken(self) -> frozenset[str]:
        """Return the keys of all names, but for one that a killed program took for this folder."""
        taken = frozenset(map(key, self._home.names()))
        if (noted := self._note.read()) and is_vacant_folder(self._home, noted):
            taken -= {key(noted)}
        return taken

    def _clear(self) -> None:
        """Take away what is left of the files' hidden ones, and the note."""
        hidden = re.compile(rf"{re.escape(HIDDEN + self._label)}\.[0-9]+\.(?:part|name)", re.ASCII)
        for name in filter(hidden.fullmatch, self._home.names()):
            found = self._home.look(name)
            if found is not None and not is_folder(found):
                self._home.remove(name)
        self._note.drop()
