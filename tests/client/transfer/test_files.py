"""Files, folders and bytes between two real clients over a real host."""

import hashlib
import io
import os
import threading
from pathlib import Path

import pytest

from secure_chat.client.events import Message
from secure_chat.client.inbox.directory import Directory
from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.publishing import OnExists
from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.journal import Journal
from secure_chat.client.transfer.outward import Outward
from secure_chat.client.transfer.progress import Phase, Progress
from secure_chat.client.transfer.receiving import Receiving
from secure_chat.errors import SecureChatError, TransferError, TransferIncomplete, UsageError
from secure_chat.wire.messages import Attached, Content, ContentKind
from tests.client.transfer.scene import MANY, People, Stopper, Watch, bytes_of


def fetched(people: People, message: Message, **how: object) -> Path | None:
    """Return what bob has fetched into his inbox."""
    with Inbox.open(people.folder / "in") as inbox:
        return people.bob.files.fetch(message, inbox, **how)  # type: ignore[arg-type]


def hidden(people: People) -> list[str]:
    """Return what is not whole in bob's inbox."""
    return [path.name for path in (people.folder / "in").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("size", [0, 1, 64_512, 64_513, 5_000_000])
def test_a_file_arrives_as_it_was_sent(people: People, size: int) -> None:
    """Byte for byte, under its name, with what the message says of it."""
    data = bytes_of(size)
    acked = people.alice.files.send(people.file(data), to="bob", text="look")
    message = people.bob.files.message(acked.seq)
    assert (message.text, message.to, message.id) == ("look", "bob", acked.id)
    assert message.content is not None
    assert message.content.file is not None
    assert message.content.kind == ContentKind.FILE
    assert message.content.file.name == "a file.bin"
    assert message.content.file.size == size
    assert message.content.file.sha256 == hashlib.sha256(data).hexdigest()
    path = fetched(people, message)
    assert path == people.folder / "in" / "a file.bin"
    assert path.read_bytes() == data
    assert not hidden(people)
    assert not people.journal


def test_a_file_for_a_room_has_the_name_and_type_it_is_given(people: People) -> None:
    """Its type is judged by its first bytes, whatever it is called."""
    picture = people.file(b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "x.txt")
    acked = people.alice.files.send(picture, name="pretty.png")
    (message,) = people.bob.files.listing(room="lobby", most=1)
    assert (message.seq, message.room) == (acked.seq, "lobby")
    assert message.content is not None
    assert message.content.file is not None
    assert (message.content.file.name, message.content.file.type) == ("pretty.png", "image/png")


def test_bytes_are_sent_without_a_file(people: People) -> None:
    """And listed beside other files with this person only."""
    acked = people.alice.files.send_bytes(b"abc", name="note.txt", to="bob")
    assert acked.seq in [message.seq for message in people.bob.files.listing(with_="alice")]
    out = io.BytesIO()
    people.bob.files.fetch_into(people.bob.files.message(acked.seq), out)
    assert out.getvalue() == b"abc"


def test_a_large_file_is_passed_on_as_it_comes(people: People) -> None:
    """Without a file on the way."""
    data = bytes_of(MANY)
    acked = people.alice.files.send_bytes(data, name="x", to="bob")
    out, seen = io.BytesIO(), Watch.__new__(Watch)
    seen.seen = []
    people.bob.files.fetch_into(people.bob.files.message(acked.seq), out, told=seen)
    assert out.getvalue() == data
    assert seen.seen[-1].size == MANY


def grow(people: People) -> Path:
    """Return a folder with many small files, a large one, an empty one and a program."""
    tree = people.folder / "a tree"
    for number in range(40):
        people.file(bytes_of(number * 50, number), f"a tree/{number % 5}/{number}")
    people.file(bytes_of(MANY), "a tree/large")
    people.file(b"#!/bin/sh\n", "a tree/run.sh").chmod(0o700)
    (tree / "hollow" / "deep").mkdir(parents=True)
    (tree / "link").symlink_to("/etc/passwd")
    return tree


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return all that is below a folder but links."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if not path.is_symlink()
    }


