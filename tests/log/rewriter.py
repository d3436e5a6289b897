"""A process that says, edits, deletes and scrubs, to be killed by `test_rewriting_kill`.

Called with the log's file and a name. Each line it prints acknowledges one deed: its name, the
number of the entry that it is about, and the word that this entry has or had.
"""

import sys
from itertools import count
from pathlib import Path

from secure_chat.clock import SystemClock
from secure_chat.limits import Limits
from secure_chat.log.base import Committed, Draft
from secure_chat.log.sqlite import SqliteLog
from tests.log.speech import delete, edit, give


def main(path: Path, name: str) -> None:
    """Say something, then change or delete the half of it, for ever."""
    log = SqliteLog.open(path, SystemClock(), Limits(log_wal_pages=20, index_entries=40))

    def done(draft: Draft, deed: str, of: int, word: str) -> int:
        outcome = log.append([draft])[0]
        if not isinstance(outcome, Committed):
            sys.exit(f"not committed: {draft} {outcome}")
        sys.stdout.write(f"{deed} {of or outcome.seq} {word}\n")
        sys.stdout.flush()
        return outcome.seq

    for turn in count():
        word = f"<{turn}x{name}>"
        seq = done(give(name, f"{turn}", up=f"up{word}", text=word), "said", 0, word)
        if turn % 3 == 0:
            log.index(50)
            log.merge(2)
        if turn % 2:
            done(edit(name, f"{turn}e", seq, f"e{word}"), "edited", seq, word)
        if turn % 4 > 1:
            done(delete(name, f"{turn}d", seq), "deleted", seq, word)
        if turn % 5 == 0:
            log.scrub()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
