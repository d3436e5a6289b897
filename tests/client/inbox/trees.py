"""Manifests made of paths, and folders made of manifests, for tests."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.manifest import File, Folder, Manifest
from secure_chat.client.inbox.part import Part
from secure_chat.client.inbox.publishing import OnExists
from secure_chat.client.inbox.staging import Staging

__all__ = [
    "content_of",
    "fill",
    "land",
    "listing",
    "manifest_of",
    "names_in",
    "receive",
    "surroundings",
]


def content_of(path: str) -> bytes:
    """Return what a file of this path holds."""
    return f"this is {path!a}\n".encode()


def listing(folder: Path) -> dict[str, bytes | None]:
    """Return what is below a folder: the contents of files, None for folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def manifest_of(paths: Iterable[str], name: str = "tree") -> Manifest:
    """Return a manifest: paths that end with `/` are folders, those with `!` before executable."""
    entries: list[File | Folder] = []
    for number, path in enumerate(paths):
        if path.endswith("/"):
            entries.append(Folder(path[:-1]))
            continue
        data = content_of(path.removeprefix("!"))
        entries.append(
            File(
                path.removeprefix("!"),
                len(data),
                hashlib.sha256(data).hexdigest(),
                f"up{number}",
                path.startswith("!"),
            )
        )
    size = sum(entry.size for entry in entries if isinstance(entry, File))
    return Manifest(name, size, tuple(entries))


def fill(part: Part, data: bytes) -> None:
    """Bring a part to these bytes, from wherever it is."""
    if part.rehash().digest() != _digest(data[: part.size]):
        part.truncate(0)
    part.write(data[part.size :])


def receive(staging: Staging) -> None:
    """Bring in all that is missing."""
    for file in staging.missing():
        part = staging.begin(file)
        fill(part, content_of(file.path))
        staging.add(file, part)


def land(inbox: Inbox, name: str, data: bytes = b"data", on: OnExists = OnExists.RENAME) -> str:
    """Land a file and return its name, "" for none."""
    part = inbox.begin("one")
    fill(part, data)
    path = inbox.land(part, name, on)
    part.discard()
    return path.name if path else ""


def names_in(folder: Path) -> list[str]:
    """Return the names in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def surroundings(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return what is in a folder and below it: kinds, modes, contents, targets of links."""
    seen: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        found = path.lstat()
        inside: object = ""
        if path.is_symlink():
            inside = str(path.readlink())
        elif path.is_file():
            inside = path.read_bytes()
        seen[str(path.relative_to(folder))] = (oct(found.st_mode), found.st_ino, inside)
    return seen


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
