"""The public face of file transfer: send and fetch files, folders, bytes and streams.

Used on any thread but the one that consumes the client's events; each call blocks its caller until
it is through, goes on by itself over lost connections, and ends with an error when that cannot be.
A call that is stopped, by Ctrl-C too, leaves what the same call goes on from.
"""

import stat
import threading
from pathlib import Path
from typing import BinaryIO, Final

from secure_chat.client.asking import Asking
from secure_chat.client.events import Acked, Message
from secure_chat.client.inbox.directory import telling
from secure_chat.client.inbox.gathering import gather
from secure_chat.client.inbox.kinds import FIRST_BYTES, media_type
from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.publishing import Ask, OnExists
from secure_chat.client.saying import Saying
from secure_chat.client.transfer.call import Call
from secure_chat.client.transfer.fetching import (
    Landing,
    attached,
    expected,
    fetch_file,
    fetch_folder,
    is_to_skip,
)
from secure_chat.client.transfer.journal import Journal
from secure_chat.client.transfer.offering import Offer, Offering, in_unicode
from secure_chat.client.transfer.porter import Porter
from secure_chat.client.transfer.progress import Progress, Told
from secure_chat.client.transfer.receiving import Receiving
from secure_chat.client.transfer.stream import pass_on
from secure_chat.errors import UsageError
from secure_chat.limits import Limits
from secure_chat.wire.messages import ContentKind, History

__all__ = ["Files", "Progress", "Told"]

_FILES: Final = frozenset({ContentKind.FILE, ContentKind.STREAM, ContentKind.STREAM_END})


