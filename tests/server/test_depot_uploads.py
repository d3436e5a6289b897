"""Uploads as the depot takes them: turns, grants, offsets, sealing, and every kind of lie."""

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.errors import StoreBroken, StoreFull
from secure_chat.hub.events import Forgotten, Uploaded
from secure_chat.log.blobs.part import Part
from secure_chat.server.depot import syncer
from secure_chat.server.depot.items import Synced
from secure_chat.wire.messages import (
    Abandon,
    Attached,
    Chunk,
    Error,
    Grant,
    Placed,
    Seal,
    Sealed,
    Upload,
)
from tests.server.depots import SMALL, Bench, sha256_of

DATA = bytes(range(256)) * 2


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A depot to which alice, bob and carol are connected, alice twice."""
    with Bench(tmp_path / "files") as made:
        for conn, name in enumerate(("alice", "bob", "carol", "alice"), 1):
            made.enter(conn, name)
        yield made


def again(bench: Bench, **limits: int) -> Bench:
    """Return the same depot after a restart, with alice connected."""
    bench.__exit__(None, None, None)
    made = Bench(bench.folder, replace(bench.limits, **limits), bench.clock)
    made.enter(1, "alice")
    return made


# --- what goes well ------------------------------------------------------------------------------


def test_an_upload_comes_in_as_it_is_granted_and_is_sealed(bench: Bench) -> None:
    """Grants reach a window ahead; the hub hears of it before its sender."""
    assert bench.begin(1, "a", len(DATA)) == Placed("a", 0, 40)
    bench.send(1, "a", DATA, 0, 40)
    assert bench.hub == []
    assert bench.finish(1, "a", DATA) == Sealed("a", len(DATA), sha256_of(DATA))
    assert bench.hub == [Uploaded("alice", "a", len(DATA), sha256_of(DATA))]
    blob = bench.store.blob_path(sha256_of(DATA))
    assert blob.read_bytes() == DATA
    assert bench.files() == [str(blob.relative_to(bench.folder))]
    toll = bench.depot.tolls[1]
    assert (toll.came, toll.bound) == (len(DATA), len(DATA))


def test_a_file_of_nothing_is_a_file(bench: Bench) -> None:
    """It has no chunk, only a beginning and an end."""
    assert bench.begin(1, "a", 0) == Placed("a", 0, 0)
    assert bench.finish(1, "a", b"") == Sealed("a", 0, sha256_of(b""))


def test_a_sealed_upload_is_answered_at_once_and_told_to_the_hub_again(bench: Bench) -> None:
    """Whoever lost the answer asks again; the hub may have forgotten it meanwhile."""
    bench.upload(1, "a", DATA)
    bench.hub.clear()
    bench.say(1, Upload("a", len(DATA)))
    assert bench.heard(1) == [Sealed("a", len(DATA), sha256_of(DATA))]
    assert bench.hub == [Uploaded("alice", "a", len(DATA), sha256_of(DATA))]
    assert bench.begin(2, "a", len(DATA)) == Placed("a", 0, 40)


def test_the_same_bytes_are_answered_as_if_they_were_new(bench: Bench) -> None:
    """Nothing tells bob that alice has sent them already."""
    bench.upload(1, "a", DATA)
    assert bench.upload(2, "b", DATA) == Sealed("b", len(DATA), sha256_of(DATA))
    assert len(bench.files()) == 1


def test_an_upload_goes_on_where_it_was_after_a_cut(bench: Bench) -> None:
    """On another connection, from what the host has."""
    bench.begin(1, "a", len(DATA))
    bench.send(1, "a", DATA[:35], 0, 40)
    bench.leave(1)
    assert bench.begin(4, "a", len(DATA)) == Placed("a", 35, 75)
    bench.send(4, "a", DATA, 35, 75)
    assert bench.finish(4, "a", DATA) == Sealed("a", len(DATA), sha256_of(DATA))


def test_an_upload_goes_on_where_it_was_after_a_restart(bench: Bench) -> None:
    """Its bytes are hashed again from the disk, also those that come before that is done."""
    bench.begin(1, "a", len(DATA))
    bench.send(1, "a", DATA[:100], 0, 40)
    with again(bench) as later:
        assert later.begin(1, "a", len(DATA)) == Placed("a", 100, 140)
        later.send(1, "a", DATA, 100, 140)
        assert later.finish(1, "a", DATA) == Sealed("a", len(DATA), sha256_of(DATA))


def test_a_whole_upload_that_was_not_sealed_needs_only_its_seal(bench: Bench) -> None:
    """It takes no turn from anybody, and its hash is made from the disk."""
    bench.begin(1, "a", len(DATA))
    bench.send(1, "a", DATA, 0, 40)
    with again(bench, transfers=1) as later:
        assert later.begin(1, "a", len(DATA)) == Placed("a", len(DATA), len(DATA))
        assert later.begin(1, "b", 5) == Placed("b", 0, 5)
        assert later.finish(1, "a", DATA) == Sealed("a", len(DATA), sha256_of(DATA))


def test_beginning_again_on_the_same_connection_takes_back_what_was_granted(bench: Bench) -> None:
    """The account is as if it had begun there."""
    bench.begin(1, "a", len(DATA))
    bench.say(1, Chunk("a", 0, DATA[:10]))
    assert bench.begin(1, "a", len(DATA)) == Placed("a", 10, 50)
    assert bench.depot.tolls[1].bound == 50


def test_a_newer_connection_takes_an_upload_over(bench: Bench) -> None:
    """The older one is told; what it still sends is dropped, and not a byte is doubled."""
    bench.begin(1, "a", len(DATA))
    bench.say(1, Chunk("a", 0, DATA[:10]))
    assert bench.begin(4, "a", len(DATA)) == Placed("a", 10, 50)
    assert bench.errors(1) == [("taken-over", "a")]
    bench.say(1, Chunk("a", 10, DATA[10:20]), Chunk("a", 20, DATA[20:30]))
    assert bench.heard(1) == []
    bench.send(4, "a", DATA, 10, 50)
    assert bench.finish(4, "a", DATA).sha256 == sha256_of(DATA)


def test_an_upload_taken_over_while_it_is_verified_is_sealed_by_the_newer(bench: Bench) -> None:
    """The older one's seal is as if it had not been said."""
    bench.begin(1, "a", 20)
    bench.say(1, Chunk("a", 0, DATA[:10]), Chunk("a", 10, DATA[10:20]))
    bench.syncing = False
    bench.say(1, Seal("a", 20, sha256_of(DATA[:20])))
    assert bench.begin(4, "a", 20) == Placed("a", 20, 20)
    assert bench.errors(1) == [("taken-over", "a")]
    bench.syncing = True
    bench.rest()
    assert bench.heard(4) == []
    assert bench.finish(4, "a", DATA[:20]) == Sealed("a", 20, sha256_of(DATA[:20]))