@pytest.mark.parametrize("executable", [False, True])
def test_a_folder_arrives_with_all_that_is_in_it(people: People, *, executable: bool) -> None:
    """Names, empty folders and, when that is wanted, what can be run; never a link."""
    tree = grow(people)
    watch: list[Progress] = []
    acked = people.alice.files.send(tree, to="bob", told=watch.append)
    message = people.bob.files.message(acked.seq)
    assert message.content is not None
    assert (message.content.kind, message.content.entries) == (ContentKind.FOLDER, 42)
    assert message.content.total == sum(len(data or b"") for data in contents(tree).values())
    assert watch[-1].size == message.content.total
    path = fetched(people, message, executable=executable)
    assert path is not None
    assert contents(path) == contents(tree)
    assert os.access(path / "run.sh", os.X_OK) is executable
    assert not hidden(people)
    assert fetched(people, message, on_exists=OnExists.SKIP) is None
    again = fetched(people, message)
    assert again is not None
    assert again.name == "a tree (2)"


def test_what_is_there_is_skipped_before_anything_is_fetched(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for a file that is thrown away."""
    acked = people.alice.files.send(people.file(b"abc"), to="bob")
    message = people.bob.files.message(acked.seq)
    assert fetched(people, message) is not None
    monkeypatch.setattr(Receiving, "begin", None)
    assert fetched(people, message, on_exists=OnExists.SKIP) is None


def test_a_person_may_choose_to_skip_in_the_end(people: People) -> None:
    """Then nothing is left of it."""
    acked = people.alice.files.send(people.file(b"abc"), to="bob")
    folder = people.alice.files.send(grow(people), to="bob")
    for seq in (acked.seq, folder.seq):
        message = people.bob.files.message(seq)
        fetched(people, message)
        assert fetched(people, message, on_exists=OnExists.ASK, ask=lambda _: OnExists.SKIP) is None
        assert not hidden(people)


# --- what is refused ---------------------------------------------------------------------------


def test_what_nobody_would_hear_of_is_refused_before_it_is_sent(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown person, a room of others, a name or a text that no message can have."""
    path = people.file(b"abc")
    monkeypatch.setattr(Outward, "step", None)
    send = people.alice.files.send
    with pytest.raises(SecureChatError, match="refused"):
        send(path, to="nobody")
    with pytest.raises(SecureChatError, match="refused"):
        send(path, room="elsewhere")
    with pytest.raises(UsageError, match="cannot be a message"):
        send(path, name="x" * 2_000)
    with pytest.raises(UsageError, match="too long"):
        send(path, text="x" * 20_000)


def test_only_files_and_folders_are_sent(people: People) -> None:
    """A pipe would be waited for for ever, and what is not there cannot be read."""
    os.mkfifo(people.folder / "pipe")
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        people.alice.files.send(people.folder / "pipe")
    with pytest.raises(TransferError, match="cannot be sent"):
        people.alice.files.send(people.folder / "nothing")


def test_a_file_larger_than_the_host_takes_is_refused_at_once(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is every file when the host keeps none."""
    porter = people.alice._porter
    monkeypatch.setattr(porter, "file_bytes", 2)
    with pytest.raises(SecureChatError, match="at most 2 bytes"):
        people.alice.files.send(people.file(b"abc"))
    monkeypatch.setattr(porter, "file_bytes", 0)
    with pytest.raises(SecureChatError, match="keeps no files"):
        people.alice.files.send(people.file(b""))


def test_a_message_without_a_file_has_nothing_to_fetch(people: People) -> None:
    """Neither has a number that no message has."""
    seq = people.alice.deliver("hi", to="bob").seq
    message = people.bob.files.message(seq)
    with pytest.raises(UsageError, match="has no file"):
        fetched(people, message)
    with pytest.raises(UsageError, match="has no file"):
        people.bob.files.fetch_into(message, io.BytesIO())
    with pytest.raises(SecureChatError, match="no message 999999"):
        people.bob.files.message(999_999)


def test_a_folder_cannot_be_passed_on_as_one_stream(people: People) -> None:
    """It is more than one file."""
    tree = people.file(b"abc", "t/x").parent
    message = people.bob.files.message(people.alice.files.send(tree, to="bob").seq)
    with pytest.raises(UsageError, match="more than one file"):
        people.bob.files.fetch_into(message, io.BytesIO())


def test_what_is_not_sent_to_us_is_not_had(people: People) -> None:
    """The host refuses by the message's number."""
    strange = Message(
        1, 0, "x", "x", "", content=Content(ContentKind.FILE, file=Attached("u", "x", "", 3, "0"))
    )
    with pytest.raises(SecureChatError, match="does not send x"):
        fetched(people, strange)


def test_a_list_that_is_too_long_is_not_fetched(people: People) -> None:
    """Nobody's folder may fill the memory."""
    file = Attached("u", "x", "", 2**40, "0" * 64)
    strange = Message(1, 0, "x", "x", "", content=Content(ContentKind.FOLDER, file=file))
    with pytest.raises(TransferError, match="list of files cannot be used"):
        fetched(people, strange)


# --- stopping and going on -----------------------------------------------------------------------


def test_a_stopped_upload_is_gone_on_with(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call sends only what the host has not, and the message is said once."""
    path, cancel = people.file(bytes_of(MANY)), threading.Event()
    before = len(people.bob.files.listing(with_="alice"))
    with monkeypatch.context() as during:
        Stopper(during, Outward, 3, cancel.set)
        with pytest.raises(TransferIncomplete, match="stopped"):
            people.alice.files.send(path, to="bob", cancel=cancel)
    assert len(people.journal) == 1
    watch = Watch(monkeypatch)
    acked = people.alice.files.send(path, to="bob", told=watch)
    assert watch.placed[0] > 0
    assert not people.journal
    assert len(people.bob.files.listing(with_="alice")) == before + 1
    got = fetched(people, people.bob.files.message(acked.seq))
    assert got is not None
    assert got.read_bytes() == path.read_bytes()
    assert watch.seen[-1] == Progress(MANY, MANY, Phase.VERIFYING)


def test_a_stopped_folder_is_gone_on_with(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that the host has are not sent again."""
    tree, cancel = grow(people), threading.Event()
    with monkeypatch.context() as during:
        Stopper(during, Outward, 30, cancel.set)
        with pytest.raises(TransferIncomplete, match="stopped"):
            people.alice.files.send(tree, to="bob", cancel=cancel)
    acked = people.alice.files.send(tree, to="bob")
    cancel.clear()
    message = people.bob.files.message(acked.seq)
    with monkeypatch.context() as during:
        Stopper(during, Inward, 40, cancel.set)
        with pytest.raises(TransferIncomplete, match="stopped"):
            fetched(people, message, cancel=cancel)
    assert hidden(people)
    got = fetched(people, message)
    assert got is not None
    assert contents(got) == contents(tree)
    assert not hidden(people)


def test_a_stopped_download_is_gone_on_with(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is here is hashed again and not fetched again."""
    data, cancel = bytes_of(MANY), threading.Event()
    acked = people.alice.files.send_bytes(data, name="x", to="bob")
    message = people.bob.files.message(acked.seq)
    with monkeypatch.context() as during:
        Stopper(during, Inward, 5, cancel.set)
        with pytest.raises(TransferIncomplete, match="stopped"):
            fetched(people, message, cancel=cancel)
    (part,) = hidden(people)
    had = (people.folder / "in" / part).stat().st_size
    assert 0 < had < MANY
    seen: list[Progress] = []
    got = fetched(people, message, told=seen.append)
    assert got is not None
    assert got.read_bytes() == data
    assert seen[0].phase is Phase.HASHING
    assert next(one.done for one in seen if one.phase is not Phase.HASHING) >= had
    assert not hidden(people)


class Enough(Exception):
    """Raised by whoever hears of progress."""


def interrupt(people: People, path: Path) -> None:
    """Begin to send and be stopped at once."""

    def told(_: Progress) -> None:
        raise Enough

    with pytest.raises(Enough):
        people.alice.files.send(path, to="bob", told=told)


def test_an_error_of_whoever_is_told_ends_it(people: People) -> None:
    """As Ctrl-C does: it comes out of the call, and what is there stays."""
    interrupt(people, people.file(bytes_of(MANY)))
    assert len(people.journal) == 1


def test_a_part_that_was_written_to_is_fetched_anew(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash tells; nothing wrong ever gets its name."""
    data, cancel = bytes_of(MANY), threading.Event()
    acked = people.alice.files.send_bytes(data, name="x", to="bob")
    message = people.bob.files.message(acked.seq)
    with monkeypatch.context() as during:
        Stopper(during, Inward, 5, cancel.set)
        with pytest.raises(TransferIncomplete):
            fetched(people, message, cancel=cancel)
    (part,) = hidden(people)
    with (people.folder / "in" / part).open("r+b") as file:
        file.write(b"wrong")
    got = fetched(people, message)
    assert got is not None
    assert got.read_bytes() == data


def test_a_file_that_changes_is_noticed_in_the_end(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said of it: nobody wrote those bytes as one file."""
    path = people.file(bytes_of(MANY))

    def change() -> None:
        with path.open("r+b") as file:
            file.write(b"other")

    told = Outward.told
    words = 0

    def changing(load: Outward, message: object) -> None:
        nonlocal words
        words += 1
        if words == 3:
            change()
        told(load, message)  # type: ignore[arg-type]

    monkeypatch.setattr(Outward, "told", changing)
    before = len(people.bob.files.listing())
    with pytest.raises(TransferError, match="has changed"):
        people.alice.files.send(path, to="bob")
    assert len(people.bob.files.listing()) == before


@pytest.mark.parametrize("name", ["t/x", "a file.bin"])
def test_a_file_that_is_gone_or_shorter_cannot_be_sent(
    people: People, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Of a folder as well as alone."""
    path = people.file(bytes_of(MANY), name)
    told = Outward.told

    def cutting(load: Outward, message: object) -> None:
        os.truncate(path, 100_000)
        told(load, message)  # type: ignore[arg-type]

    monkeypatch.setattr(Outward, "told", cutting)
    with pytest.raises(TransferError, match="change"):
        people.alice.files.send(path.parent if "/" in name else path, to="bob")


def test_ids_that_mean_something_else_by_now_are_made_anew(people: People) -> None:
    """A journal from before the host was set up again does not stand in the way."""
    path = people.file(b"first")
    interrupt(people, path)
    (entry,) = people.journal
    # Another upload of ours has the id already, with another size.
    taken = people.alice.files.send(people.file(b"other bytes", "other"), to="bob")
    file = people.bob.files.message(taken.seq).content
    assert file is not None
    assert file.file is not None
    text = entry.read_text()
    begin = text.index('"up":"') + 6
    entry.write_text(text[:begin] + file.file.up + text[begin + 32 :])
    acked = people.alice.files.send(path, to="bob")
    got = people.bob.files.message(acked.seq).content
    assert got is not None
    assert got.file is not None
    assert got.file.size == 5
    assert not people.journal


def test_two_calls_that_send_the_same_at_once_do_not_mix(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one is told so; the first one is not disturbed."""
    path = people.file(bytes_of(MANY))
    cancel = threading.Event()
    stopper = Stopper(monkeypatch, Outward, 2, lambda: None)
    ended: list[BaseException] = []

    def first() -> None:
        try:
            people.alice.files.send(path, to="bob", cancel=cancel)
        except TransferIncomplete as error:
            ended.append(error)

    thread = threading.Thread(target=first)
    thread.start()
    assert stopper.reached.wait(20)
    with pytest.raises(SecureChatError, match="being sent already"):
        people.alice.files.send(path, to="bob")
    cancel.set()
    thread.join()
    assert len(ended) == 1


def test_a_call_that_is_repeated_after_its_ack_was_lost_says_nothing_twice(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the ack and its own note of it, of a file and of a folder."""
    monkeypatch.setattr(Journal, "forget", lambda *_: None)
    for path in (people.file(b"abc"), grow(people)):
        first = people.alice.files.send(path, to="bob")
        assert people.alice.files.send(path, to="bob") == first


def test_what_was_landed_before_a_kill_is_found_there(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless somebody has written to it since: then it is fetched anew, beside that."""
    acked = people.alice.files.send(people.file(b"abcdef"), to="bob")
    message = people.bob.files.message(acked.seq)
    for written, name in ((b"", "a file.bin"), (b"other!", "a file (2).bin")):
        with monkeypatch.context() as during:
            during.setattr(Directory, "remove", killed)
            with pytest.raises(Enough):
                fetched(people, message)
        landed = people.folder / "in" / "a file.bin"
        landed.write_bytes(written or landed.read_bytes())
        path = fetched(people, message)
        assert path is not None
        assert (path.name, path.read_bytes()) == (name, b"abcdef")
        if not written:
            path.unlink()


def killed(*_: object) -> None:
    """Be killed, as far as whoever called can tell."""
    raise Enough
