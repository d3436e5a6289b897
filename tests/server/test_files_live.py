"""Files through a live host: real sockets, real cuts and kills, and peers that lie."""

import errno
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from secure_chat.errors import LocalProtocolError
from secure_chat.limits import Limits
from secure_chat.log.blobs.store import BlobStore
from secure_chat.wire.messages import (
    Ack,
    Attached,
    Chunk,
    Content,
    Error,
    Fetch,
    Grant,
    More,
    Part,
    Piece,
    Placed,
    Rooms,
    Say,
    Seal,
    Sealed,
    Sending,
    Sent,
    Upload,
)
from tests.disks import disk
from tests.server.conftest import LiveHost, revoke_elsewhere
from tests.server.guest import Guest

CHUNK = Limits().chunk_bytes
WINDOW = Limits().transfer_window_bytes


def sample(size: int, seed: int = 1) -> bytes:
    """Return bytes that are the same each time."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - a sample, no secret


def sha256_of(data: bytes) -> str:
    """Return the hash as messages have it."""
    return hashlib.sha256(data).hexdigest()


def place(guest: Guest, up: str, size: int | None, within: str = "") -> Placed:
    """Ask for an upload."""
    guest.say(Upload(up, size, within))
    return guest.wait_for(Placed)


def push(guest: Guest, placed: Placed, data: bytes, stop: int | None = None) -> None:
    """Send chunks, as far as granted, up to a byte."""
    at, upto, stop = placed.at, placed.upto, len(data) if stop is None else stop
    while at < stop:
        while at < min(upto, stop):
            end = min(at + CHUNK, upto, stop)
            guest.say(Chunk(placed.up, at, data[at:end]))
            at = end
        if at < stop:
            granted = either(guest, Grant, Error)
            assert isinstance(granted, Grant), granted
            upto = granted.upto


def either(guest: Guest, *kinds: type[Part]) -> Part:
    """Wait for the first of several kinds of messages."""
    return guest.wait_for(kinds)  # type: ignore[arg-type] # isinstance takes several


def seal(guest: Guest, up: str, data: bytes) -> Sealed:
    """Seal an upload."""
    guest.say(Seal(up, len(data), sha256_of(data)))
    return guest.wait_for(Sealed)


def upload(guest: Guest, up: str, data: bytes, within: str = "") -> None:
    """Send a whole file."""
    push(guest, place(guest, up, len(data), within), data)
    assert seal(guest, up, data) == Sealed(up, len(data), sha256_of(data))


def offer(guest: Guest, up: str, to: str = "bob", kind: str = "file") -> int:
    """Say a message with a file and return its number."""
    content = Content(kind=kind, file=Attached(up, "x.bin"))
    guest.say(Say(f"m-{up}-{to}", "here", to=to, content=content))
    return guest.wait_for(Ack).seq


def pull(guest: Guest, seq: int, up: str = "", at: int = 0, re: int = 1) -> tuple[bytes, Sent]:
    """Fetch a file to its end."""
    guest.say(Fetch(re, seq, up, at, at + WINDOW))
    guest.wait_for(Sending)
    return finish(guest, re, b"", at + WINDOW, at)


def finish(guest: Guest, re: int, got: bytes, upto: int, at: int = 0) -> tuple[bytes, Sent]:
    """Take pieces until the end, letting more come."""
    taken = bytearray(got)
    while True:
        event = either(guest, Piece, Sent, Error)
        assert not isinstance(event, Error), event
        if isinstance(event, Sent):
            return bytes(taken), event
        assert isinstance(event, Piece)
        assert event.at == at + len(taken)
        taken += event.data
        if upto - at - len(taken) < WINDOW // 2:
            upto = at + len(taken) + WINDOW
            guest.say(More(re, upto))


def blobs(host: LiveHost) -> list[Path]:
    """Return the stored files of a host."""
    return [path for path in (host.data / "files" / "blobs").rglob("*") if path.is_file()]


def parts(host: LiveHost) -> list[Path]:
    """Return the unfinished files of a host."""
    return list((host.data / "files" / "parts").iterdir())


# --- what goes well ------------------------------------------------------------------------------


def test_a_file_reaches_everybody_who_may_read_it(live: LiveHost) -> None:
    """Bit by bit, from one upload, and only who may read the message."""
    data = sample(3_000_000)
    with live.guest("alice") as alice, live.guest("bob") as bob, live.guest("carol") as carol:
        assert alice.join().file_bytes == Limits().file_bytes
        bob.join()
        carol.join()
        upload(alice, "u", data)
        direct = offer(alice, "u")
        alice.say(
            Say("m", "", room="lobby", content=Content(kind="file", file=Attached("u", "x.bin")))
        )
        seq = alice.wait_for(Ack).seq
        for guest in (bob, carol):
            assert pull(guest, seq) == (data, Sent(1, len(data), sha256_of(data)))
        got, sent = pull(bob, direct, at=2_999_999, re=2)
        assert (got, sent.size) == (data[-1:], len(data))
        carol.say(Fetch(3, direct, "", 0, 10), Fetch(4, 999_999, "", 0, 10))
        refused = [carol.wait_for(Error) for _ in range(2)]
        assert sorted((each.code, each.re) for each in refused) == [("no-file", 3), ("no-file", 4)]
        bob.say(Fetch(5, direct, "other", 0, 10))
        assert bob.wait_for(Error).code == "no-file"
    assert len(blobs(live)) == 1


def test_a_folder_is_a_manifest_and_files_within_it(live: LiveHost) -> None:
    """Fetched by the manifest's message, one by one."""
    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join()
        bob.join()
        manifest, inner = b"the manifest", sample(100_000)
        placed = place(alice, "m", len(manifest))
        upload(alice, "x", inner, within="m")
        upload(alice, "empty", b"", within="m")
        push(alice, placed, manifest)
        seal(alice, "m", manifest)
        seq = offer(alice, "m", kind="folder")
        assert pull(bob, seq)[0] == manifest
        assert pull(bob, seq, "x", re=2)[0] == inner
        assert pull(bob, seq, "empty", re=3) == (b"", Sent(3, 0, sha256_of(b"")))
        alice.say(
            Say("no", "", to="bob", content=Content(kind="file", file=Attached("x", "x.bin")))
        )
        assert alice.wait_for(Error).code == "no-upload"