def test_an_upload_is_sealed_though_its_connection_was_lost(bench: Bench) -> None:
    """All bytes and the seal had come; a chunk or a seal more meanwhile changes nothing."""
    bench.begin(1, "a", 10)
    bench.say(1, Chunk("a", 0, DATA[:10]))
    bench.syncing = False
    bench.say(1, Seal("a", 10, sha256_of(DATA[:10])), Chunk("a", 10, b"more"), Seal("a", 1, "x"))
    bench.leave(1)
    bench.syncing = True
    bench.rest()
    assert bench.hub == [Uploaded("alice", "a", 10, sha256_of(DATA[:10]))]
    assert bench.heard(1) == []


def test_the_files_of_a_folder_are_not_told_to_the_hub(bench: Bench) -> None:
    """Only its manifest is; it comes first and may be sealed last."""
    bench.begin(1, "m", 3)
    bench.upload(1, "x", b"x", within="m")
    bench.send(1, "m", b"man", 0, 3)
    bench.finish(1, "m", b"man")
    bench.upload(1, "y", b"y", within="m")
    bench.say(1, Upload("x", 1, "m"))
    assert bench.heard(1) == [Sealed("x", 1, sha256_of(b"x"))]
    assert [each.up for each in bench.hub if isinstance(each, Uploaded)] == ["m"]


def test_what_is_sealed_is_told_to_the_hub_after_a_restart(bench: Bench) -> None:
    """A message may refer to it then, too; streams that go on are among it."""
    bench.upload(1, "m", b"m")
    bench.upload(1, "x", b"x", within="m")
    bench.begin(1, "s", None)
    bench.begin(1, "open", 5)
    with again(bench) as later:
        told = [(each.up, each.size) for each in later.hub if isinstance(each, Uploaded)]
        assert sorted(told) == [("m", 1), ("s", 0)]


def test_many_are_sealed_in_one_round_and_some_wait(tmp_path: Path) -> None:
    """Each that is being verified has a file open, so there is a bound."""
    limits = replace(SMALL, transfers=2)
    with Bench(tmp_path / "files", limits) as bench:
        bench.enter(1, "alice")
        for number in range(5):
            bench.begin(1, f"u{number}", 0)
        bench.say(1, *(Seal(f"u{number}", 0, sha256_of(b"")) for number in range(5)))
        assert [each.up for each in bench.heard(1) if isinstance(each, Sealed)] == [
            f"u{number}" for number in range(5)
        ]


