"""What can be fetched, as a table and for scripts; names and types are a stranger's."""

from datetime import UTC

import pytest

from secure_chat.cli.offers import offers_of, table
from secure_chat.client.events import Message
from secure_chat.handshakes.telling.columns import width
from secure_chat.wire.messages import Attached, Content

AT = 1_795_348_800_123
EVIL = "\x1b[2J\u202e\n"


def sent(seq: int, content: Content, to: str | None = None) -> Message:
    """Return a message of bob's with a file."""
    return Message(seq, AT, "bob", f"b{seq}", "", None if to else "lobby", to, content)


FILE = sent(3, Content("file", file=Attached("u", "a.pdf", "application/pdf", 1_200_000, "ab")))
FOLDER = sent(
    4, Content("folder", file=Attached("u", "tree", "", 99), entries=3, total=7), to="alice"
)
ONE = sent(5, Content("folder", file=Attached("u", "one", "", 99), entries=1, total=7))
OPEN = sent(6, Content("stream", file=Attached("u", "live.tar")))
STREAM = sent(7, Content("stream", file=Attached("u", "x.tar")))
END = sent(9, Content("stream-end", of=7, file=Attached("u", "x.tar", "", 12, "ab")))
ALL = [FILE, FOLDER, ONE, OPEN, STREAM, END]


def test_a_table_of_everything() -> None:
    """A stream is one row: with its size when it has ended."""
    assert list(table(offers_of(ALL), 100, UTC)) == [
        "NUMBER  WHEN              FROM  WHERE     NAME          SIZE  TYPE",
        "     3  2026-11-22 12:00  bob   [lobby]   a.pdf       1.2 MB  application/pdf",
        "     4  2026-11-22 12:00  bob   to alice  tree       7 bytes  folder, 3 files",
        "     5  2026-11-22 12:00  bob   [lobby]   one        7 bytes  folder, 1 file",
        "     6  2026-11-22 12:00  bob   [lobby]   live.tar            stream",
        "     7  2026-11-22 12:00  bob   [lobby]   x.tar     12 bytes",
    ]


def test_what_is_still_being_sent() -> None:
    """Nobody knows its size, nor whether it ends."""
    offers = {one.message.seq: one for one in offers_of(ALL)}
    assert [seq for seq, one in offers.items() if one.open] == [6]
    assert [one.size for one in offers.values()] == [1_200_000, 7, 7, None, 12]


def test_for_scripts_it_is_the_message_with_its_size() -> None:
    """Under the names that they know."""
    told = offers_of(ALL)[-1].for_scripts()
    assert (told["event"], told["seq"], told["from"], told["size"]) == ("message", 7, "bob", 12)
    assert told["content"]["kind"] == "stream"


@pytest.mark.parametrize("columns", [80, 200])
def test_hostile_names_and_types_stay_in_their_row(columns: int) -> None:
    """However long they are, no terminal sees them raw, and a table fits."""
    file = Attached("u", EVIL + "\N{CJK UNIFIED IDEOGRAPH-6C34}" * 300, EVIL * 30, 2**53)
    rows = list(table(offers_of([sent(3, Content("file", file=file)), FILE]), columns, UTC))
    assert len(rows) == 3
    assert all(row.isprintable() for row in rows)
    assert r"\x1b[2J<U+20" in rows[1]
    assert columns == 80 or max(map(width, rows)) <= columns


def test_a_file_without_a_name_is_a_row_too() -> None:
    """A host may say anything."""
    rows = list(table(offers_of([sent(3, Content("file"))]), 80, UTC))
    assert rows[1].split() == ["3", "2026-11-22", "12:00", "bob", "[lobby]", "0", "bytes"]
