"""A host that leaves the sync to the system: what watches for syncs must find it out."""

import sqlite3
from pathlib import Path

from secure_chat.cli.main import run
from secure_chat.limits import Limits
from secure_chat.log import sqlite

__all__: list[str] = []

_open = sqlite.open_for_writing


def _open_carelessly(path: Path, limits: Limits) -> sqlite3.Connection:
    db = _open(path, limits)
    db.execute("PRAGMA synchronous = NORMAL")
    return db


sqlite.open_for_writing = _open_carelessly
run()