# --- turns ---------------------------------------------------------------------------------------


def test_the_next_turn_goes_to_whoever_has_the_fewest(tmp_path: Path) -> None:
    """A folder of many files does not keep out another one's picture."""
    limits = replace(SMALL, transfers=2)
    with Bench(tmp_path / "files", limits) as bench:
        bench.enter(1, "alice")
        bench.enter(2, "bob")
        for up in ("a", "b"):
            assert bench.begin(1, up, 20) == Placed(up, 0, 20)
        for up in ("c", "d", "g"):
            assert bench.begin(1, up, 20) == Placed(up, 0, 0)
        assert bench.begin(2, "e", 20) == Placed("e", 0, 0)
        bench.say(1, Abandon("a"))
        assert bench.heard(1) == []
        assert bench.heard(2) == [Grant("e", 20)]
        bench.say(1, Abandon("c"), Abandon("b"))
        assert bench.heard(1) == [Grant("d", 20)]
        bench.leave(2)
        assert bench.heard(1) == [Grant("g", 20)]
        bench.say(1, Abandon("d"), Abandon("g"))
        assert bench.begin(1, "f", 20) == Placed("f", 0, 20)


def test_a_chunk_without_a_turn_goes_too_far(tmp_path: Path) -> None:
    """Nothing was granted; an upload that waits can be left, and sealed when it is whole."""
    limits = replace(SMALL, transfers=1)
    with Bench(tmp_path / "files", limits) as bench:
        bench.enter(1, "alice")
        bench.begin(1, "a", 20)
        bench.begin(1, "s", None)
        bench.say(1, Chunk("s", 0, b"x"))
        assert bench.errors(1) == [("too-large", "s")]
        bench.begin(1, "s", None)
        bench.say(1, Seal("s", 0, sha256_of(b"")))
        assert bench.heard(1) == [Sealed("s", 0, sha256_of(b""))]


def test_an_upload_that_brings_nothing_loses_its_turn(bench: Bench) -> None:
    """It may be asked for again, and goes on where it was."""
    bench.begin(1, "a", 20)
    bench.say(1, Chunk("a", 0, DATA[:10]))
    bench.rest(SMALL.stuck_seconds - 1)
    assert bench.heard(1) == []
    bench.rest(1)
    assert bench.errors(1) == [("stalled", "a")]
    assert bench.begin(1, "a", 20) == Placed("a", 10, 20)


def test_a_silent_stream_keeps_its_turn_while_nobody_waits(tmp_path: Path) -> None:
    """When somebody does, it is as for everybody."""
    with Bench(tmp_path / "files", replace(SMALL, transfers=1)) as bench:
        bench.enter(1, "alice")
        bench.begin(1, "s", None)
        bench.rest(1_000)
        assert bench.heard(1) == []
        bench.begin(1, "a", 20)
        bench.rest(2)
        assert bench.heard(1) == [
            Error("stalled", "it brought nothing for 20 s; ask for it again", up="s"),
            Grant("a", 20),
        ]


def test_no_more_is_granted_while_the_disk_is_behind(bench: Bench) -> None:
    """So what is not synced is bounded, whatever the disk takes."""
    bench.syncing = False
    bench.begin(1, "a", len(DATA))
    sent, upto = 0, 40
    while sent < upto:
        bench.say(1, Chunk("a", sent, DATA[sent : sent + 10]))
        sent += 10
        upto = max([upto, *(each.upto for each in bench.heard(1) if isinstance(each, Grant))])
    assert sent < 200
    bench.rest(1_000)
    assert bench.heard(1) == []
    bench.syncing = True
    bench.rest()
    assert bench.heard(1) == [Grant("a", sent + 40)]


# --- lies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (Upload("", 5), "bad-id"),
        (Upload("../x", 5), "bad-id"),
        (Upload("x" * 65, 5), "bad-id"),
        (Upload("x", 5, "a b"), "bad-id"),
        (Upload("x", 5, "nothing"), "no-upload"),
        (Upload("x", 5, "x"), "no-upload"),
        (Upload("x", 5, "bobs"), "no-upload"),
        (Upload("x", 5, "inner"), "no-upload"),
        (Upload("x", 5, "stream"), "no-upload"),
        (Upload("x", None, "m"), "bad-query"),
        (Upload("inner", 7, "m"), "id-conflict"),
        (Upload("inner", 6, ""), "id-conflict"),
        (Upload("m", None, ""), "id-conflict"),
        (Upload("whole", 4), "id-conflict"),
    ],
)
def test_what_an_upload_may_not_be(bench: Bench, upload: Upload, code: str) -> None:
    """Refused before its first byte, with a code, and nothing is noted."""
    bench.begin(1, "m", 6)
    bench.begin(1, "inner", 6, "m")
    bench.begin(1, "stream", None)
    bench.begin(2, "bobs", 6)
    bench.upload(1, "whole", b"12345")
    before = (bench.files(), bench.store.tally.share("alice"))
    bench.say(1, upload)
    assert bench.errors(1) == [(code, upload.up)]
    assert (bench.files(), bench.store.tally.share("alice")) == before