class Files:
    """What one client does with files; `Client.files` is one.

    Args:
        porter: carries.
        saying: says what offers a file.
        ask: asks the host about messages.
        journal: remembers uploads between runs.
        community: part of what a partial file is known by.
        limits: the bounds in force.
    """

    def __init__(  # noqa: PLR0913, PLR0917 -- the parts it works with, wired once in `runtime`
        self,
        porter: Porter,
        saying: Saying,
        ask: Asking,
        journal: Journal,
        community: str,
        limits: Limits,
    ) -> None:
        self._porter = porter
        self._ask = ask
        self._offering = Offering(porter, saying, ask, journal, limits)
        self._community = community
        self._limits = limits

    # --- sending -------------------------------------------------------------------------------

    def send(  # noqa: PLR0913 -- what, to whom, and who is told
        self,
        path: Path,
        *,
        room: str | None = None,
        to: str | None = None,
        text: str = "",
        name: str | None = None,
        told: Told | None = None,
        cancel: threading.Event | None = None,
    ) -> Acked:
        """Send a file or a folder and say so; returns when the message is stored for good.

        What an earlier call for the same people was stopped in, even by a kill, is gone on with:
        bytes that the host has are not sent again, and the message is said once.

        Args:
            path: the file or folder; of a folder only plain files and folders are sent.
            room: the room, `lobby` when neither a room nor a person is named.
            to: the person.
            text: what is said with it.
            name: what it is called for others; None for its own name. Not for folders.
            told: hears of progress.
            cancel: set to stop it.

        Raises:
            UsageError: it is neither a file nor a folder, or cannot be a message.
            TransferError: it cannot be read, or changes while it is being sent.
            TransferIncomplete: it was stopped, or the host could not take it now.
            SecureChatError: the host refuses it, or the client has ended.
        """
        offer = _offer(room, to, text, told, cancel)
        with telling(f"{path} cannot be sent"):
            found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            return self._offering.folder(gather(path, self._limits), offer)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(
                f"{path} is neither a file nor a folder", hint="Send a pipe as a stream."
            )
        with telling(f"{path} cannot be sent"), path.open("rb") as file:
            kind = media_type(file.read(FIRST_BYTES))
        return self._offering.file(path, found, name or in_unicode(path.name), kind, offer)

    def send_bytes(  # noqa: PLR0913 -- as in `send`
        self,
        data: bytes,
        *,
        name: str,
        room: str | None = None,
        to: str | None = None,
        text: str = "",
        told: Told | None = None,
        cancel: threading.Event | None = None,
    ) -> Acked:
        """Send bytes that are in memory as a file; stopped, it begins anew the next time.

        Args:
            data: the bytes.
            name: what the file is called.
            room: as in `send`.
            to: as in `send`.
            text: as in `send`.
            told: as in `send`.
            cancel: as in `send`.

        Raises:
            SecureChatError: as in `send`.
        """
        offer = _offer(room, to, text, told, cancel)
        return self._offering.memory(data, name, media_type(data[:FIRST_BYTES]), offer)

    def send_stream(  # noqa: PLR0913 -- as in `send`
        self,
        source: BinaryIO,
        *,
        name: str,
        room: str | None = None,
        to: str | None = None,
        text: str = "",
        told: Told | None = None,
        cancel: threading.Event | None = None,
    ) -> Acked:
        """Send what can be read, to its end; others can fetch it from its beginning on meanwhile.

        It cannot be gone on with: when it is stopped, its readers are told.

        Args:
            source: what is read; nothing of it was read ahead.
            name: what the file is called.
            room: as in `send`.
            to: as in `send`.
            text: as in `send`.
            told: as in `send`.
            cancel: as in `send`.

        Returns:
            The ack of the message that says it is whole.

        Raises:
            SecureChatError: as in `send`.
        """
        return self._offering.stream(source, name, _offer(room, to, text, told, cancel))

    # --- fetching ------------------------------------------------------------------------------

    def listing(
        self, room: str | None = None, with_: str | None = None, most: int | None = None
    ) -> list[Message]:
        """Return the messages that have files, in the log's order.

        Args:
            room: only this room.
            with_: only direct messages with this person.
            most: only the newest so many.

        Raises:
            SecureChatError: the host refused to tell, or no answer came.
        """
        query = History(0, room=room, with_=with_, files=True)
        return list(self._ask.history(query, most))

    def message(self, seq: int) -> Message:
        """Return one message by its number.

        Raises:
            SecureChatError: there is none that we may read, or no answer came.
        """
        return self._ask.message(seq)

    def fetch(  # noqa: PLR0913 -- what, where to, and who is told
        self,
        message: Message,
        inbox: Inbox,
        *,
        on_exists: OnExists = OnExists.RENAME,
        executable: bool = False,
        ask: Ask | None = None,
        told: Told | None = None,
        cancel: threading.Event | None = None,
    ) -> Path | None:
        """Fetch what a message offers into an inbox: a file, a folder, or a stream to its end.

        Nothing appears under a visible name before its hash is verified. What an earlier call was
        stopped in, even by a kill, is gone on with.

        Args:
            message: from `listing`, `message` or an event.
            inbox: where it goes; nobody else may use it meanwhile.
            on_exists: what to do when its name is taken.
            executable: whether files that were executable become so.
            ask: asks the person for `OnExists.ASK`, on this thread.
            told: hears of progress.
            cancel: set to stop it.

        Returns:
            Where it stands; None when it is skipped because its name is taken.

        Raises:
            UsageError: the message has no file.
            TransferError: the disk refuses, or the bytes are not what they should be.
            TransferIncomplete: it was stopped, or its sender stopped.
            SecureChatError: the host does not send it, or the client has ended.
        """
        file = attached(message)
        landing = Landing(inbox, self._community, on_exists, executable, ask)
        if is_to_skip(file.name, landing):
            return None
        call = Call(self._porter, self._limits, told, cancel, expected(file))
        if message.content is not None and message.content.kind in _FILES:
            return fetch_file(call, message, landing, self._limits)
        return fetch_folder(call, message, landing, self._limits)

    def fetch_into(
        self,
        message: Message,
        sink: BinaryIO,
        *,
        told: Told | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        """Write the bytes of a message's file as they come; of a stream while it is being sent.

        Args:
            message: as in `fetch`; not one with a folder.
            sink: where they go; what is there by then cannot be taken back when it turns out wrong.
            told: as in `fetch`.
            cancel: as in `fetch`.

        Raises:
            UsageError: the message has no file, or a folder.
            TransferIncomplete: it stopped before its end, or its hash differs.
            SecureChatError: the host does not send it, or the client has ended.
            OSError: the sink takes no more.
        """
        file = attached(message)
        if message.content is None or message.content.kind not in _FILES:
            raise UsageError("a folder is more than one file", hint="Fetch it into a folder.")
        receiving = Receiving(
            message.seq, "", expected(file), file.sha256, self._limits, again=False
        )
        with Call(self._porter, self._limits, told, cancel, expected(file)) as call:
            pass_on(call, receiving, sink, file.name, self._limits)


def _offer(
    room: str | None,
    to: str | None,
    text: str,
    told: Told | None,
    cancel: threading.Event | None,
) -> Offer:
    """Return an offer to a room or to a person; to the lobby when nobody is named."""
    return Offer("lobby" if room is None and to is None else room, to, text, told, cancel)
