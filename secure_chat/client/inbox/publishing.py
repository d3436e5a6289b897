"""How what is whole gets its name: one that is free, in one step, and never over something else.

Owned by whoever lands it, on the same thread. A file gets its name by a hard link, which fails
where something has that name. A disk without hard links (FAT) cannot do that. There an empty file
takes the name first, which fails likewise, and is then replaced. Those are two steps: another
program that removes the empty file and makes its own in between, without asking for a new name
either, loses it. A program that is killed there leaves the empty file, and its note tells the next
one. A folder takes its name in the same way: an empty one first, because a rename would also
replace an empty folder of somebody else.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Final

from secure_chat.client.inbox.directory import Directory, identity, is_folder, is_ours
from secure_chat.client.inbox.names import key, numbered
from secure_chat.client.inbox.note import Note
from secure_chat.client.inbox.part import Part, exchanged
from secure_chat.errors import TransferError
from secure_chat.limits import Limits

__all__ = [
    "Ask",
    "OnExists",
    "decide",
    "free_names",
    "is_vacant_file",
    "is_vacant_folder",
    "name_file",
    "name_folder",
    "replace_file",
]

# What file systems say that have no second names, as those of most memory sticks.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
# What a rename of a folder says when somebody has put something into its place meanwhile.
_TAKEN: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR})
# Windows renames to free names only, so there nothing needs to take the name first.
_RENAMES_TO_FREE_NAMES: Final = os.name == "nt"


class OnExists(StrEnum):
    """What to do when something in the inbox has the name already."""

    RENAME = "rename"
    """Take another name, `name (2).ext`; this is the default everywhere."""
    SKIP = "skip"
    """Land nothing."""
    OVERWRITE = "overwrite"
    """Replace it when it is a plain file, in one step; anything else is as with `RENAME`."""
    ASK = "ask"
    """Let the person choose one of the others."""


Ask = Callable[[str], OnExists]
"""Asked with the name that is taken; answers with anything but `OnExists.ASK`."""


def decide(wanted: str, taken: frozenset[str], on_exists: OnExists, ask: Ask | None) -> OnExists:
    """Return what is to be done about a name: never `ASK`, and `RENAME` when it is free.

    Args:
        wanted: a safe name.
        taken: the keys of all names there are.
        on_exists: what the person said beforehand.
        ask: asks the person; None where there is nobody to ask, which renames.
    """
    if key(wanted) not in taken:
        return OnExists.RENAME
    if on_exists is OnExists.ASK and ask is not None:
        on_exists = ask(wanted)
    return OnExists.RENAME if on_exists is OnExists.ASK else on_exists


def free_names(wanted: str, taken: frozenset[str], limits: Limits) -> Iterator[str]:
    """Yield names that seem to be free, best first; each may still be taken by another program.

    Args:
        wanted: a safe name.
        taken: the keys of all names there are.
        limits: how high the numbers may go.

    Raises:
        TransferError: there is none.
    """
    for number in range(1, limits.name_numbers + 1):
        name = numbered(wanted, number)
        if key(name) not in taken:
            yield name
    raise TransferError(
        "no free name is left for what has come in",
        why=f"{limits.name_numbers} numbers behind the name are taken",
        hint="move some of them away, or choose another folder",
    )


def name_file(part: Part, into: Directory, name: str, note: Note) -> None:
    """Give a settled part a name that is free, and take its hidden one away.

    Args:
        part: what is whole, settled.
        into: the folder that it gets the name in.
        name: a safe name.
        note: written where the name must be taken before it can be filled.

    Raises:
        FileExistsError: something has the name; the part stays as it was.
        OSError: the system refuses.
        TransferError: another program has exchanged the part.
    """
    if note.read() == name:
        # A killed program has come this far; only on a disk without links is there such a note.
        _name_without_links(part, into, name, note)
        return
    try:
        part.home.link(part.name, into, name)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _name_without_links(part, into, name, note)
        return
    if not _is(into, name, part.identity):
        # What was exchanged for the part must not stay under a visible name.
        into.remove(name)
        raise exchanged()
    # The new name is on the disk before the old one goes.
    into.sync()
    if _is(part.home, part.name, part.identity):
        part.home.remove(part.name)
    part.close()


def replace_file(part: Part, into: Directory, name: str) -> bool:
    """Put a settled part in the place of a plain file, in one step; False when there is none.

    A link is not followed and not replaced, and the other names of a file keep what they have.

    Args:
        part: what is whole, settled.
        into: the folder.
        name: of what it replaces.

    Raises:
        OSError: the system refuses.
        TransferError: another program has exchanged the part.
    """
    found = into.look(name)
    if found is None or not stat.S_ISREG(found.st_mode):
        return False
    if not part.is_in_place():
        raise exchanged()
    part.home.move(part.name, into, name)
    if not _is(into, name, part.identity):
        raise exchanged()
    into.sync()
    part.close()
    return True


def name_folder(
    home: Directory, staged: str, own: tuple[int, int], names: Iterator[str], note: Note
) -> str:
    """Give a whole folder the first name that is free, and return that.

    Args:
        home: the inbox.
        staged: the folder's hidden name.
        own: the folder's identity.
        names: from `free_names`.
        note: of this folder; a killed program may have taken a name already.

    Raises:
        OSError: the system refuses.
        TransferError: no name is free, or another program has exchanged the folder.
    """
    if not _is(home, staged, own):
        raise exchanged()
    noted = note.read()
    if noted and is_vacant_folder(home, noted) and _renamed(home, staged, noted):
        return _checked(home, noted, own)
    for name in names:
        note.write(name)
        try:
            if not _RENAMES_TO_FREE_NAMES:
                home.make(name)
        except FileExistsError:
            continue
        if _renamed(home, staged, name):
            return _checked(home, name, own)
        if not _is(home, staged, own):
            # Not the name is the reason. What somebody put into our empty folder stays there.
            with suppress(OSError):
                home.remove_empty(name)
            raise exchanged()
    raise AssertionError  # pragma: no cover -- `free_names` raises at its end


def is_vacant_folder(home: Directory, name: str) -> bool:
    """Tell whether a noted name is an empty folder of ours: taken, and not filled yet.

    Args:
        home: where it stands.
        name: what the note says.

    Raises:
        OSError: the system refuses.
    """
    found = home.look(name)
    if found is None or not is_ours(found) or not is_folder(found):
        return False
    with home.enter(name) as folder:
        return not folder.names()


def is_vacant_file(home: Directory, name: str) -> bool:
    """Tell whether a noted name is an empty plain file of ours: taken, and not filled yet.

    Args:
        home: where it stands.
        name: what the note says.
    """
    found = home.look(name)
    return (
        found is not None
        and stat.S_ISREG(found.st_mode)
        and is_ours(found)
        and found.st_size == 0
        and found.st_nlink == 1
    )


def _name_without_links(part: Part, into: Directory, name: str, note: Note) -> None:
    """Take the name with an empty file, then replace that."""
    if not part.is_in_place():
        raise exchanged()
    if note.read() != name or not is_vacant_file(into, name):
        note.write(name)
        os.close(into.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    part.home.move(part.name, into, name)
    if not _is(into, name, part.identity):
        raise exchanged()
    into.sync()
    note.drop()
    part.close()


def _renamed(home: Directory, staged: str, name: str) -> bool:
    """Rename a folder over our empty one; False when that is not empty or not ours any more."""
    try:
        home.move(staged, home, name)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def _checked(home: Directory, name: str, own: tuple[int, int]) -> str:
    if not _is(home, name, own):
        raise exchanged()
    return name


def _is(home: Directory, name: str, own: tuple[int, int]) -> bool:
    found = home.look(name)
    return found is not None and identity(found) == own
