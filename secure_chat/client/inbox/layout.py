"""Where each member of a received folder belongs: paths judged together, names made safe.

Pure, used by whoever reads a manifest, lands its folder, or gathers one to send. Members that some
file system would take for one are refused; names that only become equal by being made safe, such as
`.env` beside `env`, get a number. The same members in the same order get the same places.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from secure_chat.client.inbox.names import key, numbered, safe_path
from secure_chat.errors import TransferError
from secure_chat.limits import Limits

__all__ = ["Layout", "lay_out"]

_SEPARATOR: Final = "/"


@dataclass(slots=True)
class _Branch:
    """One name in the tree; `within` holds what is in a folder by key, and is None for a file."""

    spelling: str
    place: tuple[str, ...]
    within: dict[str, "_Branch"] | None
    listed: bool = False
    numbers: dict[str, int] = field(default_factory=dict)
    """Of each place's key in this folder: the highest number given so far."""


class Layout:
    """A folder's members, added one by one.

    Args:
        limits: how deep and how long a path may be.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._root = _Branch("", (), {})

    def add(self, path: str, *, is_file: bool) -> tuple[str, ...]:
        """Return where a member belongs, as parts that are safe names.

        Args:
            path: its path in the folder, with `/`.
            is_file: False for a folder; one that members added before lie in may be added once.

        Raises:
            TransferError: the path is none, or clashes with one before.
        """
        parts = self._parts(path)
        branch = self._root
        for part in parts[:-1]:
            branch = self._within(branch, part, is_file=False)
        branch = self._within(branch, parts[-1], is_file=is_file)
        if branch.listed or (is_file and branch.within is not None):
            raise _refused("two of its members have the same name")
        branch.listed = True
        return branch.place

    def _parts(self, path: str) -> list[str]:
        """Cut a path; there is one way only to write each."""
        if len(path.encode()) > self._limits.path_bytes:
            raise _refused(f"a path has more than {self._limits.path_bytes} bytes")
        parts = path.split(_SEPARATOR)
        if len(parts) > self._limits.folder_depth:
            raise _refused(f"a path is more than {self._limits.folder_depth} parts deep")
        if "\\" in path or "" in parts or "." in parts:
            raise _refused("a path is not written as paths are")
        return parts

    def _within(self, folder: _Branch, part: str, *, is_file: bool) -> _Branch:
        """Return what a folder has under a name, made when it is new."""
        if folder.within is None:
            raise _refused("a file is also a folder")
        known = folder.within.get(key(part))
        if known is None:
            place = (*folder.place, self._free(folder, part))
            known = folder.within[key(part)] = _Branch(part, place, None if is_file else {})
        elif known.spelling != part:
            raise _refused("two of its names differ only in case or in how they are written")
        return known

    def _free(self, folder: _Branch, part: str) -> str:
        """Return a safe name that nothing in the folder has yet."""
        (wanted,) = safe_path(part, 1)
        # It goes on where it stopped: members that all come to the same name cost no more.
        numbers = folder.numbers
        for number in count(numbers.get(key(wanted), 0) + 1):
            if number > self._limits.name_numbers:
                raise _refused("too many of its names come to the same")
            numbers[key(wanted)] = number
            name = numbered(wanted, number)
            if number == 1 or key(name) not in numbers:
                numbers.setdefault(key(name), 1)
                return name
        raise AssertionError  # pragma: no cover -- `count` does not end


def lay_out(members: Iterable[tuple[str, bool]], limits: Limits) -> list[tuple[str, ...]]:
    """Return where each member of a folder belongs, in the order they came.

    Args:
        members: paths with `/`, and whether each is a file.
        limits: how deep and how long a path may be.

    Raises:
        TransferError: a path is none, or two of them clash.
    """
    layout = Layout(limits)
    return [layout.add(path, is_file=is_file) for path, is_file in members]


def _refused(why: str) -> TransferError:
    return TransferError(
        "the folder cannot be taken as it is listed",
        why=why,
        hint="ask for it as one archive instead",
    )
