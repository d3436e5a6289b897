"""The thread that may wait for the disk: it turns evidence of handshakes into journal lines.

Any thread posts evidence; parsing and writing happen here, so no I/O worker ever waits for them.
Beyond the bound records are counted lost, never the service.
"""

import threading
from typing import Final

from secure_chat.handshakes.journal import Journal
from secure_chat.limits import Limits
from secure_chat.net.inbox import Inbox
from secure_chat.net.recording import Evidence, record_of
from secure_chat.server.announce import Announcer

__all__ = ["Scribe"]

# Being woken for each record costs as much as writing it, so a few are let come first.
_GATHERING_SECONDS: Final = 0.05


class _Stop:
    """Asks the scribe's thread to end."""


class Scribe:
    """Writes one record for each handshake.

    Args:
        journal: where to; used on the scribe's thread only.
        announcer: told of each refusal.
        limits: the bounds in force.
    """

    def __init__(self, journal: Journal, announcer: Announcer, limits: Limits) -> None:
        self._journal = journal
        self._announcer = announcer
        self._inbox: Inbox[Evidence | _Stop] = Inbox(limits.journal_waiting)
        self._lost = 0
        self._ending = threading.Event()

    def post(self, evidence: Evidence) -> None:
        """Have a handshake recorded; from any thread, never blocks."""
        if self._inbox.crowded:
            self._lost += 1
            return
        self._inbox.post(evidence)

    def stop(self) -> None:
        """Let `run` return once everything posted before is written."""
        self._ending.set()
        self._inbox.post(_Stop())

    def run(self) -> None:
        """Write records until stopped; the thread's body."""
        while self._write_waiting():
            continue

    def close(self) -> None:
        """Give its files and descriptors back, after `run` or instead of it."""
        self._journal.close()
        self._inbox.close()

    def _write_waiting(self) -> bool:
        # Counted refusals are owed one record at the end of their second.
        self._inbox.wait(1.0 if self._journal.owed else None)
        self._ending.wait(_GATHERING_SECONDS)
        self._journal.settle()
        for item in self._inbox.take():
            if isinstance(item, _Stop):
                return False
            self._write(item)
        lost, self._lost = self._lost + self._journal.lost, 0
        self._journal.lost = 0
        if lost:
            self._announcer.say(
                "unrecorded", f"{lost} handshakes could not be recorded", count=lost
            )
        return True

    def _write(self, evidence: Evidence) -> None:
        record = record_of(evidence)
        self._journal.write(record)
        if not record.established:
            self._announcer.say(
                "refused",
                f"refused {record.orig_h}:{record.orig_p}: {record.reason} ({record.advice})",
                uid=record.uid,
                peer=f"{record.orig_h}:{record.orig_p}",
                reason=record.reason,
                subject=record.client_subject,
            )