def test_a_stream_is_read_while_it_is_sent(live: LiveHost) -> None:
    """Its message comes first, and its end has the hash."""
    data = sample(200_000)
    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join()
        bob.join()
        placed = place(alice, "s", None)
        seq = offer(alice, "s", kind="stream")
        bob.say(Fetch(1, seq, "", 0, WINDOW))
        assert bob.wait_for(Sending).size is None
        push(alice, placed, data, stop=70_000)
        got = b""
        while len(got) < 70_000:
            got += bob.wait_for(Piece).data
        assert got == data[:70_000]
        push(alice, replace_at(placed, 70_000), data)
        seal(alice, "s", data)
        assert finish(bob, 1, got, WINDOW)[0] == data


def replace_at(placed: Placed, at: int) -> Placed:
    """Return the same, with so many bytes sent."""
    return Placed(placed.up, at, placed.upto)


def test_messages_overtake_a_file(live: LiveHost) -> None:
    """A whole window of pieces waits for bob, and what alice says comes before its end."""
    data = sample(WINDOW)
    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join()
        bob.join()
        upload(alice, "u", data)
        seq = offer(alice, "u")
        bob.say(Fetch(1, seq, "", 0, WINDOW), Rooms(9))
        alice.say(Say("after", "words", to="bob"))
        alice.wait_for(Ack)
        assert finish_any(bob) == data


def finish_any(guest: Guest) -> bytes:
    """Take all pieces of the one download."""
    guest.wait_for(Sending)
    return finish(guest, 1, b"", WINDOW)[0]


def test_an_upload_goes_on_after_a_cut(live: LiveHost) -> None:
    """From what the host has, on a new connection; it took a byte once."""
    data = sample(2_000_000)
    with live.guest("alice") as alice:
        alice.join()
        push(alice, place(alice, "u", len(data)), data, stop=1_300_000)
        alice.until_quiet(Upload("fence", 1), Placed)
    with live.guest("alice") as alice:
        alice.join()
        placed = place(alice, "u", len(data))
        assert placed.at == 1_300_000
        push(alice, placed, data)
        seal(alice, "u", data)
    (blob,) = blobs(live)
    assert blob.read_bytes() == data


