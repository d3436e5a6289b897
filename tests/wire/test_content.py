"""What a message is beside its text travels whole, costs a plain text nothing, and may grow."""

import msgspec
import pytest
from hypothesis import given
from msgspec import Struct

from secure_chat.wire.codec import decode_from_client, decode_from_host, encode
from secure_chat.wire.framing import PREFIX_BYTES
from secure_chat.wire.messages import (
    Attached,
    Chunk,
    Content,
    ContentKind,
    Error,
    Format,
    History,
    Part,
    Piece,
    Said,
    Say,
    Upload,
    Welcome,
)
from tests.wire.examples import CONTENTS, as_map, contents, steady

pack = msgspec.msgpack.encode
unpack = msgspec.msgpack.decode


def body(message: Part) -> bytes:
    """Return the frame of a message without its length."""
    return encode(message)[PREFIX_BYTES:]


def fields(message: Part) -> dict[str, object]:
    """Return the map that the frame of a message holds."""
    found: dict[str, object] = unpack(body(message))
    return found


def said(content: Content | None) -> Said:
    """Return a message to a room with a content."""
    return Said(seq=7, at=1, author="alice", id="a1", text="hi", room="lobby", content=content)


# --- round trips ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", CONTENTS, ids=lambda content: f"{content.kind}-{content.format}"
)
def test_every_kind_and_format_comes_back_as_it_was(content: Content) -> None:
    """What its author sends is what the host reads, and what that sends is what all others read."""
    say = Say(id="a1", text="hi", room="lobby", content=content)
    assert decode_from_client(body(say)) == say
    assert decode_from_host(body(said(content))) == said(content)


def test_the_samples_have_every_kind_and_every_format() -> None:
    """No word of the vocabulary is left out of the tests."""
    assert {content.kind for content in CONTENTS} >= set(ContentKind)
    assert {content.format for content in CONTENTS} >= set(Format)


@steady
@given(content=contents)
def test_any_content_comes_back_as_it_was(content: Content) -> None:
    """Whatever its fields hold: the wire knows no kinds, the hub does."""
    assert decode_from_host(body(said(content))) == said(content)


# --- what is left out ----------------------------------------------------------------------


def test_a_plain_text_says_nothing_of_contents() -> None:
    """Nor of the person when it is for a room: what has its default is left out of the frame."""
    assert fields(Say(id="a1", text="hi", room="lobby")) == {
        "t": "say", "id": "a1", "text": "hi", "room": "lobby",
    }  # fmt: skip
    assert set(fields(said(None))) == {"t", "seq", "at", "author", "id", "text", "room"}


def test_a_content_says_only_what_it_has() -> None:
    """A reaction costs a few bytes, whatever other kinds may have."""
    content = Content(kind=ContentKind.REACTION, of=5)
    assert fields(said(content))["content"] == {"kind": "reaction", "of": 5}
    content = Content(kind=ContentKind.FILE, file=Attached(up="u1", name="x"))
    assert fields(said(content))["content"] == {"kind": "file", "file": {"up": "u1", "name": "x"}}


@pytest.mark.parametrize("name", ["room", "to", "content"])
def test_what_is_left_out_may_be_said(name: str) -> None:
    """A sender that names every field means the same."""
    whole = {"t": "said", "seq": 7, "at": 1, "author": "a", "id": "i", "text": "hi", "room": "r"}
    other = whole | ({} if name == "room" else {name: None})
    assert decode_from_host(pack(whole)) == decode_from_host(pack(other))
    empty = {"kind": "", "format": "", "lang": "", "reply": 0, "of": 0, "file": None,
             "entries": 0, "total": 0, "edited": 0}  # fmt: skip
    assert decode_from_host(pack(whole | {"content": empty})) == decode_from_host(
        pack(whole | {"content": {}})
    )


# --- growth --------------------------------------------------------------------------------


class OldSay(Struct, tag_field="t", tag="say"):
    """A text as it was before there were contents."""

    id: str
    text: str
    room: str | None = None
    to: str | None = None


class OldSaid(Struct, tag_field="t", tag="said"):
    """A committed text as it was before there were contents."""

    seq: int
    at: int
    author: str
    id: str
    text: str
    room: str | None = None
    to: str | None = None