@pytest.mark.parametrize(
    ("chunk", "code"),
    [
        (Chunk("a", 0, b"again"), "wrong-offset"),
        (Chunk("a", 11, b"gap"), "wrong-offset"),
        (Chunk("a", 10, b""), "too-large"),
        (Chunk("a", 10, b"x" * 11), "too-large"),
        (Chunk("a", 10, b"x" * 6), "too-large"),
        (Chunk("b", 0, b"bob's"), "no-upload"),
    ],
)
def test_what_a_chunk_may_not_be(bench: Bench, chunk: Chunk, code: str) -> None:
    """Refused with a code; the bytes that are here stay, and the upload can be gone on with."""
    bench.begin(2, "b", 5)
    bench.begin(1, "a", 15)
    bench.say(1, Chunk("a", 0, DATA[:10]))
    bench.say(1, chunk)
    assert bench.errors(1) == [(code, chunk.up)]
    assert bench.begin(1, "a", 15) == Placed("a", 10, 15)
    bench.send(1, "a", DATA[:15], 10, 15)
    assert bench.finish(1, "a", DATA[:15]).sha256 == sha256_of(DATA[:15])
    bench.send(2, "b", b"12345", 0, 5)
    assert bench.finish(2, "b", b"12345").size == 5


@pytest.mark.parametrize(
    ("chunk", "code"),
    [
        (Chunk("a", 0, b"again"), "wrong-offset"),
        (Chunk("a", 21, b"gap"), "wrong-offset"),
        (Chunk("a", 20, b""), "too-large"),
        (Chunk("a", 20, b"x" * 11), "too-large"),
        (Chunk("a", 20, b"x" * 6), "too-large"),
        (Chunk("c", 0, b"nobody's"), "no-upload"),
    ],
)
def test_what_came_together_with_a_wrong_chunk_counts(
    bench: Bench, chunk: Chunk, code: str
) -> None:
    """Those before it are stored, and other uploads go on behind it."""
    bench.begin(1, "b", 10)
    bench.begin(1, "a", 25)
    good = [Chunk("a", 0, DATA[:10]), Chunk("a", 10, DATA[10:20])]
    bench.say(1, *good, chunk, Chunk("b", 0, b"12345"), Chunk("b", 5, b"67890"))
    assert bench.errors(1) == [(code, chunk.up)]
    assert bench.begin(1, "a", 25) == Placed("a", 20, 25)
    bench.send(1, "a", DATA[:25], 20, 25)
    assert bench.finish(1, "a", DATA[:25]).sha256 == sha256_of(DATA[:25])
    assert bench.finish(1, "b", b"1234567890").sha256 == sha256_of(b"1234567890")


def test_chunks_that_come_together_are_written_as_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each upload on its own, in their order."""
    written: list[tuple[str, bytes]] = []
    append = Part.append

    def noting(part: Part, data: bytes) -> None:
        written.append((part.path.name, data))
        append(part, data)

    monkeypatch.setattr(Part, "append", noting)
    for up in ("a", "b"):
        bench.begin(1, up, 30)
    chunks = {up: [Chunk(up, at, DATA[at : at + 10]) for at in (0, 10, 20)] for up in "ab"}
    bench.say(1, *chunks["a"][:2], *chunks["b"], chunks["a"][2])
    assert [data for _, data in written] == [DATA[:20], DATA[:30], DATA[20:30]]
    assert written[0][0] == written[2][0] != written[1][0]
    for up in ("a", "b"):
        assert bench.finish(1, up, DATA[:30]).sha256 == sha256_of(DATA[:30])


def test_more_than_was_granted_is_refused(bench: Bench) -> None:
    """Though the declared size would allow it."""
    bench.begin(1, "a", 100)
    bench.syncing = False
    for at in range(0, 40, 10):
        bench.say(1, Chunk("a", at, DATA[:10]))
    last = bench.heard(1)[-1]
    assert isinstance(last, Grant)
    # The disk is behind, so the grants end.
    at = 40
    while at + 10 <= last.upto:
        bench.say(1, Chunk("a", at, DATA[:10]))
        at += 10
        last = next(iter(bench.heard(1)[-1:]), last)
        assert isinstance(last, Grant)
    bench.say(1, Chunk("a", at, DATA[:10]))
    assert bench.errors(1) == [("too-large", "a")]


@pytest.mark.parametrize(
    ("seal", "code"),
    [
        (Seal("a", 10, sha256_of(DATA[:10])), "wrong-offset"),
        (Seal("a", 15, sha256_of(DATA[:15])), "wrong-offset"),
        (Seal("b", 5, sha256_of(b"")), "no-upload"),
    ],
)
def test_what_a_seal_may_not_be(bench: Bench, seal: Seal, code: str) -> None:
    """Another size than was declared or has come, or somebody else's upload."""
    bench.begin(2, "b", 5)
    bench.begin(1, "a", 15)
    bench.say(1, Chunk("a", 0, DATA[:10]), seal)
    assert bench.errors(1) == [(code, seal.up)]
    assert bench.hub == []
    assert bench.begin(1, "a", 15).at == 10


