"""A host that leaves the sync to the system: what watches for syncs must find it out."""

from pathlib import Path

from secure_chat.cli.main import run
from secure_chat.clock import Clock
from secure_chat.limits import Limits
from secure_chat.log.sqlite import SqliteLog

__all__: list[str] = []

_open = SqliteLog.open


def _open_carelessly(path: Path, clock: Clock, limits: Limits) -> SqliteLog:
    log = _open(path, clock, limits)
    log._db.execute("PRAGMA synchronous = NORMAL")
    return log


SqliteLog.open = _open_carelessly  # type: ignore[method-assign] # that is the point
run()
