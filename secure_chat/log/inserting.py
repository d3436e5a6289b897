"""How many rows get into a table: dozens of them with each step that SQLite takes.

Used by `log.sqlite` on the hub's thread, within a transaction of its caller. For each step of a
statement Python lets go of its lock and takes it back, and SQLite begins and ends something that
could be undone by itself; with a row a step that costs as much as storing the row. It must never
change the order of rows.
"""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Final

__all__ = ["Insertion"]

# A statement for each, kept prepared by the connection. More rows gain little, and 999 parameters
# are all that an old SQLite takes.
_ROWS_A_STEP: Final = (64, 8, 1)


class Insertion:
    """The ways to insert rows into one table.

    Args:
        table: its name.
        columns: how many it has.
    """

    def __init__(self, table: str, columns: int) -> None:
        row = f"({', '.join('?' * columns)})"
        self._statements = [
            (rows, f"INSERT INTO {table} VALUES {', '.join([row] * rows)}")  # noqa: S608 - ours
            for rows in _ROWS_A_STEP
        ]

    def run(self, db: sqlite3.Connection, rows: Sequence[Sequence[object]]) -> None:
        """Insert the rows in their order, as far as SQLite takes them.

        Args:
            db: in a transaction, which the caller ends or undoes.
            rows: each with a value for every column.

        Raises:
            sqlite3.Error: one of them was not taken; earlier ones may have been.
        """
        done = 0
        for many, statement in self._statements:
            while len(rows) - done >= many:
                values = chain.from_iterable(rows[done : done + many])
                db.execute(statement, list(values))
                done += many
