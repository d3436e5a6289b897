"""Showing handshakes: as a table, as JSON or as Zeek writes them, once or as they come.

Behind `cli.handshakes`, in a module of its own so that its help need not load it. What is wanted
and where it stands is `handshakes.query`'s to know.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from secure_chat.cli.console import Console, ascii_json
from secure_chat.cli.progress import Progress
from secure_chat.cli.rows import LEAST_COLUMNS, Table
from secure_chat.client.text import printable
from secure_chat.clock import SystemClock, rfc3339
from secure_chat.errors import SecureChatError
from secure_chat.handshakes.journal import Follower, journals, standing
from secure_chat.handshakes.parts import Part
from secure_chat.handshakes.query import Query, newest
from secure_chat.handshakes.record import HandshakeRecord

__all__ = ["journals", "progress_of", "readable", "show"]

_LOOK_SECONDS: Final = 0.25


def show(
    console: Console, root: Path, query: Query, limit: int | None, *, follow: bool, form: str
) -> None:
    """Show the newest records, and with `follow` each new one until interrupted.

    Args:
        console: where to.
        root: the folder with all data, one community's folder, or one end's own.
        query: which ones.
        limit: at most so many of those there are; None for all.
        follow: begin with the oldest of them and go on with new ones.
        form: `table`, `json` or `zeek`.

    Raises:
        SecureChatError: the journals cannot be read.
    """
    writer = _Writer(console, _FORMS[form](console))
    with readable(root):
        if follow:
            _follow(console, root, query, limit, writer)
        else:
            _list(console, root, query, limit, writer)


@contextmanager
def readable(root: Path) -> Iterator[None]:
    """Turn the system's errors into one that says what cannot be read.

    Args:
        root: below which the journals are.

    Raises:
        SecureChatError: instead of an OSError, but for a broken pipe: whoever reads our output.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SecureChatError(
            f"cannot read the journals below {root}", why=error.strerror or str(error)
        ) from error


def progress_of(console: Console, stood: list[tuple[Part, ...]]) -> Progress:
    """Return what shows how far the reading of some files is."""
    return Progress(console, sum(part.size for parts in stood for part in parts))


def _list(console: Console, root: Path, query: Query, limit: int | None, writer: "_Writer") -> None:
    stood = standing(journals(root), query.names)
    progress = progress_of(console, stood)
    order = writer.form.newest_first
    refusal: HandshakeRecord | None = None
    writer.begin()
    try:
        for record in newest(stood, query, limit, newest_first=order, on_read=progress.read):
            progress.clear()
            writer.show(record)
            if refusal is None and not record.established:
                refusal = record
    finally:
        progress.clear()
        writer.end()
    if not writer.rows:
        console.talk(f"no such handshake is recorded below {root}")
    elif writer.form.for_people and refusal is not None:
        _explain(console, refusal)


def _follow(
    console: Console, root: Path, query: Query, limit: int | None, writer: "_Writer"
) -> None:
    """Show the newest records, the oldest of them first, and then each one as it comes."""
    pause = threading.Event()
    # What is written from here on is the follower's to tell, what stood there is listed.
    follower = Follower(lambda: journals(root), query.names)
    progress = progress_of(console, follower.stood)
    writer.begin(at_once=True)
    try:
        for record in newest(
            follower.stood, query, limit, newest_first=False, on_read=progress.read
        ):
            progress.clear()
            writer.show(record)
        progress.clear()
        while not pause.wait(_LOOK_SECONDS):
            for record in filter(query.wants, follower.look()):
                writer.show(record)
    finally:
        progress.clear()
        follower.close()
        writer.end()


def _explain(console: Console, refusal: HandshakeRecord) -> None:
    """Say what the newest refusal among them means; the rest is in the records."""
    text = f" ({refusal.text})" if refusal.text else ""
    console.talk(printable(f"last refusal ({refusal.uid}): {refusal.sentence}{text}"))
    console.talk(printable(f"  {refusal.advice}"))
    console.talk(printable(f"  more of it: securechat handshakes explain {refusal.uid}"))


# --- the forms -----------------------------------------------------------------------------


class _Form(Protocol):
    """A way to write handshakes down."""

    newest_first: bool
    for_people: bool

    def head(self) -> list[str]:
        """Return the lines above the first."""
        ...

    def row(self, record: HandshakeRecord) -> str:
        """Return one as a line."""
        ...

    def foot(self) -> list[str]:
        """Return the lines below the last."""
        ...


class _AsTable:
    newest_first = True
    for_people = True

    def __init__(self, console: Console) -> None:
        columns = shutil.get_terminal_size((LEAST_COLUMNS, 24)).columns
        self._table = Table(columns, rfc3339(SystemClock().now())[:10])
        self._paint = console.paint

    def head(self) -> list[str]:
        return [self._paint(self._table.head, "bold")]

    def row(self, record: HandshakeRecord) -> str:
        row = self._table.row(record)
        return row if record.established else self._paint(row, "red")

    def foot(self) -> list[str]:
        return []


class _AsJson:
    newest_first = True
    for_people = False

    def __init__(self, console: Console) -> None:
        del console

    def head(self) -> list[str]:
        return []

    def row(self, record: HandshakeRecord) -> str:
        return ascii_json(record)

    def foot(self) -> list[str]:
        return []


class _AsZeek:
    newest_first = False
    for_people = False

    def __init__(self, console: Console) -> None:
        from secure_chat.handshakes import zeek  # only here: the other forms need none of it

        del console
        self._zeek = zeek
        self._now = SystemClock().now

    def head(self) -> list[str]:
        return self._zeek.header(self._now())

    def row(self, record: HandshakeRecord) -> str:
        return self._zeek.line(record)

    def foot(self) -> list[str]:
        return self._zeek.footer(self._now())


_FORMS: Final[dict[str, Callable[[Console], _Form]]] = {
    "table": _AsTable,
    "json": _AsJson,
    "zeek": _AsZeek,
}


class _Writer:
    """Writes handshakes in one form; people are shown no table without rows.

    Args:
        console: where to.
        form: how.
    """

    def __init__(self, console: Console, form: _Form) -> None:
        self.form = form
        self.rows = 0
        self._console = console
        self._begun = False

    def begin(self, *, at_once: bool = False) -> None:
        """Write the head, unless people had better wait for the first row."""
        if not self._begun and (at_once or not self.form.for_people):
            self._begun = True
            self._write(self.form.head())

    def show(self, record: HandshakeRecord) -> None:
        """Write one row."""
        self.begin(at_once=True)
        self.rows += 1
        self._write([self.form.row(record)])

    def end(self) -> None:
        """Write the foot; also after an interruption."""
        self._write(self.form.foot())

    def _write(self, lines: list[str]) -> None:
        for line in lines:
            self._console.data(line)