# --- peers that lie ------------------------------------------------------------------------------


def test_endless_chunks_close_the_connection(live: LiveHost) -> None:
    """What was not granted is not held: the host's memory stays bounded."""
    with live.guest("alice") as alice:
        alice.join()
        place(alice, "u", 10 * WINDOW)
        alice.sock.settimeout(20)
        try:
            for number in range(400):
                alice.say(Chunk("u", number * CHUNK, bytes(CHUNK)))
        except OSError:
            pass
        else:
            assert alice.closed().code == "protocol"
    with live.guest("alice") as alice:
        alice.join()
        placed = place(alice, "u", 10 * WINDOW)
        assert placed.at % CHUNK == 0
    assert sum(path.stat().st_size for path in parts(live)) == placed.at


def test_a_chunk_without_a_grant_closes_the_connection(live: LiveHost) -> None:
    """Of somebody else's upload, or of none."""
    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join()
        bob.join()
        place(alice, "u", 100)
        bob.say(Chunk("u", 0, b"mine"))
        assert bob.closed().code == "protocol"
        push(alice, Placed("u", 0, 100), bytes(100))
        assert seal(alice, "u", bytes(100)).size == 100


def test_a_lying_sender_changes_nothing(live: LiveHost) -> None:
    """Wrong offset, size, hash; each has its code, and the next honest try succeeds."""
    data = sample(50_000)
    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join()
        bob.join()
        upload(alice, "alices", data)
        lies: list[tuple[list[Chunk | Seal], str]] = [
            ([Chunk("u", 5, b"x")], "wrong-offset"),
            ([Chunk("u", 0, b"")], "too-large"),
            ([Seal("u", 50_000, sha256_of(data))], "wrong-offset"),
            ([Seal("u", 0, sha256_of(b""))], "wrong-offset"),
            ([Chunk("u", 0, bytes(50_000)), Seal("u", 50_000, sha256_of(data))], "hash-differs"),
        ]
        for messages, code in lies:
            assert place(bob, "u", len(data)).at == 0
            bob.say(*messages)
            error = bob.wait_for(Error)
            assert (error.code, error.up) == (code, "u")
        # A hash that is stored already gives nothing without its bytes.
        bob.say(Say("guess", "", to="alice", content=Content(kind="file", file=Attached("u", "x"))))
        assert bob.wait_for(Error).code == "no-upload"
        bob.say(
            Say("other", "", to="alice", content=Content(kind="file", file=Attached("alices", "x")))
        )
        assert bob.wait_for(Error).code == "no-upload"
        upload(bob, "u", data)
    assert len(blobs(live)) == 1
    assert parts(live) == []


@pytest.mark.parametrize(
    "live", [{"file_bytes": 1_000, "person_bytes": 1_500, "spare_bytes": 0}], indirect=True
)
def test_quotas_refuse_before_the_first_byte(live: LiveHost) -> None:
    """The welcome says how large a file may be."""
    with live.guest("alice") as alice:
        assert alice.join().file_bytes == 1_000
        upload(alice, "a", bytes(1_000))
        for up, size, code in (("b", 1_001, "too-large"), ("c", 501, "quota")):
            alice.say(Upload(up, size))
            assert alice.wait_for(Error).code == code
        upload(alice, "d", bytes(500))


def test_who_is_revoked_in_the_middle_of_an_upload_is_gone_at_once(
    own: Path, tmp_path: Path
) -> None:
    """And the part does not grow any more, whatever was still sent."""
    with LiveHost(own, tmp_path / "host", Limits()) as live:
        with live.guest("bob") as bob:
            bob.join()
            upto = place(bob, "u", None).upto
            sender = threading.Thread(target=_push_on, args=(bob, upto))
            sender.start()
            revoke_elsewhere(own, "bob")
            sender.join(30)
            assert not sender.is_alive()
        live.wait_for("dropped")
        (part,) = parts(live)
        size = part.stat().st_size
        with live.guest("alice") as alice:
            alice.join()
            alice.until_quiet(Upload("fence", 0), Placed)
        assert part.stat().st_size == size


