"""What nobody needs goes: unreferred, unfinished, expired and forgotten files, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.errors import StoreBroken
from secure_chat.hub.events import Forgotten, Uploaded
from secure_chat.server.depot.items import Deleted, Referred, Sift, Sifted
from secure_chat.wire.messages import Abandon, Attached, Upload
from tests.fakes import FakeClock
from tests.server.depots import SMALL, Bench, sha256_of

LIMITS = replace(SMALL, sifted=2, collect_seconds=100.0, upload_keep_seconds=1_000.0)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A depot to which alice and bob are connected."""
    with Bench(tmp_path / "files", LIMITS) as made:
        for conn, name in enumerate(("alice", "bob"), 1):
            made.enter(conn, name)
        yield made


def refer(bench: Bench, person: str, up: str) -> None:
    """Let a message refer to an upload."""
    bench.referred.add((person, up))
    bench.give(Referred(((person, up),)))


def ask(bench: Bench) -> None:
    """Let the depot ask about uploads, and keep the answer back."""
    while not any(isinstance(each, Sift) for each in bench.hub):
        bench.depot._round([])
    bench.hub.clear()


def left(bench: Bench) -> list[str]:
    """Return the ids of all uploads that are left."""
    rows = [*bench.store.rows.whole((-1, 0), 99), *bench.store.rows.open()]
    return sorted(row.up for row in rows)


def test_what_no_message_refers_to_goes_when_it_is_old(bench: Bench) -> None:
    """What a message refers to stays, however old; what is young may be about to be said."""
    for up in ("a", "b", "c", "d", "e"):
        bench.upload(1, up, up.encode())
    refer(bench, "alice", "b")
    # As after a kill between the commit and the note of it.
    bench.referred.add(("alice", "d"))
    bench.rest(900)
    bench.upload(1, "young", b"young")
    assert left(bench) == ["a", "b", "c", "d", "e", "young"]
    bench.rest(150)
    assert left(bench) == ["b", "d", "young"]
    assert len(bench.files()) == 3
    row = bench.store.rows.find("alice", "d")
    assert row is not None
    assert row.used


def test_a_deleted_messages_file_goes_soon(bench: Bench) -> None:
    """Without waiting for the look through everything; others of the same person stay."""
    for up in ("a", "b", "c", "d"):
        bench.upload(1, up, up.encode())
        refer(bench, "alice", up)
    bench.upload(1, "unsaid", b"x")
    bench.referred -= {("alice", "a"), ("alice", "d")}
    bench.give(Deleted(frozenset({"alice"})))
    assert len(left(bench)) == 5
    bench.rest(0.5)
    bench.give(Deleted(frozenset({"alice", "bob"})))
    bench.rest(0.5)
    assert left(bench) == ["b", "c", "unsaid"]


def test_a_pruned_messages_file_goes_at_the_next_look(bench: Bench) -> None:
    """A message had referred to it, so it need not become old."""
    bench.upload(1, "a", b"a")
    refer(bench, "alice", "a")
    bench.referred.clear()
    bench.rest(99)
    assert left(bench) == ["a"]
    bench.rest(1)
    assert left(bench) == []


def test_what_is_asked_for_again_meanwhile_is_spared(bench: Bench) -> None:
    """Its sender means to refer to it, and the hub knows it again."""
    bench.upload(1, "a", b"a")
    bench.rest(999)
    bench.clock.advance(200)
    ask(bench)
    bench.say(1, Upload("a", 1))
    assert bench.heard(1)
    assert left(bench) == ["a"]
    assert Uploaded("alice", "a", 1, sha256_of(b"a")) in bench.hub
    bench.give(Sifted(frozenset()))
    assert left(bench) == ["a"]


def test_what_was_forgotten_meanwhile_is_passed_over(bench: Bench) -> None:
    """Its answer comes too late; an answer to nothing changes nothing."""
    bench.upload(1, "a", b"a")
    bench.clock.advance(2_000)
    ask(bench)
    row = bench.store.rows.find("alice", "a")
    assert row is not None
    bench.depot._receiving.drop([row])
    bench.give(Sifted(frozenset()))
    bench.give(Sifted(frozenset()))
    assert left(bench) == []


