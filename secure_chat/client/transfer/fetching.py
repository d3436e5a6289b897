"""What a message offers, fetched: one file, a stream to its end, or a folder with all its files.

Used on the thread of whoever called. What an earlier run has brought is hashed again here, because
only the caller waits for that; then the porter goes on from there. A name is given on this thread
too: whoever is asked about it may take their time.
"""

import hashlib
import os
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secure_chat.client.events import Message
from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.manifest import Manifest, read_manifest
from secure_chat.client.inbox.names import safe_name
from secure_chat.client.inbox.part import Part
from secure_chat.client.inbox.publishing import Ask, OnExists
from secure_chat.client.transfer.call import Call
from secure_chat.client.transfer.folder import fetch_files
from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.progress import Phase
from secure_chat.client.transfer.receiving import Receiving
from secure_chat.client.transfer.sinks import MemorySink, PartSink
from secure_chat.errors import TransferError, UsageError
from secure_chat.limits import Limits
from secure_chat.wire.messages import Attached

__all__ = ["Landing", "attached", "expected", "fetch_file", "fetch_folder", "is_to_skip"]

_LABEL_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class Landing:
    """Where something received goes.

    Args:
        inbox: the folder.
        community: whose host it comes from; part of what a partial file is known by.
        on_exists: what to do when its name is taken.
        executable: whether it may become executable.
        ask: asks the person for `OnExists.ASK`.
    """

    inbox: Inbox
    community: str
    on_exists: OnExists
    executable: bool
    ask: Ask | None

    def label(self, message: Message) -> str:
        """Return what the partial file of a message's file is known by."""
        name = f"{self.community}/{message.seq}".encode()
        return hashlib.sha256(name).hexdigest()[:_LABEL_CHARS]


def attached(message: Message) -> Attached:
    """Return the file of a message.

    Raises:
        UsageError: it has none.
    """
    if message.content is None or message.content.file is None:
        raise UsageError(
            f"message {message.seq} has no file", hint="`securechat get` lists those that have."
        )
    return message.content.file


def expected(file: Attached) -> int | None:
    """Return how many bytes a file has; None for a stream that was not finished when offered."""
    return file.size if file.sha256 else None


def is_to_skip(name: str, landing: Landing) -> bool:
    """Tell before anything is fetched whether it would be skipped in the end."""
    taken = os.path.lexists(landing.inbox.path / safe_name(name))
    return taken and landing.on_exists is OnExists.SKIP


def fetch_file(call: Call, message: Message, landing: Landing, limits: Limits) -> Path | None:
    """Fetch one file, or a stream to its end, and put it where it belongs.

    Args:
        call: the call it is done for, not entered yet.
        message: what offers it.
        landing: where it goes.
        limits: the bounds in force.

    Returns:
        Where it stands; None when it is skipped.

    Raises:
        SecureChatError: the host does not send it.
        TransferError: the disk refuses, or the bytes are not what they should be.
    """
    file = attached(message)
    part = _begun(call, file, landing, landing.label(message))
    # The porter lets go of it before it is closed.
    with closing(part), call:
        if part.landed is None:
            receiving = _receiving(call, message.seq, file, part, limits)
            call.begin(Inward(receiving, PartSink(part, limits), call.slot, file.name))
            call.all()
            call.tell(Phase.VERIFYING)
        path = landing.inbox.land(
            part,
            file.name,
            landing.on_exists,
            executable=landing.executable,
            ask=landing.ask,
        )
        if path is None:
            part.discard()
        return path


def fetch_folder(call: Call, message: Message, landing: Landing, limits: Limits) -> Path | None:
    """Fetch a folder, its list first and then what is missing of it.

    Args:
        call: the call it is done for, not entered yet.
        message: what offers it.
        landing: where it goes.
        limits: the bounds in force.

    Returns:
        Where it stands; None when it is skipped.

    Raises:
        SecureChatError: the host does not send it.
        TransferError: the list cannot be believed, the disk refuses, or the bytes are not what
            they should be.
    """
    with ExitStack() as opened:
        with call:
            manifest = _manifest(call, message, limits)
            call.resize(manifest.size)
            staging = landing.inbox.begin_folder(
                landing.label(message), manifest, executable=landing.executable
            )
            opened.callback(staging.close)
            fetch_files(call, staging, message.seq, manifest, limits)
            call.tell(Phase.VERIFYING)
        path = staging.land(landing.on_exists, ask=landing.ask)
        if path is None:
            staging.discard()
        return path


def _begun(call: Call, file: Attached, landing: Landing, label: str) -> Part:
    """Begin a partial file; one that an earlier run has given its name must be the right one."""
    part = landing.inbox.begin(label, expected(file))
    if part.landed is None:
        return part
    call.tell(Phase.HASHING)
    with ExitStack() as undo:
        undo.callback(part.close)
        same = not file.sha256 or part.rehash().hexdigest() == file.sha256
        if same:
            undo.pop_all()
            return part
    # Somebody has written to it since; that one stays, and another one is fetched.
    return landing.inbox.begin(label, expected(file))


def _receiving(call: Call, seq: int, file: Attached, part: Part, limits: Limits) -> Receiving:
    had = None
    if part.size:
        call.tell(Phase.HASHING)
        had = part.rehash()
    return Receiving(seq, "", expected(file), file.sha256, limits, had=had, at=part.size)


def _manifest(call: Call, message: Message, limits: Limits) -> Manifest:
    """Fetch the list of what is in a folder."""
    file = attached(message)
    if file.size > limits.manifest_bytes:
        raise TransferError(
            "the folder's list of files cannot be used",
            why=f"it has more than {limits.manifest_bytes} bytes",
            hint="Ask for the folder as one archive.",
        )
    sink = MemorySink()
    receiving = Receiving(message.seq, "", file.size, file.sha256, limits)
    call.begin(Inward(receiving, sink, call.slot, file.name))
    call.all()
    return read_manifest(bytes(sink.data), limits)