def _push_on(guest: Guest, upto: int) -> None:
    """Send without an end until the host ends it."""
    at = 0
    try:
        while True:
            size = min(CHUNK, upto - at)
            guest.say(Chunk("u", at, bytes(size)))
            at += size
            if at == upto:
                upto = guest.wait_for(Grant).upto
    except (OSError, AssertionError, LocalProtocolError):
        return


# --- a disk that fills up ------------------------------------------------------------------------


def test_a_full_disk_ends_the_upload_and_nothing_else(
    live: LiveHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People go on talking, and the upload goes on when there is room."""
    data = sample(200_000)
    write = os.write
    with live.guest("alice") as alice:
        alice.join()
        placed = place(alice, "u", len(data))
        push(alice, placed, data, stop=CHUNK)
        alice.until_quiet(Upload("fence", 0), Placed)

        def full(descriptor: int, chunk: bytes) -> int:
            if threading.current_thread().name == "depot":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(descriptor, chunk)

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            push(alice, replace_at(placed, CHUNK), data)
            assert alice.wait_for(Error).code == "disk-full"
            alice.say(Say("m", "still here", room="lobby"))
            alice.wait_for(Ack)
        live.wait_for("files")
        push(alice, place(alice, "u", len(data)), data)
        seal(alice, "u", data)


def test_a_small_disk_really_full(certs: Path) -> None:
    """The host says so, lives on, and takes what fits when there is room again."""
    limits = replace(Limits(), spare_bytes=0)
    with ExitStack() as leaving:
        folder = leaving.enter_context(disk(24))
        live = leaving.enter_context(LiveHost(certs, folder / "host", limits))
        alice = leaving.enter_context(live.guest("alice"))
        alice.join()
        alice.say(Upload("large", 30_000_000))
        assert alice.wait_for(Error).code == "disk-full"
        placed = place(alice, "s", None)
        with pytest.raises(AssertionError, match="disk-full"):
            push(alice, placed, sample(30_000_000))
        alice.say(Say("m", "still here", room="lobby"))
        alice.wait_for(Ack)
        upload(alice, "small", sample(10_000))


# --- kills ---------------------------------------------------------------------------------------


Running: TypeAlias = tuple["subprocess.Popen[str]", tuple[str, int]]


@contextmanager
def host_process(certs: Path, data: Path) -> Iterator[Running]:
    """Run a host as a person does, and kill it in the end."""
    command = [str(Path(sys.executable).with_name("securechat")), "host", "--port", "0"]
    command += ["--enroll-port", "0", "--json", "--certs", str(certs), "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            host, _, port = json.loads(process.stdout.readline())["address"].rpartition(":")
            yield process, (host, int(port))
        finally:
            process.kill()
            process.stdout.read()


PHASES = ["placed", "in the middle", "all sent", "sealing", "sealed", "offered"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_host_killed_at_any_phase_goes_on(certs: Path, tmp_path: Path, phase: str) -> None:
    """The upload goes on, is sealed and offered, and is fetched bit by bit."""
    reached = PHASES.index(phase)
    data = sample(2_500_000, reached)
    with host_process(certs, tmp_path) as (process, address):
        alice = Guest(address, certs, "alice")
        alice.join()
        _go_as_far(alice, data, reached)
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        alice.sock.close()
    with ExitStack() as second:
        _, address = second.enter_context(host_process(certs, tmp_path))
        alice = second.enter_context(Guest(address, certs, "alice"))
        bob = second.enter_context(Guest(address, certs, "bob"))
        alice.join()
        bob.join()
        alice.say(Upload("u", len(data)))
        answer = either(alice, Placed, Sealed)
        # Killed while it was being sealed, it may be either.
        assert reached == 3 or isinstance(answer, Placed) == (reached < 3)
        if isinstance(answer, Placed):
            push(alice, answer, data)
            seal(alice, "u", data)
        assert pull(bob, offer(alice, "u"))[0] == data


def _go_as_far(alice: Guest, data: bytes, reached: int) -> None:
    """Send a file as far as a phase."""
    placed = place(alice, "u", len(data))
    if reached >= 1:
        push(alice, placed, data, stop=1_700_000 if reached == 1 else None)
    if reached == 3:
        alice.say(Seal("u", len(data), sha256_of(data)))
    elif reached > 3:
        seal(alice, "u", data)
    if reached == 5:
        offer(alice, "u")


def test_a_log_without_its_files_serves_on(certs: Path, tmp_path: Path) -> None:
    """As after a backup is put back: the message is there, its file is not."""
    with LiveHost(certs, tmp_path / "host", Limits()) as live, live.guest("alice") as alice:
        alice.join()
        upload(alice, "u", b"gone")
        seq = offer(alice, "u")
    for path in sorted((tmp_path / "host" / "files").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with LiveHost(certs, tmp_path / "host", Limits()) as live, live.guest("bob") as bob:
        bob.join()
        bob.say(Fetch(1, seq, "", 0, 100))
        error = bob.wait_for(Error)
        assert (error.code, error.re) == ("no-file", 1)


def test_a_host_whose_files_are_another_programs_does_not_start(
    certs: Path, tmp_path: Path
) -> None:
    """It says which file it is, and the log was opened and closed in order."""
    folder = tmp_path / "host" / "files"
    folder.mkdir(parents=True)
    (folder / "index.sqlite").write_bytes(b"no database" * 500)
    live = LiveHost(certs, tmp_path / "host", Limits())
    live._thread.start()
    live._thread.join(20)
    assert live.error is not None
    assert "index" in str(live.error)


def test_a_deleted_messages_file_is_gone_soon(certs: Path, tmp_path: Path) -> None:
    """Its bytes are deleted without anybody asking for it."""
    limits = replace(Limits(), collect_seconds=0.2)
    with LiveHost(certs, tmp_path / "host", limits) as live, live.guest("alice") as alice:
        alice.join()
        upload(alice, "u", b"secret")
        upload(alice, "v", b"kept")
        seq = offer(alice, "u")
        offer(alice, "v")
        alice.say(Say("d", "", to="bob", content=Content(kind="deletion", of=seq)))
        alice.wait_for(Ack)
        while len(blobs(live)) > 1:
            alice.until_quiet(Rooms(1), object)  # type: ignore[arg-type] # anything
        (blob,) = blobs(live)
        assert blob.read_bytes() == b"kept"
        alice.say(Fetch(1, seq, "", 0, 10))
        assert alice.wait_for(Error).code == "no-file"


def test_a_file_may_be_kept_for_less_long_than_its_message(certs: Path, tmp_path: Path) -> None:
    """The message stays, whoever fetches it hears why, and nobody can offer it anew."""
    limits = replace(Limits(), collect_seconds=0.2)
    with ExitStack() as leaving:
        made = LiveHost(certs, tmp_path / "host", limits, keep_files_seconds=0.3)
        live = leaving.enter_context(made)
        alice = leaving.enter_context(live.guest("alice"))
        alice.join()
        upload(alice, "u", b"old")
        seq = offer(alice, "u")
        while blobs(live):
            alice.until_quiet(Rooms(1), object)  # type: ignore[arg-type] # anything
        alice.say(Fetch(1, seq, "", 0, 10))
        error = alice.wait_for(Error)
        assert (error.code, error.text) == ("no-file", "this file is not kept any more")
        content = Content(kind="file", file=Attached("u", "x.bin"))
        alice.say(Say("anew", "", to="bob", content=content))
        assert alice.wait_for(Error).code == "no-upload"


def test_store_and_host_agree_on_the_folder(live: LiveHost) -> None:
    """What the host has written is a store that opens, with the same uploads."""
    with live.guest("alice") as alice:
        alice.join()
        upload(alice, "u", b"x")
    live.stop()
    store = BlobStore(live.data / "files", live.host._clock)
    row = store.rows.find("alice", "u")
    store.close()
    assert row is not None
    assert row.size == 1
