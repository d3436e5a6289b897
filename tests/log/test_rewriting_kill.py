"""The writer killed between and within edits, deletions and scrubbing: each happened or did not."""

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from secure_chat.limits import Limits
from secure_chat.log.base import Query
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import History, Said
from tests.fakes import FakeClock
from tests.log.index import check_index

ROOT = Path(__file__).parents[2]


def killed_after(path: Path, name: str, lines: int) -> list[tuple[str, int, str]]:
    """Let a process work until it acknowledged so much, kill it, return all it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.log.rewriter", str(path), name],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        told += process.stdout.readlines()
    assert process.returncode not in {0, 1}
    whole = [line.split() for line in told if line.endswith("\n")]
    assert len(whole) >= lines
    return [(deed, int(seq), word) for deed, seq, word in whole]


def sound(path: Path) -> None:
    """Check that the file is whole and that no edit is there without its effect."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        check_index(db)
        one_sided = (
            (
                "SELECT 1 FROM about WHERE kind IN ('edit', 'deletion')"
                " AND of NOT IN (SELECT seq FROM rewritten)"
            ),
            "SELECT 1 FROM rewritten LEFT JOIN entry ON entry.seq = by WHERE entry.seq IS NULL",
            (
                "SELECT 1 FROM entry WHERE content IS NOT NULL"
                " AND seq NOT IN (SELECT seq FROM about UNION SELECT seq FROM attached"
                " UNION SELECT seq FROM rewritten WHERE gone)"
            ),
            "SELECT 1 FROM attached JOIN rewritten USING (seq) WHERE gone",
        )
        for question in one_sided:
            assert db.execute(question).fetchall() == [], question


def all_of(reader: SqliteReader) -> dict[int, Said]:
    """Return every message of the lobby by its number."""
    messages: dict[int, Said] = {}
    while True:
        history = History(re=1, after=max(messages, default=0))
        page = reader.history(Query("nobody", ("lobby",), history))
        messages |= {said.seq: said for said in page.messages}
        if not page.more:
            return messages


def test_what_was_acknowledged_happened_and_nothing_by_half(tmp_path: Path) -> None:
    """Kill after kill: each text, edit and deletion is as acknowledged, and scrubbing goes on."""
    path = tmp_path / "log.db"
    chance = random.Random(11)  # noqa: S311 - when to kill is no secret
    last: dict[int, tuple[str, str]] = {}
    for turn in range(8):
        for deed, seq, word in killed_after(path, f"w{turn}", chance.randrange(1, 200)):
            last[seq] = deed, word
        with (
            closing(SqliteLog.open(path, FakeClock(), Limits())) as log,
            closing(SqliteReader.open(path, Limits())) as reader,
        ):
            messages = all_of(reader)
            for seq, (deed, word) in last.items():
                text, content = messages[seq].text, messages[seq].content
                assert content is not None
                kinds = {"said": "file", "edited": "file", "deleted": "deleted"}
                texts = {"said": word, "edited": f"e{word}", "deleted": ""}
                as_told = (text, content.kind) == (texts[deed], kinds[deed])
                # The last deed of a process may have happened without having been told.
                assert as_told or seq == max(last), (seq, deed, text)
            while log.index(500):
                pass
            while not log.scrub():
                pass
            # Whatever was not told is settled now.
            for seq, said in messages.items():
                deleted = said.content is not None and said.content.kind == "deleted"
                if seq in last and deleted:
                    last[seq] = "deleted", last[seq][1]
                elif seq in last and said.text.startswith("e<"):
                    last[seq] = "edited", last[seq][1]
        sound(path)
        whole = path.read_bytes()
        for deed, word in last.values():
            assert (word.encode() in whole) is (deed != "deleted"), (deed, word)
    assert {deed for deed, _ in last.values()} == {"said", "edited", "deleted"}