class OldError(Struct, tag_field="t", tag="error"):
    """A refusal as it was before there were uploads."""

    code: str
    text: str
    id: str | None = None
    re: int | None = None


class OldWelcome(Struct, tag_field="t", tag="welcome"):
    """A welcome as it was before there were files."""

    name: str
    role: str
    community: str
    head: int
    floor: int
    rooms: list[str]
    dropped: str = ""
    message_bytes: int = 16_384
    agent: str = ""


OLD = msgspec.msgpack.Decoder(OldSay | OldSaid | OldError | OldWelcome)


@pytest.mark.parametrize("content", CONTENTS)
def test_an_end_of_before_reads_the_text_of_every_kind(content: Content) -> None:
    """Whoever knows no contents still reads who said what, where, and in which order."""
    assert OLD.decode(body(said(content))) == OldSaid(7, 1, "alice", "a1", "hi", "lobby")
    say = Say(id="a1", text="hi", to="bob", content=content)
    assert OLD.decode(body(say)) == OldSay("a1", "hi", to="bob")


def test_an_end_of_before_reads_what_else_has_grown() -> None:
    """New fields of a welcome and a refusal are passed over."""
    error = OLD.decode(body(Error("quota", "too much", up="u1")))
    assert error == OldError("quota", "too much")
    welcome = Welcome("alice", "member", "c", 6, 1, ["lobby"], file_bytes=2**40, agent="x")
    old = OldWelcome("alice", "member", "c", 6, 1, ["lobby"], agent="x")
    assert OLD.decode(body(welcome)) == old


def test_what_an_end_of_before_says_is_read() -> None:
    """The absence of each new field has a meaning."""
    assert decode_from_host(pack(OldSaid(7, 1, "a", "i", "hi", "r"))) == Said(
        7, 1, "a", "i", "hi", "r"
    )
    assert decode_from_client(pack(OldSay("i", "hi", "r"))) == Say("i", "hi", "r")
    assert decode_from_host(pack(OldError("quota", "x"))) == Error("quota", "x")
    welcome = decode_from_host(pack(OldWelcome("a", "member", "c", 6, 1, [])))
    assert isinstance(welcome, Welcome)
    assert welcome.file_bytes == 0
    history = decode_from_client(pack({"t": "history", "re": 1}))
    assert isinstance(history, History)
    assert not history.files


def test_a_content_may_grow_too() -> None:
    """A field of the year 2040, in a content or in its file, is passed over."""
    content = Content(kind="file", file=Attached(up="u1", name="x"))
    grown = as_map(said(content))
    grown["content"] = {
        "kind": "file",
        "mood": [1],
        "file": {"up": "u1", "name": "x", "width": 640},
    }
    assert decode_from_host(pack(grown)) == said(content)


# --- bytes ---------------------------------------------------------------------------------


def test_bytes_of_a_file_are_bytes() -> None:
    """They travel as they are: not as text, and no value of a byte means anything."""
    data = bytes(range(256))
    chunk, piece = Chunk(up="u1", at=0, data=data), Piece(re=1, at=0, data=data)
    assert fields(chunk)["data"] == data
    assert decode_from_client(body(chunk)) == chunk
    assert decode_from_host(body(piece)) == piece


def test_a_chunk_without_bytes_is_for_the_depot_to_refuse() -> None:
    """It has the form of a message: what it costs its sender is an error, not the connection."""
    assert decode_from_client(pack({"t": "chunk", "up": "u", "at": 0, "data": b""})) == Chunk(
        "u", 0, b""
    )


def test_what_is_read_keeps_nothing_of_the_buffer_it_came_in() -> None:
    """A chunk may be read where it lies; its bytes are its own afterwards."""
    buffer = bytearray(body(Chunk(up="u1", at=0, data=b"test")))
    chunk = decode_from_client(memoryview(buffer))
    buffer[:] = bytes(len(buffer))
    buffer.clear()
    assert chunk == Chunk(up="u1", at=0, data=b"test")


def test_an_upload_of_nothing_is_no_stream() -> None:
    """A size of zero and no size are two things."""
    assert decode_from_client(pack({"t": "upload", "up": "u", "size": 0})) == Upload("u", 0)
    assert decode_from_client(pack({"t": "upload", "up": "u", "size": None})) == Upload("u")
    assert decode_from_client(pack({"t": "upload", "up": "u"})) == Upload("u", None)
