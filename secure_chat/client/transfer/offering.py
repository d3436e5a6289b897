"""Something offered to others: uploaded first, then said.

Used on the thread of whoever called. What can be refused without a byte sent is refused at the
beginning: nobody waits for an upload that no message can offer in the end. The message names the
upload, so it is said when the host has all of it; of a stream when it has a place for it.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from secure_chat.client.asking import Asking
from secure_chat.client.events import Acked
from secure_chat.client.inbox.gathering import Gathered
from secure_chat.client.outgoing import check, new_id
from secure_chat.client.saying import Saying
from secure_chat.client.transfer.call import Call
from secure_chat.client.transfer.folder import listing_of, send_files
from secure_chat.client.transfer.journal import Entry, Errand, Journal
from secure_chat.client.transfer.outward import Outward
from secure_chat.client.transfer.porter import Porter
from secure_chat.client.transfer.progress import Told
from secure_chat.client.transfer.refusals import OutdatedError
from secure_chat.client.transfer.sending import Sending
from secure_chat.client.transfer.sources import MemorySource, Source, StreamSource, single_file
from secure_chat.client.transfer.stream import StreamOutward, pour
from secure_chat.errors import HostUnreachable, OutcomeUnknown, SecureChatError, UsageError
from secure_chat.limits import Limits
from secure_chat.wire.messages import Attached, Content, ContentKind, History, Say

__all__ = ["Offer", "Offering", "in_unicode"]


@dataclass(frozen=True, slots=True)
class Offer:
    """To whom something is offered, and who hears of it here.

    Args:
        room: the room, or None.
        to: the person, or None.
        text: what is said with it.
        told: hears of progress; None for nobody.
        cancel: set to stop it; None for nobody.
    """

    room: str | None
    to: str | None
    text: str
    told: Told | None
    cancel: threading.Event | None


class Offering:
    """What one client offers.

    Args:
        porter: carries.
        saying: says what offers a file.
        ask: asks the host whether anybody would hear it.
        journal: remembers uploads between runs.
        limits: the bounds in force.
    """

    def __init__(
        self, porter: Porter, saying: Saying, ask: Asking, journal: Journal, limits: Limits
    ) -> None:
        self._porter = porter
        self._saying = saying
        self._ask = ask
        self._journal = journal
        self._limits = limits

    def file(self, path: Path, found: os.stat_result, name: str, kind: str, offer: Offer) -> Acked:
        """Offer a file; see `Files.send`.

        Args:
            path: the file.
            found: what it is.
            name: what it is called for others.
            kind: its media type.
            offer: to whom.
        """
        size, mtime_ns = found.st_size, found.st_mtime_ns

        def carry(entry: Entry) -> Acked:
            content = Content(ContentKind.FILE, file=Attached(entry.up, name, kind))
            return self._carry(single_file(path, size, mtime_ns), size, content, entry.id, offer)

        errand = Errand(
            in_unicode(str(path.resolve())),
            size,
            mtime_ns,
            room=offer.room,
            to=offer.to,
            name=name,
            text=offer.text,
        )
        return self._once(errand, carry)

    def memory(self, data: bytes, name: str, kind: str, offer: Offer) -> Acked:
        """Offer bytes as a file; see `Files.send_bytes`."""
        content = Content(ContentKind.FILE, file=Attached(new_id(), name, kind))
        return self._carry(MemorySource(data), len(data), content, new_id(), offer)

    def folder(self, gathered: Gathered, offer: Offer) -> Acked:
        """Offer a folder; see `Files.send`."""
        entries, total = len(gathered.files), gathered.size

        def carry(entry: Entry) -> Acked:
            file = Attached(entry.up, gathered.name)
            content = Content(ContentKind.FOLDER, file=file, entries=entries, total=total)
            largest = max((found.size for found in gathered.files), default=0)
            self._admit(content, largest, offer)
            with Call(self._porter, self._limits, offer.told, offer.cancel, total) as call:
                send_files(call, gathered, entry.up, self._limits)
                return self._say(call, content, entry.id, offer)

        errand = Errand(
            in_unicode(str(gathered.root)),
            total,
            0,
            listing_of(gathered),
            offer.room,
            offer.to,
            gathered.name,
            offer.text,
        )
        return self._once(errand, carry)

    def stream(self, source: BinaryIO, name: str, offer: Offer) -> Acked:
        """Offer a stream; see `Files.send_stream`."""
        file = Attached(new_id(), name)
        content = Content(ContentKind.STREAM, file=file)
        self._admit(content, 0, offer)
        with Call(self._porter, self._limits, offer.told, offer.cancel, None) as call:
            sending = Sending(file.up, None, self._limits, ready=0)
            load = StreamOutward(sending, StreamSource(), call.slot, name, self._limits)
            call.begin(load)
            call.next()
            begun = self._say(call, content, new_id(), offer)
            pour(call, load, source, self._limits)
            end = Content(ContentKind.STREAM_END, of=begun.seq, file=file)
            return self._say(call, end, new_id(), replace(offer, text=""))

    # --- inside --------------------------------------------------------------------------------

    def _carry(self, source: Source, size: int, content: Content, id_: str, offer: Offer) -> Acked:
        """Upload one file and say so."""
        file = content.file
        assert file is not None  # noqa: S101 -- made so by both callers
        self._admit(content, size, offer)
        with Call(self._porter, self._limits, offer.told, offer.cancel, size) as call:
            call.begin(Outward(Sending(file.up, size, self._limits), source, call.slot, file.name))
            call.all()
            return self._say(call, content, id_, offer)

    def _once(self, errand: Errand, carry: Callable[[Entry], Acked]) -> Acked:
        """Do it under the ids of an earlier run, or new ones; they are forgotten with the ack."""
        entry = self._journal.begin(errand)
        try:
            acked = carry(entry)
        except OutdatedError:
            entry = self._journal.begin(errand, anew=True)
            acked = carry(entry)
        self._journal.forget(entry)
        return acked

    def _admit(self, content: Content, size: int, offer: Offer) -> None:
        """Refuse what the host would refuse in the end.

        Raises:
            UsageError: it cannot be a message.
            SecureChatError: the host keeps no such files, or nobody would hear of it.
        """
        check(Say(new_id(), offer.text, offer.room, offer.to, content), self._limits)
        if len(offer.text.encode()) > self._limits.message_bytes:
            raise UsageError(
                "the text is too long",
                why=f"a text has at most {self._limits.message_bytes} bytes",
                hint="Say it in a message of its own.",
            )
        if self._porter.ended is not None:
            raise self._porter.ended
        most = self._porter.file_bytes
        if size > most or not most:
            raise SecureChatError(
                "the host does not take it",
                why=f"a file may have at most {most} bytes there" if most else "it keeps no files",
                hint="Ask the host's owner.",
            )
        # Without a connection just now it is asked in the end, as everything waits for one.
        with suppress(HostUnreachable, OutcomeUnknown):
            if offer.to is not None:
                self._ask.whois(offer.to)
            else:
                list(self._ask.history(History(0, room=offer.room), most=1))

    def _say(self, call: Call, content: Content, id_: str, offer: Offer) -> Acked:
        """Say it and wait for the ack, through any number of connections."""
        outcome = self._saying.expect(id_)
        try:
            self._saying.say(offer.text, room=offer.room, to=offer.to, id=id_, content=content)
            return call.acked(outcome)
        finally:
            self._saying.unexpect(id_)


def in_unicode(name: str) -> str:
    """Return a name or path of this system as text that every program can read."""
    return os.fsencode(name).decode("utf-8", "replace")
