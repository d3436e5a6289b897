"""The reader thread: history, search and replay from a read-only connection.

It owns the reader's SQLite connection. The hub posts questions, the answers go back into the
hub's inbox, so a long read never holds up a commit.
"""

from collections.abc import Callable
from pathlib import Path

from secure_chat.hub.commands import ReadFile, ReadHistory, ReadMissed
from secure_chat.hub.events import Answered, FileRead, PageRead
from secure_chat.limits import Limits
from secure_chat.log.reader import SqliteReader
from secure_chat.net.inbox import Inbox

__all__ = ["Reading"]


class _Stop:
    """Asks the reader's thread to end."""


class Reading:
    """Answers the hub's questions.

    Args:
        path: the log's file; it exists before `run` is called.
        limits: the bounds in force.
        answer: called with each answer, from the reader's thread.
    """

    def __init__(self, path: Path, limits: Limits, answer: Callable[[object], None]) -> None:
        self._path = path
        self._limits = limits
        self._answer = answer
        self._inbox: Inbox[ReadMissed | ReadHistory | ReadFile | _Stop] = Inbox(limits.inbox_items)

    def ask(self, question: ReadMissed | ReadHistory | ReadFile) -> None:
        """Post a question; from the hub's thread, never blocks."""
        self._inbox.post(question)

    def stop(self) -> None:
        """Let `run` return."""
        self._inbox.post(_Stop())

    def run(self) -> None:
        """Answer questions until stopped; the thread's body."""
        reader = SqliteReader.open(self._path, self._limits)
        try:
            while True:
                self._inbox.wait(None)
                for item in self._inbox.take():
                    if isinstance(item, _Stop):
                        return
                    self._answer(self._answered(reader, item))
        finally:
            reader.close()

    def close(self) -> None:
        """Give its descriptors back, after `run` or instead of it."""
        self._inbox.close()

    def _answered(
        self, reader: SqliteReader, question: ReadMissed | ReadHistory | ReadFile
    ) -> PageRead | Answered | FileRead:
        if isinstance(question, ReadFile):
            fetch = question.fetch
            keep = reader.file(question.person, question.rooms, fetch.seq)
            return FileRead(question.conn, fetch, keep)
        if isinstance(question, ReadHistory):
            return Answered(question.conn, reader.history(question.query))
        if question.newest >= 0:
            return PageRead(question.conn, reader.newest(question.person, question.newest))
        most = self._limits.page_entries
        return PageRead(question.conn, reader.missed(question.person, question.after, most))