def test_a_hash_that_is_none_is_refused_and_another_one_loses_the_bytes(bench: Bench) -> None:
    """A guessed hash of stored bytes gives nothing: the bytes that came are what counts."""
    bench.upload(2, "b", DATA)
    bench.hub.clear()
    bench.begin(1, "a", 5)
    bench.send(1, "a", b"wrong", 0, 5)
    bench.say(1, Seal("a", 5, sha256_of(DATA).upper()))
    assert bench.errors(1) == [("bad-query", "a")]
    assert bench.begin(1, "a", 5) == Placed("a", 5, 5)
    bench.say(1, Seal("a", 5, sha256_of(DATA)))
    assert bench.errors(1) == [("hash-differs", "a")]
    assert bench.hub == []
    assert bench.begin(1, "a", 5) == Placed("a", 0, 5)
    bench.send(1, "a", b"right", 0, 5)
    assert bench.finish(1, "a", b"right").sha256 == sha256_of(b"right")


def test_what_is_on_its_way_after_an_error_is_dropped_as_far_as_it_was_granted(
    bench: Bench,
) -> None:
    """Without a word; beyond that each is an error, and it can be taken back by a word."""
    bench.begin(1, "a", len(DATA))
    bench.say(1, Chunk("a", 5, DATA[:10]))
    assert bench.errors(1) == [("wrong-offset", "a")]
    bench.say(1, *(Chunk("a", at, DATA[:10]) for at in range(0, 30, 10)))
    assert bench.heard(1) == []
    toll = bench.depot.tolls[1]
    assert (toll.came, toll.bound) == (40, 40)
    bench.say(1, Chunk("a", 40, DATA[:10]))
    assert bench.errors(1) == [("no-upload", "a")]
    assert toll.bound == 40
    bench.begin(1, "b", len(DATA))
    bench.say(1, Chunk("b", 5, DATA[:10]), Abandon("b"))
    assert toll.bound == 50


def test_what_may_be_on_its_way_is_bounded(tmp_path: Path) -> None:
    """Whoever makes one error after the other is not granted more and more."""
    with Bench(tmp_path / "files", replace(SMALL, transfers_per_connection=3)) as bench:
        toll = bench.enter(1, "alice")
        for number in range(20):
            bench.begin(1, f"u{number}", 100)
            bench.say(1, Chunk(f"u{number}", 5, b"x"))
            assert bench.errors(1) == [("wrong-offset", f"u{number}")]
        assert toll.bound == toll.came + 3 * 39


def test_a_connection_has_so_many_transfers_at_once(tmp_path: Path) -> None:
    """Uploads and downloads together; one that goes on again is none more."""
    with Bench(tmp_path / "files", replace(SMALL, transfers_per_connection=3)) as bench:
        bench.enter(1, "alice")
        bench.upload(1, "whole", DATA)
        file = Attached("whole", "x", sha256=sha256_of(DATA))
        bench.fetch(1, "alice", file, re=1, upto=0)
        bench.heard(1)
        bench.begin(1, "a", 5)
        bench.heard(1)
        bench.begin(1, "b", 5)
        bench.say(1, Upload("c", 5))
        bench.fetch(1, "alice", file, re=2)
        refused = [each for each in bench.heard(1) if isinstance(each, Error)]
        assert [(each.code, each.up, each.re) for each in refused] == [
            ("busy", "c", None),
            ("busy", None, 2),
        ]
        assert bench.begin(1, "a", 5) == Placed("a", 0, 5)


def test_nothing_of_a_connection_that_is_over_is_stored(bench: Bench) -> None:
    """Revoked in the middle of an upload: what lies in the inbox then does not count."""
    bench.begin(1, "a", 20)
    bench.say(1, Chunk("a", 0, DATA[:10]))
    bench.depot.tolls[1].over = True
    bench.say(1, Chunk("a", 10, DATA[10:20]))
    (part,) = bench.files()
    assert (bench.folder / part).stat().st_size == 10
    assert bench.depot.tolls[1].taken == 3


