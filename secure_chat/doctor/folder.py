"""The files of a certificates folder: which are there, and who may read and change them.

`look` asks the file system and changes nothing; the rest is pure. What stands in the files is for
`papers` and `trail`.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from secure_chat.doctor.findings import Area, Finding, settled

__all__ = ["Place", "check_files", "check_folder", "check_passphrase_file", "look"]

_HERE: Final = Area.CERTIFICATES
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_ROOT: Final = 0
_MAKE: Final = "run `securechat init-certs`, or name the right folder with --certs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file or folder as it stands on the disk; of a link, what it leads to.

    Args:
        path: where it is.
        name: what it is called in findings, a posix path in the certificates folder.
        kind: what is there.
        mode: its permission bits, None where the system has none.
        owner: the number of the user it belongs to, None where there is none.
        leads: where it leads when it is a symbolic link.
        data: its content when it is a file that can be read.
        trouble: the system's words when it cannot be read.
    """

    path: Path
    name: str
    kind: Literal["missing", "file", "folder", "other"] = "missing"
    mode: int | None = None
    owner: int | None = None
    leads: str = ""
    data: bytes | None = field(default=None, repr=False)
    trouble: str = ""

    @property
    def there(self) -> bool:
        """Whether there is anything."""
        return self.kind != "missing"


def look(path: Path, name: str = "", *, read: bool = True) -> Place:
    """Return what is known of a file or folder; it never raises.

    Args:
        path: where to look; links are followed.
        name: what to call it; its own name unless given.
        read: whether its content is wanted too.
    """
    name, leads = name or path.name, ""
    try:
        leads = str(path.readlink()) if path.is_symlink() else ""
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return Place(path=path, name=name, leads=leads)
    except OSError as error:
        return Place(path=path, name=name, kind="other", leads=leads, trouble=_words(error))
    posix = os.name == "posix"
    kind: Literal["file", "folder", "other"] = "other"
    data, trouble = None, ""
    if stat.S_ISDIR(status.st_mode):
        kind = "folder"
    elif stat.S_ISREG(status.st_mode):
        kind = "file"
        try:
            data = path.read_bytes() if read else None
        except OSError as error:
            trouble = _words(error)
    return Place(
        path=path,
        name=name,
        kind=kind,
        mode=stat.S_IMODE(status.st_mode) if posix else None,
        owner=status.st_uid if posix else None,
        leads=leads,
        data=data,
        trouble=trouble,
    )


def check_folder(folder: Place) -> list[Finding]:
    """Judge whether there is a certificates folder at all.

    Args:
        folder: where it should be.
    """
    if folder.kind == "folder":
        return [_HERE.ok("no-certs-folder", f"{folder.path} is a folder", where=folder.path)]
    what = f"{folder.path} is no folder" if folder.there else f"there is no folder {folder.path}"
    return [
        _HERE.fault(
            "no-certs-folder",
            what,
            why=folder.trouble or "without certificates nobody can be a host or a client",
            hint=_MAKE,
            where=folder.path,
        )
    ]


def check_files(
    folders: Sequence[Place], files: Sequence[Place], needed: Sequence[Place], me: int | None
) -> list[Finding]:
    """Judge which files are there and who may read and change them.

    Args:
        folders: the certificates folder and those in it.
        files: all files of the set, whether they are there or not.
        needed: those of them without which the folder is of no use.
        me: the number of the user who runs this, None where there is none.
    """
    keys = [file for file in files if file.name.endswith(".key") and file.kind == "file"]
    return [
        *settled(_missing(needed), _HERE.ok("file-missing", "every file that is needed is here")),
        *settled(_unreadable(files), _HERE.ok("file-unreadable", "every file can be read")),
        *settled(_open_folders(folders), _HERE.ok("open-folder", "only you may enter the folder")),
        *settled(
            _open_keys(keys),
            _HERE.ok("open-key", f"nobody but its owner may read a private key ({len(keys)} here)"),
        ),
        *settled(
            _open_files(files), _HERE.ok("open-file", "only you may change what is in the folder")
        ),
        *settled(
            _of_others([*folders, *files], me),
            _HERE.ok("foreign-owner", "nobody else owns the folder or a file in it"),
        ),
        *_links(files),
    ]


