"""The rows of the files' index: which uploads there are, and which blobs.

Owned by the store, on the depot's thread. It touches no file but the index; what a row says of
bytes on the disk is the store's to keep true.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secure_chat.log.blobs.schema import open_index
from secure_chat.log.transactions import Transactions

__all__ = ["Row", "Rows"]

_ROW: Final = (
    "SELECT number, upload.person, upload.up, within, declared, upload.sha256, blob.size, at, used"
    " FROM upload LEFT JOIN blob ON blob.sha256 = upload.sha256"
)
_UNNEEDED: Final = (
    "SELECT 1 FROM blob WHERE sha256 = ?"
    " AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.sha256 = blob.sha256)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """An upload as the index knows it.

    Args:
        number: never used for another one.
        person: whose it is.
        up: their id of it.
        within: the upload of the folder's manifest that it is a part of, "" for none.
        declared: bytes that it will have; None for a stream.
        sha256: the hash of its bytes, lower-case hex; "" while it is not sealed.
        size: its bytes once it is sealed, 0 before.
        at: when it was begun, asked for again or sealed, milliseconds since 1970 UTC.
        used: whether a message has referred to it.
    """

    number: int
    person: str
    up: str
    within: str
    declared: int | None
    sha256: str
    size: int
    at: int
    used: bool

    @property
    def counted(self) -> int:
        """The bytes it counts with, but for what has come of a stream."""
        return self.size if self.sha256 else self.declared or 0


class Rows:
    """The index.

    Args:
        path: its file; made when it is missing.

    Raises:
        StoreError: the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._db = open_index(path)
        self._do = Transactions(self._db)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # --- reading -------------------------------------------------------------------------------

    def find(self, person: str, up: str) -> Row | None:
        """Return a person's upload."""
        found = self._rows("WHERE person = ? AND up = ?", person, up)
        return found[0] if found else None

    def numbered(self, number: int) -> Row | None:
        """Return an upload by its number."""
        found = self._rows("WHERE number = ?", number)
        return found[0] if found else None

    def open(self) -> list[Row]:
        """Return all uploads that are not sealed, the oldest first."""
        return self._rows("WHERE upload.sha256 IS NULL ORDER BY at")

    def whole(self, after: tuple[int, int], most: int) -> list[Row]:
        """Return sealed uploads that are not within another one, in the order of their age.

        Args:
            after: `at` and `number` of the last one of the page before; (-1, 0) to begin.
            most: how many.
        """
        return self._rows(
            "WHERE within = '' AND upload.sha256 IS NOT NULL AND (at, number) > (?, ?)"
            " ORDER BY at, number LIMIT ?",
            *after,
            most,
        )

    def of(self, person: str, after: int, most: int) -> list[Row]:
        """Return a person's sealed uploads that messages have referred to, by number."""
        return self._rows(
            "WHERE person = ? AND within = '' AND upload.sha256 IS NOT NULL AND used"
            " AND number > ? ORDER BY number LIMIT ?",
            person,
            after,
            most,
        )

    def within_gone(self, most: int) -> list[Row]:
        """Return uploads whose manifest is forgotten."""
        return self._rows(
            "JOIN gone ON gone.person = upload.person AND gone.up = upload.within"
            " WHERE within <> '' LIMIT ?",
            most,
        )

    def is_gone(self, person: str, up: str) -> bool:
        """Tell whether this was a manifest of which something is left to take away."""
        with self._do.using():
            asked = "SELECT 1 FROM gone WHERE person = ? AND up = ?"
            return self._db.execute(asked, (person, up)).fetchone() is not None

    def totals(self) -> Iterator[tuple[str, int, int]]:
        """Yield every person with the bytes and the number of their uploads."""
        with self._do.using():
            yield from self._db.execute(
                "SELECT person, sum(coalesce(blob.size, declared, 0)), count(*)"
                " FROM upload LEFT JOIN blob ON blob.sha256 = upload.sha256 GROUP BY person"
            ).fetchall()

    def stored(self) -> int:
        """Return the bytes of all blobs, each once."""
        with self._do.using():
            return int(self._db.execute("SELECT coalesce(sum(size), 0) FROM blob").fetchone()[0])

    def blobs(self, first: int) -> set[str]:
        """Return the hashes of all blobs that begin with a byte."""
        low = bytes([first])
        question = "SELECT lower(hex(sha256)) FROM blob WHERE sha256 >= ? AND sha256 < ?"
        # Above every hash that begins with the byte, whatever follows in it.
        with self._do.using():
            rows = self._db.execute(question, (low, low + b"\xff" * 32)).fetchall()
        return {text for (text,) in rows}

    def has_blob(self, sha256: str) -> bool:
        """Tell whether these bytes are stored."""
        with self._do.using():
            asked = "SELECT 1 FROM blob WHERE sha256 = ?"
            return self._db.execute(asked, (bytes.fromhex(sha256),)).fetchone() is not None

    def _rows(self, rest: str, *values: object) -> list[Row]:
        with self._do.using():
            found = self._db.execute(f"{_ROW} {rest}", values).fetchall()
        return [_row(*columns) for columns in found]

    # --- writing -------------------------------------------------------------------------------

    def begin(self, person: str, up: str, within: str, declared: int | None, at: int) -> Row:
        """Note an upload; a power cut may forget it again.

        Raises:
            StoreFull: there is no room.
            StoreBroken: the disk failed.
        """
        with self._do.writing_unsynced():
            number = self._db.execute(
                "INSERT INTO upload (person, up, within, declared, at) VALUES (?, ?, ?, ?, ?)",
                (person, up, within, declared, at),
            ).lastrowid
        assert number is not None  # noqa: S101 - an INSERT has just been made
        return Row(number, person, up, within, declared, "", 0, at, used=False)

    def touch(self, numbers: Iterable[int], at: int) -> None:
        """Let uploads count as asked for just now; a power cut may forget it again."""
        with self._do.writing_unsynced():
            self._db.executemany(
                "UPDATE upload SET at = ? WHERE number = ?", [(at, number) for number in numbers]
            )

    def use(self, ups: Iterable[tuple[str, str]]) -> None:
        """Note that messages refer to these uploads; what was asked of the log makes up for it."""
        with self._do.writing_unsynced():
            self._db.executemany("UPDATE upload SET used = 1 WHERE person = ? AND up = ?", ups)

    def seal(self, sealed: Iterable[tuple[int, str, int]], at: int) -> None:
        """Note that uploads are whole, synced to the disk.

        Args:
            sealed: each with its number, its hash and its size.
            at: now.
        """
        with self._do.writing():
            for number, sha256, size in sealed:
                packed = bytes.fromhex(sha256)
                self._db.execute("INSERT OR IGNORE INTO blob VALUES (?, ?)", (packed, size))
                self._db.execute(
                    "UPDATE upload SET sha256 = ?, at = ? WHERE number = ?", (packed, at, number)
                )

    def forget(self, rows: Sequence[Row]) -> list[tuple[str, int]]:
        """Take uploads away, and blobs that no upload needs any more; synced to the disk.

        Returns:
            The blobs that are gone, each with its hash and its size.
        """
        blobs = []
        with self._do.writing():
            for row in rows:
                self._db.execute("DELETE FROM upload WHERE number = ?", (row.number,))
                if not row.within:
                    # If it was a manifest, its files go a little at a time.
                    self._db.execute(
                        "INSERT OR IGNORE INTO gone VALUES (?, ?)", (row.person, row.up)
                    )
                if row.sha256 and self._drop_unneeded(bytes.fromhex(row.sha256)):
                    blobs.append((row.sha256, row.size))
            self._db.execute(
                "DELETE FROM gone WHERE NOT EXISTS (SELECT 1 FROM upload"
                " WHERE upload.person = gone.person AND within = gone.up AND within <> '')"
            )
        return blobs

    def _drop_unneeded(self, packed: bytes) -> bool:
        if self._db.execute(_UNNEEDED, (packed,)).fetchone() is None:
            return False
        self._db.execute("DELETE FROM blob WHERE sha256 = ?", (packed,))
        return True


def _row(  # noqa: PLR0913, PLR0917 - a column each
    number: int,
    person: str,
    up: str,
    within: str,
    declared: int | None,
    sha256: bytes | None,
    size: int | None,
    at: int,
    used: int,
) -> Row:
    hexed = "" if sha256 is None else sha256.hex()
    return Row(number, person, up, within, declared, hexed, size or 0, at, bool(used))
