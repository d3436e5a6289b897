"""A process that only appends and tells what is acknowledged, to be killed by `test_sqlite_kill`.

Called with the log's file and a name. A line it prints is an acknowledgement, so it prints one
only after `append` returned.
"""

import sys
from itertools import count
from pathlib import Path

from secure_chat.clock import SystemClock
from secure_chat.limits import Limits
from secure_chat.log.base import Committed, Draft, Kind
from secure_chat.log.sqlite import SqliteLog


def main(path: Path, name: str) -> None:
    """Append batches of growing and shrinking size for ever."""
    # A small WAL lets kills also meet commits that move pages, small tables those that begin one.
    log = SqliteLog.open(path, SystemClock(), Limits(log_wal_pages=20, index_entries=64))
    for turn in count():
        batch = [
            Draft(
                Kind.SAID,
                name,
                f"{turn}-{place}",
                f"room{place % 3}",
                None,
                f"{name} {turn} {place}",
            )
            for place in range(turn % 17 + 1)
        ]
        outcomes = log.append(batch)
        for draft, outcome in zip(batch, outcomes, strict=True):
            if not isinstance(outcome, Committed):
                sys.exit(f"not committed: {draft} {outcome}")
            sys.stdout.write(f"{outcome.seq} {draft.id}\n")
        sys.stdout.flush()
        if turn % 5 == 0:
            log.index(50)
            log.merge(2)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