def check_passphrase_file(file: Place) -> list[Finding]:
    """Judge who may read the file with the passphrase of the keys.

    Args:
        file: what `--passphrase-file` names.
    """
    if file.mode is not None and file.mode & _OTHERS:
        return [
            _HERE.fault(
                "open-passphrase",
                f"others may read or change {file.path} (mode {file.mode:03o})",
                why="a passphrase that others know protects nothing",
                hint=f"chmod 600 {file.path}",
                where=file.path,
            )
        ]
    return [_HERE.ok("open-passphrase", "only you may read the passphrase's file")]


def _missing(needed: Iterable[Place]) -> Iterator[Finding]:
    for file in needed:
        if file.kind == "file" or file.trouble:
            continue
        what = f"{file.name} is missing"
        if file.leads:
            what = f"{file.name} is a link that leads to nothing"
        elif file.there:
            what = f"{file.name} is no file"
        yield _HERE.fault(
            "file-missing",
            what,
            why=file.leads or "the set of certificates is not whole without it",
            hint="put it back from a copy, or run `securechat init-certs`, which makes what is"
            " missing when it can",
            where=file.path,
        )


def _unreadable(files: Iterable[Place]) -> Iterator[Finding]:
    for file in files:
        if file.trouble:
            yield _HERE.fault(
                "file-unreadable",
                f"{file.name} cannot be read",
                why=file.trouble,
                hint="correct its owner and its rights",
                where=file.path,
            )


def _open_folders(folders: Iterable[Place]) -> Iterator[Finding]:
    for folder in folders:
        if folder.mode is None or not folder.mode & _OTHERS:
            continue
        hint = f"chmod 700 {folder.path}"
        if folder.mode & _OTHERS_WRITE:
            yield _HERE.fault(
                "open-folder",
                f"others may change the folder {folder.name} (mode {folder.mode:03o})",
                why="who can replace ca.crt decides whom you trust",
                hint=hint,
                where=folder.path,
            )
        else:
            yield _HERE.warning(
                "open-folder",
                f"others may look into the folder {folder.name} (mode {folder.mode:03o})",
                why="names and certificates are nobody else's business",
                hint=hint,
                where=folder.path,
            )


def _open_keys(keys: Iterable[Place]) -> Iterator[Finding]:
    for key in keys:
        if key.mode is not None and key.mode & _OTHERS:
            yield _HERE.fault(
                "open-key",
                f"others may read or change the private key {key.name} (mode {key.mode:03o})",
                why="who has the key can be you; if anybody may have read it, it is theirs too",
                hint=f"chmod 600 {key.path}; make a new key when others use this computer",
                where=key.path,
            )


def _open_files(files: Iterable[Place]) -> Iterator[Finding]:
    for file in files:
        if file.name.endswith(".key") or file.mode is None or not file.mode & _OTHERS_WRITE:
            continue
        yield _HERE.fault(
            "open-file",
            f"others may change {file.name} (mode {file.mode:03o})",
            why="it decides who is trusted, who is kept out, or who you are",
            hint=f"chmod 644 {file.path}, and look whether it is still the right one",
            where=file.path,
        )


def _of_others(places: Iterable[Place], me: int | None) -> Iterator[Finding]:
    """Name what belongs to somebody who is neither this user nor the system's administrator."""
    if me is None or me == _ROOT:
        return
    for place in places:
        if place.owner is not None and place.owner not in {me, _ROOT}:
            yield _HERE.fault(
                "foreign-owner",
                f"{place.name} belongs to another user (number {place.owner})",
                why="its owner can change it and its rights at any time",
                hint=f"chown it to yourself: {place.path}",
                where=place.path,
            )


def _links(files: Iterable[Place]) -> Iterator[Finding]:
    for file in files:
        if file.leads and file.there:
            yield _HERE.note(
                "linked-file",
                f"{file.name} is a link to {file.leads}",
                why="whoever may change what it leads to changes it too",
                hint="see that its place is as safe as this folder",
                where=file.path,
            )


def _words(error: OSError) -> str:
    return error.strerror or str(error)
