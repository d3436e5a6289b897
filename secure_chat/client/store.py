"""What one identity's client keeps on the disk: the queue of the unsent, the cursor, the device.

Owned by the client's disk thread, used there only; opening happens before that thread starts. It
never loses what `save` returned for, and two processes never share a folder: the second one is
told so and works from memory.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

from msgspec import msgpack

from secure_chat.client.effects import Memory, Outgoing
from secure_chat.errors import StoreBroken, StoreBusy, StoreError, StoreFull
from secure_chat.log.lock import FolderLock

__all__ = ["Store", "store_for"]

_VERSION: Final = 1
_TABLES: Final = (
    "CREATE TABLE state (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE unsent (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, frame BLOB NOT NULL)",
)
_MEMORY: Final = ":memory:"


class Store:
    """One identity's state; `open` for a folder, `in_memory` for a client that keeps nothing.

    Args:
        state: the connection to the state, inside no transaction.
        lock: holds the folder, None without one.
    """

    def __init__(self, state: sqlite3.Connection, lock: FolderLock | None) -> None:
        self._state = state
        self._lock = lock

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """Lock a folder and open the state in it, making both when they are not there.

        Args:
            folder: this identity's own folder.

        Raises:
            StoreBusy: a running client holds the folder.
            StoreError: the folder cannot be used, or a newer version made the file.
        """
        lock = FolderLock(folder, "another client of this identity")
        with ExitStack() as undo:
            undo.callback(lock.release)
            store = cls(_prepared(folder / "client.sqlite"), lock)
            undo.pop_all()
        return store

    @classmethod
    def in_memory(cls) -> "Store":
        """Return a state that ends with the process."""
        return cls(_prepared(Path(_MEMORY)), None)

    def load(self) -> Memory:
        """Return what is kept; the device's id is made the first time."""
        rows = self._state.execute("SELECT name, value FROM state").fetchall()
        state = dict(rows)
        frames = self._state.execute("SELECT frame FROM unsent ORDER BY place").fetchall()
        unsent = tuple(msgpack.decode(frame, type=Outgoing) for (frame,) in frames)
        return Memory(str(state["device"]), state.get("cursor"), unsent)

    def save(
        self, keep: Sequence[Outgoing] = (), forget: Iterable[str] = (), cursor: int | None = None
    ) -> None:
        """Write all of it in one transaction; the process may be killed when this returns.

        Args:
            keep: what is to be sent; an id that is there already stays as it is.
            forget: ids that are settled.
            cursor: everything up to here has been shown; None leaves it as it is.

        Raises:
            StoreFull: there is no room; nothing was written and the store is usable.
            StoreBroken: the disk failed.
        """
        frames = [(message.id, msgpack.encode(message)) for message in keep]
        try:
            with self._state:
                self._state.execute("BEGIN IMMEDIATE")
                self._state.executemany(
                    "INSERT OR IGNORE INTO unsent (id, frame) VALUES (?, ?)", frames
                )
                self._state.executemany(
                    "DELETE FROM unsent WHERE id = ?", [(id_,) for id_ in forget]
                )
                if cursor is not None:
                    self._state.execute("REPLACE INTO state VALUES ('cursor', ?)", (cursor,))
        except sqlite3.Error as error:
            raise _failed(error) from error

    def close(self) -> None:
        """Close the state and give the folder free."""
        self._state.close()
        if self._lock is not None:
            self._lock.release()


def store_for(folder: Path, *, remember: bool) -> Store:
    """Return an identity's state: the folder's, or one in memory.

    Args:
        folder: this identity's own folder.
        remember: False for a client that leaves the folder's state alone; so does one that finds
            another client of the same identity running.

    Raises:
        StoreError: the folder cannot be used.
    """
    if not remember:
        # Only the journal would be written there, and that may be missing.
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Store.in_memory()
    try:
        return Store.open(folder)
    except StoreBusy:
        return Store.in_memory()


def _connect(path: Path) -> sqlite3.Connection:
    """Open one file, readable by its owner only, for use on whichever thread comes to own it."""
    if str(path) != _MEMORY:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)


def _prepared(path: Path) -> sqlite3.Connection:
    """Open the state, make its tables the first time, and refuse a newer version's."""
    try:
        state = _connect(path)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    try:
        state.execute("PRAGMA journal_mode = WAL")
        # What a killed process has written stays in every mode; an fsync for each message shown
        # would slow down the host beside us and guard against a power cut only, which costs
        # no more than lines that nobody has acknowledged.
        state.execute("PRAGMA synchronous = NORMAL")
        _migrate(state, path)
    except sqlite3.Error as error:
        state.close()
        raise _unusable(path, error) from error
    except StoreError:
        state.close()
        raise
    return state


def _migrate(state: sqlite3.Connection, path: Path) -> None:
    with closing(state.execute("PRAGMA user_version")) as answer:
        (version,) = answer.fetchone()
    if version > _VERSION:
        raise StoreError(
            f"{path} was made by a newer securechat",
            why=f"its version is {version}, this program knows {_VERSION}",
            hint="Update this program, or use another folder with --data.",
        )
    if version == _VERSION:
        return
    # Its tables, the device and the version number come into being together.
    with state:
        state.execute("BEGIN IMMEDIATE")
        for table in _TABLES:
            state.execute(table)
        state.execute("INSERT INTO state VALUES ('device', ?)", (secrets.token_hex(8),))
        state.execute(f"PRAGMA user_version = {_VERSION}")


def _unusable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"{path} cannot be used",
        why=str(error),
        hint="Check that it is yours and writable, or name another folder with --data.",
    )


def _failed(error: sqlite3.Error) -> StoreError:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return StoreFull("there is no room on the disk for what is not sent yet", why=str(error))
    return StoreBroken("the disk failed under what is not sent yet", why=str(error))
