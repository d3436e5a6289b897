"""Folders: all files, then the list of them; on the other end the list, then its files.

Used on the thread of whoever called. Small files travel a few at once, large ones one after the
other, so that no more than about a window is under way. An upload's id is made of the folder's and
of the file's place in it: whoever begins the same folder again asks for the same uploads, and what
the host has of them is not sent again.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from msgspec.json import encode

from secure_chat.client.inbox.gathering import Found, Gathered
from secure_chat.client.inbox.manifest import File, Manifest, write_manifest
from secure_chat.client.inbox.part import Part
from secure_chat.client.inbox.staging import Staging
from secure_chat.client.transfer.call import Call, Load
from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.outward import FedOutward, Outward
from secure_chat.client.transfer.receiving import Receiving
from secure_chat.client.transfer.sending import Sending
from secure_chat.client.transfer.sinks import PartSink
from secure_chat.client.transfer.sources import MemorySource, member
from secure_chat.limits import Limits

__all__ = ["fetch_files", "listing_of", "send_files"]

Item = TypeVar("Item")
One = TypeVar("One", Outward, Inward)

# A manifest has the same length whatever the hashes are, so its upload can begin before they are
# known: the files are a part of it from the first one on.
_NO_HASH: Final = "0" * 64


def listing_of(gathered: Gathered) -> str:
    """Return what changes when anything in a folder does: the hash of all it was found to have."""
    files = [(found.path, found.size, found.mtime_ns, found.executable) for found in gathered.files]
    return hashlib.sha256(encode((files, gathered.folders))).hexdigest()


def send_files(call: Call, gathered: Gathered, up: str, limits: Limits) -> Manifest:
    """Send all files of a folder and then the list of them, as the upload `up`.

    Args:
        call: the call it is done for; returns once the host has sealed everything.
        gathered: the folder.
        up: the id of the list's upload; those of the files are made of it.
        limits: the bounds in force.

    Raises:
        SecureChatError: the host does not take it.
        TransferError: a file cannot be read, or has changed.
    """
    ups = {found.path: f"{up}.{number}" for number, found in enumerate(gathered.files)}
    draft = gathered.manifest({path: (one, _NO_HASH) for path, one in ups.items()})
    size = len(write_manifest(draft, limits))
    listed = FedOutward(
        Sending(up, size, limits, ready=0), MemorySource(), call.slot, gathered.name
    )
    listed.counts = False
    call.begin(listed)
    call.next()
    hashes = {} if listed.over else _send_each(call, gathered, ups, up, limits)
    if listed.over:
        # An earlier run has sent the list, so the files were there before.
        return draft
    manifest = gathered.manifest({path: (one, hashes[one]) for path, one in ups.items()})
    call.porter.feed(listed, write_manifest(manifest, limits))
    call.all()
    return manifest


def _send_each(
    call: Call, gathered: Gathered, ups: dict[str, str], within: str, limits: Limits
) -> dict[str, str]:
    """Send the files; returns the hash of each upload."""
    hashes: dict[str, str] = {}

    def begin(found: Found) -> Outward:
        sending = Sending(ups[found.path], found.size, limits, within=within)
        return Outward(sending, member(gathered, found), call.slot, found.path)

    def end(found: Found, load: Outward) -> None:
        hashes[ups[found.path]] = load.sending.sha256

    _carry(call, gathered.files, begin, end, limits)
    return hashes


def fetch_files(call: Call, staging: Staging, seq: int, manifest: Manifest, limits: Limits) -> None:
    """Fetch what is missing of a folder; `Staging.land` is next.

    Args:
        call: the call it is done for.
        staging: the folder that comes in.
        seq: the message that offers it.
        manifest: what belongs into it.
        limits: the bounds in force.

    Raises:
        SecureChatError: the host does not send it.
        TransferError: the disk refuses, or the bytes are not what they should be.
    """
    missing = staging.missing()
    call.passed(manifest.size - sum(file.size for file in missing))
    parts: dict[str, Part] = {}

    def begin(file: File) -> Inward:
        part = parts[file.path] = staging.begin(file)
        had = part.rehash() if part.size else None
        receiving = Receiving(seq, file.up, file.size, file.sha256, limits, had=had, at=part.size)
        return Inward(receiving, PartSink(part, limits), call.slot, file.path)

    def end(file: File, load: Inward) -> None:
        try:
            staging.add(file, parts.pop(file.path))
        finally:
            load.leave()

    _carry(call, missing, begin, end, limits)


def _carry(
    call: Call,
    items: Sequence[Item],
    begin: Callable[[Item], One],
    end: Callable[[Item, One], None],
    limits: Limits,
) -> None:
    """Carry files, a few at once as long as they are small."""
    waiting = deque(items)
    going: dict[Load, tuple[Item, One]] = {}
    while waiting or going:
        while waiting and len(going) < limits.files_at_once:
            if sum(load.left for load in going) >= limits.transfer_window_bytes:
                break
            item = waiting.popleft()
            load = begin(item)
            going[load] = item, load
            call.begin(load)
        over = call.next()
        if over in going:
            end(*going.pop(over))
