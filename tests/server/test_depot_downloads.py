"""Downloads as the depot sends them: as far as let, in turns, streams followed, and refusals."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.errors import StoreBroken
from secure_chat.server.depot.downloads import Downloads
from secure_chat.server.depot.handles import Handles
from secure_chat.wire.messages import (
    Attached,
    Chunk,
    Enough,
    Error,
    More,
    Piece,
    Seal,
    Sending,
    Sent,
)
from tests.server.depots import SMALL, Bench, sha256_of

DATA = bytes(range(256)) * 2
FILE = Attached("a", "x.txt", sha256=sha256_of(DATA), size=len(DATA))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A depot with a file of alice, to which bob is connected twice."""
    with Bench(tmp_path / "files", replace(SMALL, chunk_bytes=100, bulk_bytes=400)) as made:
        for conn, name in enumerate(("alice", "bob", "bob"), 1):
            made.enter(conn, name)
        made.upload(1, "a", DATA)
        yield made


def codes(bench: Bench, conn: int) -> list[tuple[str, int | None]]:
    """Return the codes of the errors that a peer was told, each with its request."""
    return [(each.code, each.re) for each in bench.heard(conn) if isinstance(each, Error)]


# --- what goes well ------------------------------------------------------------------------------


def test_a_file_goes_out_as_the_peer_has_room(bench: Bench) -> None:
    """At most so many bytes wait for it; the last word has size and hash."""
    bench.fetch(2, "alice", FILE)
    begun, *pieces = bench.heard(2)
    assert begun == Sending(1, len(DATA))
    assert [(each.at, len(each.data)) for each in pieces if isinstance(each, Piece)] == [
        (0, 100),
        (100, 100),
    ]
    got = b"".join(each.data for each in pieces if isinstance(each, Piece))
    while True:
        bench.unload(2)
        heard = bench.heard(2)
        got += b"".join(each.data for each in heard if isinstance(each, Piece))
        if isinstance(heard[-1], Sent):
            break
    assert heard[-1] == Sent(1, len(DATA), sha256_of(DATA))
    assert got == DATA
    bench.unload(2)
    assert bench.heard(2) == []
    assert bench.depot._kit.downloads._lines == {}


def test_a_download_begins_where_the_peer_has_it_from(bench: Bench) -> None:
    """Also where there is nothing left but the last word."""
    bench.fetch(2, "alice", FILE, at=len(DATA) - 7)
    assert bench.data(2) == DATA[-7:]
    bench.unload(2)
    assert bench.heard(2) == []
    bench.fetch(2, "alice", FILE, re=2, at=len(DATA), upto=0)
    assert bench.heard(2) == [Sending(2, len(DATA)), Sent(2, len(DATA), sha256_of(DATA))]


def test_no_byte_goes_further_than_the_peer_let_it(bench: Bench) -> None:
    """Until it lets it; less than before changes nothing."""
    bench.fetch(2, "alice", FILE, upto=150)
    assert bench.data(2) == DATA[:150]
    bench.unload(2)
    bench.say(2, More(1, 120), More(9, 400))
    assert bench.heard(2) == []
    bench.say(2, More(1, 151))
    assert bench.data(2) == DATA[150:151]


def test_downloads_of_a_connection_take_turns(bench: Bench) -> None:
    """Piece by piece; other connections have room of their own."""
    bench.fetch(2, "alice", FILE, re=1, upto=0)
    bench.fetch(2, "alice", FILE, re=2, upto=0)
    bench.heard(2)
    bench.say(2, More(1, 500), More(2, 500))
    bench.fetch(3, "alice", FILE, re=1)
    assert [each.re for each in bench.heard(2) if isinstance(each, Piece)] == [1, 2]
    assert bench.data(3) == DATA[:200]
    bench.unload(2)
    assert [(each.re, each.at) for each in bench.heard(2) if isinstance(each, Piece)] == [
        (1, 100),
        (2, 100),
    ]