def test_a_folder_goes_with_everything_within_it(bench: Bench) -> None:
    """Also more than a step takes; the same bytes of somebody else stay."""
    bench.upload(1, "m", b"m")
    for number in range(300):
        row = bench.store.begin("alice", f"x{number}", "m", 0)
        bench.store.part(row).close()
        bench.store.seal([(row, sha256_of(b""), 0)])
    bench.upload(2, "bobs", b"")
    refer(bench, "alice", "m")
    refer(bench, "bob", "bobs")
    bench.referred.discard(("alice", "m"))
    bench.rest(100)
    assert left(bench) == ["bobs"]
    assert bench.store.tally.share("alice").uploads == 0
    assert len(bench.files()) == 1


def test_an_unfinished_upload_is_kept_for_a_while(bench: Bench) -> None:
    """From when it was asked for last; one that is being sent is never old."""
    for up in ("left", "again"):
        bench.begin(1, up, 5)
    bench.begin(2, "on", 0)
    bench.leave(1)
    bench.enter(1, "alice")
    bench.rest(500)
    bench.begin(1, "again", 5)
    bench.leave(1)
    bench.rest(600)
    assert left(bench) == ["again", "on"]


def test_a_manifest_is_as_young_as_what_is_within_it(bench: Bench) -> None:
    """A folder may take longer to send than an unfinished upload is kept."""
    bench.begin(1, "m", 5)
    bench.leave(1)
    bench.enter(1, "alice")
    for step in range(5):
        bench.rest(400)
        bench.upload(1, f"x{step}", b"x", within="m")
    assert "m" in left(bench)


def test_files_may_be_kept_for_less_long_than_messages(tmp_path: Path) -> None:
    """The hub is told, and who fetches one hears why it is not there."""
    with Bench(tmp_path / "files", LIMITS, keep_seconds=500) as bench:
        bench.enter(1, "alice")
        for up in ("a", "b", "c"):
            bench.upload(1, up, up.encode())
            refer(bench, "alice", up)
        bench.rest(450)
        bench.upload(1, "young", b"young")
        bench.rest(100)
        assert left(bench) == ["young"]
        gone = [up for each in bench.hub if isinstance(each, Forgotten) for up in each.ups]
        assert sorted(gone) == [("alice", up) for up in "abc"]
        bench.heard(1)
        bench.fetch(1, "alice", Attached("a", "x", sha256=sha256_of(b"a")))
        (error,) = bench.heard(1)
        assert getattr(error, "text", "") == "this file is not kept any more"


def test_strays_are_looked_for_at_the_start(tmp_path: Path) -> None:
    """Files that a kill has left are deleted while the host serves already."""
    clock = FakeClock()
    with Bench(tmp_path / "files", LIMITS, clock) as bench:
        bench.enter(1, "alice")
        bench.upload(1, "a", b"a")
        stray = bench.store.blob_path("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"?")
    with Bench(tmp_path / "files", LIMITS, clock) as bench:
        bench.rest()
        assert len(bench.files()) == 1


def test_a_disk_in_trouble_puts_it_off(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is told, once each time, and nothing is lost."""

    def fails(*_: object) -> None:
        raise StoreBroken("broken")

    bench.upload(1, "a", b"a")
    refer(bench, "alice", "a")
    bench.referred.clear()
    for broken in ("whole", "forget", "use", "find", "within_gone"):
        with monkeypatch.context() as patch:
            patch.setattr(bench.store.rows, broken, fails)
            bench.give(Referred((("alice", "a"),)))
            bench.rest(100)
        assert bench.told.events() in (["files"], ["files", "files"]), broken
        assert left(bench) == ["a"], broken
    bench.give(Deleted(frozenset({"alice"})))
    with monkeypatch.context() as patch:
        patch.setattr(bench.store.rows, "of", fails)
        bench.rest(1)
    assert left(bench) == ["a"]
    bench.rest(100)
    assert left(bench) == []


def test_what_is_within_a_folder_waits_while_it_cannot_be_deleted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its manifest is gone; the rest is tried again at the next look."""
    bench.begin(1, "m", 5)
    bench.upload(1, "x", b"x", within="m")
    monkeypatch.setattr(bench.depot._collecting, "_drop", lambda _: False)
    bench.say(1, Abandon("m"))
    assert bench.store.tally.share("alice").uploads == 1
    monkeypatch.setattr(bench.depot._collecting, "_drop", bench.depot._receiving.drop)
    bench.rest(99)
    assert bench.store.tally.share("alice").uploads == 1
    bench.rest(1)
    assert bench.store.tally.share("alice").uploads == 0