# --- quotas --------------------------------------------------------------------------------------


def test_sizes_are_judged_before_the_first_byte(tmp_path: Path) -> None:
    """With what others were promised, whether it has come or not."""
    limits = replace(SMALL, file_bytes=50, person_bytes=80, host_bytes=100, uploads_per_person=3)
    with Bench(tmp_path / "files", limits) as bench:
        for conn, name in ((1, "alice"), (2, "bob")):
            bench.enter(conn, name)
        bench.say(1, Upload("large", 51))
        assert bench.errors(1) == [("too-large", "large")]
        bench.begin(1, "a", 50)
        bench.say(1, Upload("b", 31))
        assert bench.errors(1) == [("quota", "b")]
        bench.begin(1, "b", 30)
        bench.say(2, Upload("c", 21))
        assert bench.errors(2) == [("quota", "c")]
        bench.begin(1, "c", 0)
        bench.say(1, Upload("d", 0))
        assert bench.errors(1) == [("quota", "d")]
        bench.say(1, Abandon("a"))
        bench.begin(2, "c", 50)


def test_a_host_without_files_takes_none(tmp_path: Path) -> None:
    """Its owner said so."""
    with Bench(tmp_path / "files", replace(SMALL, file_bytes=0)) as bench:
        bench.enter(1, "alice")
        bench.say(1, Upload("a", 0), Upload("s", None))
        assert bench.errors(1) == [("not-allowed", "a"), ("not-allowed", "s")]


def test_the_disk_keeps_some_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still to come of others counts as if it were there."""
    monkeypatch.setattr(bench.store, "free", lambda: 100)
    bench.begin(1, "a", 60)
    bench.say(1, Upload("b", 41))
    assert bench.errors(1) == [("disk-full", "b")]
    bench.begin(1, "b", 40)


# --- streams -------------------------------------------------------------------------------------


def test_a_stream_may_be_offered_at_once_and_ends_when_it_ends(bench: Bench) -> None:
    """Its size is what has come."""
    assert bench.begin(1, "s", None) == Placed("s", 0, 40)
    assert bench.hub == [Uploaded("alice", "s", 0, "")]
    bench.send(1, "s", DATA, 0, 40)
    bench.finish(1, "s", DATA)
    assert bench.hub[-1] == Uploaded("alice", "s", len(DATA), sha256_of(DATA))
    bench.say(1, Upload("s", None))
    assert bench.heard(1) == [Sealed("s", len(DATA), sha256_of(DATA))]


def test_a_stream_waits_a_while_for_its_sender(bench: Bench) -> None:
    """Who comes back in time goes on; then it is over, and all of it is gone."""
    bench.begin(1, "s", None)
    bench.send(1, "s", DATA[:30], 0, 40)
    bench.leave(1)
    bench.rest(SMALL.stream_grace_seconds - 1)
    assert bench.begin(4, "s", None) == Placed("s", 30, 70)
    bench.rest(SMALL.stream_grace_seconds + 100)
    bench.leave(4)
    bench.hub.clear()
    bench.rest(SMALL.stream_grace_seconds)
    assert bench.hub == [Forgotten((("alice", "s"),))]
    assert bench.files() == []
    assert bench.store.tally.share("alice").uploads == 0


def test_a_stream_waits_a_while_after_a_restart(bench: Bench) -> None:
    """Its sender may come back then, too."""
    bench.begin(1, "s", None)
    bench.send(1, "s", DATA[:30], 0, 40)
    with again(bench) as later:
        later.rest(SMALL.stream_grace_seconds - 1)
        assert later.files() != []
        later.rest(1)
        assert later.files() == []


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"person_bytes": 25}, "quota"),
        ({"host_bytes": 25}, "quota"),
        ({"file_bytes": 25}, "too-large"),
    ],
)
def test_a_stream_is_judged_while_it_grows(
    tmp_path: Path, limits: dict[str, int], code: str
) -> None:
    """What goes too far ends it, and nothing is left of it."""
    with Bench(tmp_path / "files", replace(SMALL, **limits)) as bench:
        bench.enter(1, "alice")
        bench.begin(1, "s", None)
        bench.say(1, Chunk("s", 0, DATA[:10]), Chunk("s", 10, DATA[:10]))
        assert bench.errors(1) == []
        bench.say(1, Chunk("s", 20, DATA[:6]))
        assert bench.errors(1) == [(code, "s")]
        assert bench.files() == []
        assert bench.hub[-1] == Forgotten((("alice", "s"),))


def test_a_stream_ends_when_the_disk_has_little_room(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knew how long it would be."""
    bench.begin(1, "s", None)
    monkeypatch.setattr(bench.store, "free", lambda: -1)
    bench.say(1, Chunk("s", 0, b"x"))
    assert bench.errors(1) == [("disk-full", "s")]
    assert bench.files() == []