def test_a_file_that_goes_out_alone_is_read_in_one_go(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pieces are as before; two that take turns are read piece by piece."""
    reads: list[int] = []
    read = Handles.read

    def note(handles: Handles, path: Path, at: int, size: int) -> bytes:
        reads.append(size)
        return read(handles, path, at, size)

    monkeypatch.setattr(Handles, "read", note)
    bench.fetch(2, "alice", FILE)
    pieces = [each for each in bench.heard(2) if isinstance(each, Piece)]
    assert ([len(each.data) for each in pieces], reads) == ([100, 100], [200])
    bench.fetch(2, "alice", FILE, re=2)
    bench.unload(2)
    assert reads == [200, 100, 100]


def test_enough_is_enough(bench: Bench) -> None:
    """Nothing more of it is read; the same number may be used again."""
    bench.fetch(2, "alice", FILE)
    bench.heard(2)
    bench.say(2, Enough(1), Enough(5))
    bench.unload(2)
    assert bench.heard(2) == []
    bench.fetch(2, "alice", FILE, at=510)
    assert bench.data(2) == DATA[510:]


def test_nothing_is_read_for_who_is_gone(bench: Bench) -> None:
    """Neither what had begun, nor what the hub asks for behind the end."""
    bench.fetch(2, "alice", FILE)
    bench.heard(2)
    bench.leave(2)
    bench.unload(2)
    bench.fetch(2, "alice", FILE, re=2)
    assert bench.heard(2) == []
    assert bench.depot._sending._rows == {}
    assert bench.depot._kit.downloads._lines == {}


def test_the_files_of_a_folder_are_fetched_by_their_ids(bench: Bench) -> None:
    """By the manifest's message, and only those that are whole."""
    bench.upload(1, "m", b"manifest")
    bench.upload(1, "x", b"inner", within="m")
    bench.begin(1, "y", 5, within="m")
    manifest = Attached("m", "folder", sha256=sha256_of(b"manifest"))
    bench.fetch(2, "alice", manifest, up="x")
    assert bench.data(2) == b"inner"
    bench.unload(2)
    for up in ("y", "a", "nothing"):
        bench.fetch(2, "alice", manifest, up=up)
    bench.fetch(2, "bob", manifest, up="x")
    assert codes(bench, 2) == [("no-file", 1)] * 4


# --- streams -------------------------------------------------------------------------------------


def test_a_stream_is_followed_while_it_is_sent(bench: Bench) -> None:
    """By whoever began early or late, to its end."""
    stream = Attached("s", "live")
    bench.begin(1, "s", None)
    bench.fetch(2, "alice", stream)
    assert bench.heard(2) == [Sending(1, None)]
    bench.say(1, Chunk("s", 0, DATA[:30]))
    assert bench.data(2) == DATA[:30]
    bench.fetch(3, "alice", stream, upto=35)
    assert bench.data(3) == DATA[:30]
    bench.unload(3)
    bench.say(1, Chunk("s", 30, DATA[30:40]))
    assert bench.heard(2) == []
    bench.unload(2)
    assert bench.data(2) == DATA[30:40]
    assert bench.data(3) == DATA[30:35]
    bench.unload(3)
    bench.say(3, More(1, 1_000))
    bench.unload(3)
    bench.say(1, Seal("s", 40, sha256_of(DATA[:40])))
    whole = Sent(1, 40, sha256_of(DATA[:40]))
    assert bench.heard(3) == [Piece(1, 35, DATA[35:40]), whole]
    bench.unload(2)
    assert bench.heard(2) == [whole]
    bench.unload(3)
    bench.fetch(3, "alice", stream, re=2)
    assert bench.data(3, 2) == DATA[:40]


def test_a_stream_whose_sender_stopped_is_told_so(bench: Bench) -> None:
    """To who follows it, and to who asks later."""
    bench.begin(1, "s", None)
    bench.fetch(2, "alice", Attached("s", "live"))
    bench.fetch(3, "alice", Attached("s", "live"))
    bench.say(3, Enough(1))
    bench.heard(2), bench.heard(3)
    bench.leave(1)
    bench.rest(SMALL.stream_grace_seconds)
    assert codes(bench, 2) == [("stopped", 1)]
    assert bench.heard(3) == []
    bench.fetch(3, "alice", Attached("s", "live"))
    assert codes(bench, 3) == [("stopped", 1)]


def test_a_follower_who_leaves_is_forgotten(bench: Bench) -> None:
    """The stream goes on for the others."""
    bench.begin(1, "s", None)
    bench.fetch(2, "alice", Attached("s", "live"))
    bench.fetch(3, "alice", Attached("s", "live"))
    bench.leave(2)
    bench.say(1, Chunk("s", 0, b"x"))
    assert (bench.data(2), bench.data(3)) == (b"", b"x")
    bench.leave(3)
    assert bench.depot._kit.downloads._following == {}


# --- refusals ------------------------------------------------------------------------------------


def test_what_cannot_be_fetched(bench: Bench) -> None:
    """Each with the request's number and a code."""
    bench.begin(1, "open", 5)
    asked = [
        (Attached("nothing", "x", sha256=sha256_of(b"")), {}, "no-file"),
        (Attached("open", "x"), {}, "no-file"),
        (Attached("a", "x", sha256=sha256_of(b"of an older upload")), {}, "no-file"),
        (FILE, {"at": len(DATA) + 1}, "wrong-offset"),
    ]
    for file, further, code in asked:
        bench.fetch(2, "alice", file, **further)
        assert codes(bench, 2) == [(code, 1)]
    bench.fetch(2, "alice", FILE, upto=0)
    bench.fetch(2, "alice", FILE)
    assert codes(bench, 2) == [("bad-query", 1)]


def test_a_file_that_the_disk_has_lost_is_an_error_and_the_owner_is_told(bench: Bench) -> None:
    """The host lives on; what is shorter than it should be is as bad as what is gone."""
    path = bench.store.blob_path(sha256_of(DATA))
    os.truncate(path, 150)
    bench.fetch(2, "alice", FILE)
    bench.fetch(2, "alice", FILE, re=2, upto=10)
    assert codes(bench, 2) == [("internal", 1)]
    assert bench.told.events() == ["files"]
    bench.unload(2)
    assert bench.data(2, 2) == DATA[:10]
    bench.unload(2)
    path.unlink()
    bench.depot._sending.forget([path])
    bench.fetch(2, "alice", FILE, re=3)
    assert codes(bench, 2) == [("internal", 3)]


def test_a_file_that_is_forgotten_meanwhile_is_read_no_further(bench: Bench) -> None:
    """It is gone as it should be, so nobody needs to be told but who reads it."""
    bench.fetch(2, "alice", FILE, upto=10)
    assert bench.data(2) == DATA[:10]
    row = bench.store.rows.find("alice", "a")
    assert row is not None
    bench.depot._receiving.drop([row])
    bench.unload(2)
    bench.say(2, More(1, 20))
    assert codes(bench, 2) == [("no-file", 1)]
    assert bench.told.events() == []


def test_an_index_that_fails_refuses_downloads(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the owner told; so it is when it fails behind a file."""
    bench.fetch(2, "alice", FILE, upto=0)
    bench.heard(2)

    def fails(*_: object) -> None:
        raise StoreBroken("broken")

    monkeypatch.setattr(bench.store.rows, "find", fails)
    bench.fetch(2, "alice", FILE, re=2)
    assert codes(bench, 2) == [("internal", 2)]
    bench.store.blob_path(sha256_of(DATA)).unlink()
    bench.say(2, More(1, 10))
    assert codes(bench, 2) == [("internal", 1)]
    assert bench.told.events() == ["files", "files"]


# --- parts ---------------------------------------------------------------------------------------


def test_few_files_are_open_at_a_time(tmp_path: Path) -> None:
    """Whoever is not read for longest is closed, and opened again when it is read."""
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_text(path.name * 3)
    handles = Handles(2)
    for path in (paths[0], paths[1], paths[0], paths[2]):
        assert handles.read(path, 1, 2) == path.name.encode() * 2
    assert list(handles._open) == [paths[0], paths[2]]
    handles.forget([paths[0], paths[1]])
    paths[0].unlink()
    with pytest.raises(FileNotFoundError):
        handles.read(paths[0], 0, 1)
    handles.close()
    assert not handles._open


def test_room_for_who_is_unknown_is_passed_over() -> None:
    """Its connection ended before the worker's word was heard."""
    downloads = Downloads(SMALL)
    downloads.unloaded(7)
    downloads.lost(7)
    assert (downloads.due(), downloads.count(7), downloads.source(1)) == ([], 0, None)