def test_a_stream_with_another_hash_is_gone(bench: Bench) -> None:
    """Nobody can send it again from its beginning."""
    bench.begin(1, "s", None)
    bench.say(1, Chunk("s", 0, b"x"), Seal("s", 1, sha256_of(b"y")))
    assert bench.errors(1) == [("hash-differs", "s")]
    assert bench.files() == []
    assert bench.begin(1, "s", None).at == 0


# --- forgetting ----------------------------------------------------------------------------------


def test_an_abandoned_upload_is_gone_with_what_is_within_it(bench: Bench) -> None:
    """Wherever it is being sent; a sealed one, or somebody else's, is not touched."""
    bench.upload(1, "whole", b"whole")
    bench.begin(2, "b", 5)
    bench.begin(1, "m", 5)
    bench.upload(1, "x", b"x", within="m")
    bench.begin(1, "y", 5, within="m")
    bench.say(4, Abandon("whole"), Abandon("b"), Abandon("nothing"), Abandon("m"))
    assert bench.heard(4) == []
    assert sorted(bench.errors(1)) == [("no-upload", "m"), ("no-upload", "y")]
    assert len(bench.files()) == 1
    assert bench.store.tally.share("alice").uploads == 1
    assert bench.begin(1, "m", 9) == Placed("m", 0, 9)


def test_a_forgotten_folder_is_not_begun_again_before_it_is_empty(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files would go with the old ones."""
    bench.begin(1, "m", 5)
    bench.upload(1, "x", b"x", within="m")
    monkeypatch.setattr(bench.depot._collecting, "work", lambda _: None)
    monkeypatch.setattr(bench.depot._collecting, "patience", lambda _: 1.0)
    bench.say(1, Abandon("m"), Upload("m", 5))
    assert bench.errors(1) == [("id-conflict", "m")]


def test_an_upload_that_is_abandoned_while_it_is_verified_is_gone(bench: Bench) -> None:
    """Its seal finds nothing any more."""
    bench.begin(1, "a", 1)
    bench.syncing = False
    bench.say(1, Chunk("a", 0, b"x"), Seal("a", 1, sha256_of(b"x")), Abandon("a"))
    bench.syncing = True
    bench.rest()
    assert (bench.heard(1), bench.hub, bench.files()) == ([], [Forgotten((("alice", "a"),))], [])


# --- a disk in trouble ---------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk-full"), (errno.EIO, "internal")])
def test_a_chunk_that_cannot_be_written_ends_the_upload_not_the_host(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    """Its bytes before stay, it goes on when there is room, and the owner is told."""
    bench.begin(1, "a", 20)
    bench.say(1, Chunk("a", 0, DATA[:10]))

    def fails(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fails)
        bench.say(1, Chunk("a", 10, DATA[10:20]))
    assert bench.errors(1) == [(code, "a")]
    assert bench.told.events() == ["files"]
    assert bench.begin(1, "a", 20) == Placed("a", 10, 20)
    bench.send(1, "a", DATA[:20], 10, 20)
    assert bench.finish(1, "a", DATA[:20]).size == 20


def test_a_stream_that_fills_the_disk_is_gone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are what there is no room for."""
    bench.begin(1, "s", None)
    bench.say(1, Chunk("s", 0, b"x"))

    def fails(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fails)
        bench.say(1, Chunk("s", 1, b"y"))
    assert bench.errors(1) == [("disk-full", "s")]
    assert bench.files() == []


def test_a_stream_that_cannot_be_forgotten_is_so_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes go at once, its row when the index has room."""

    def fails(*_: object) -> None:
        raise StoreFull("no room")

    bench.begin(1, "s", None)
    bench.begin(1, "a", 5)
    bench.say(1, Chunk("s", 0, b"x"))
    with monkeypatch.context() as patch:
        patch.setattr(bench.store.rows, "forget", fails)
        bench.say(1, Abandon("s"), Abandon("a"))
        assert bench.files() == []
        assert bench.store.tally.share("alice").uploads == 2
    bench.rest(SMALL.stream_grace_seconds)
    assert bench.store.tally.share("alice").uploads == 1
    assert bench.store.tally.written == 0
    assert bench.begin(1, "a", 5) == Placed("a", 0, 5)


def test_bytes_that_could_not_be_synced_are_not_believed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system may have dropped them and say that all is well the next time."""
    bench.begin(1, "a", 100)

    def fails(_: int) -> None:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(syncer, "_sync", fails)
        bench.say(1, *(Chunk("a", at, DATA[:10]) for at in range(0, 30, 10)))
        assert bench.errors(1) == [("internal", "a")]
        assert bench.begin(1, "a", 100).at == 0
        bench.say(1, Chunk("a", 0, b"x"), Abandon("a"))
        bench.begin(1, "b", 10)
        bench.say(1, Chunk("b", 0, DATA[:10]), Seal("b", 10, sha256_of(DATA[:10])))
        assert bench.errors(1) == [("internal", "b")]
    assert bench.hub == [Forgotten((("alice", "a"),))]


def test_a_sync_that_fails_after_its_upload_was_left_counts_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system still shows of its bytes may never come to the disk."""
    bench.begin(1, "a", 100)
    bench.begin(1, "b", 100)
    bench.syncing = False
    for up in "ab":
        bench.say(1, *(Chunk(up, at, DATA[:10]) for at in range(0, 40, 10)))
    bench.leave(1)
    bench.say(4, Abandon("b"))

    def fails(_: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(syncer, "_sync", fails)
    bench.syncing = True
    bench.rest()
    assert bench.told.events() == ["files", "files"]
    assert bench.begin(4, "a", 100).at == 0


def test_a_failed_sync_with_a_failed_index_does_not_end_the_host(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both stand on the same disk."""

    def fails(*_: object) -> None:
        raise StoreBroken("broken")

    monkeypatch.setattr(bench.store.rows, "numbered", fails)
    bench.give(Synced(7, OSError(errno.EIO, "broken")))
    assert bench.told.events() == ["files", "files"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreFull("no room"), "disk-full"),
        (StoreBroken("broken"), "internal"),
        (OSError(errno.EDQUOT, "quota"), "disk-full"),
    ],
)
def test_an_upload_that_cannot_be_sealed_stays_as_it_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    """Its seal can be said again."""

    def fails(*_: object) -> None:
        raise error

    bench.begin(1, "a", 5)
    bench.send(1, "a", b"12345", 0, 5)
    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "seal", fails)
        bench.say(1, Seal("a", 5, sha256_of(b"12345")))
    assert bench.errors(1) == [(code, "a")]
    assert bench.begin(1, "a", 5) == Placed("a", 5, 5)
    assert bench.finish(1, "a", b"12345").size == 5


def test_an_index_that_fails_refuses_uploads(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what is abandoned is passed over then."""

    def fails(*_: object) -> None:
        raise StoreBroken("broken")

    bench.begin(1, "b", 5)
    monkeypatch.setattr(bench.store.rows, "find", fails)
    bench.say(1, Upload("a", 5), Abandon("b"))
    assert bench.errors(1) == [("internal", "a")]
    assert bench.told.events() == ["files", "files"]


def test_a_part_that_cannot_be_opened_is_not_sealed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is one that no descriptor is left for."""

    def fails(*_: object) -> None:
        raise OSError(errno.EMFILE, "too many")

    bench.begin(1, "a", 0)
    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "part", fails)
        bench.say(1, Seal("a", 0, sha256_of(b"")))
    assert bench.errors(1) == [("internal", "a")]
    bench.begin(1, "b", 1)
    bench.say(1, Chunk("b", 0, b"x"))
    with monkeypatch.context() as patch:
        patch.setattr(Part, "twin", fails)
        bench.say(1, Seal("b", 1, sha256_of(b"x")))
    assert bench.errors(1) == [("internal", "b")]
    assert bench.begin(1, "b", 1) == Placed("b", 1, 1)


def test_what_cannot_be_read_again_begins_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the bytes there is no hash."""
    bench.begin(1, "a", 20)
    bench.send(1, "a", DATA[:10], 0, 20)
    bench.leave(1)

    def fails(*_: object) -> bool:
        raise OSError(errno.EIO, "unreadable")

    with monkeypatch.context() as patch:
        patch.setattr(Part, "hash_on", fails)
        bench.begin(4, "a", 20)
        bench.say(4, Chunk("a", 10, DATA[10:20]))
    assert bench.errors(4) == [("internal", "a")]
    assert bench.begin(4, "a", 20).at == 0


def test_bytes_that_cannot_even_be_thrown_away_are_found_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host lives on, and the next hash is judged like this one."""
    bench.begin(1, "a", 1)

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(Part, "clear", fails)
        bench.say(1, Chunk("a", 0, b"x"), Seal("a", 1, sha256_of(b"y")))
    assert bench.errors(1) == [("hash-differs", "a")]
    assert bench.begin(1, "a", 1) == Placed("a", 1, 1)
    assert bench.finish(1, "a", b"x").size == 1
