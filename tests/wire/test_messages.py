"""The vocabulary is whole: what can be sent is exported, has a sample, and fits a frame."""

from typing import get_args

import pytest
from msgspec import msgpack

from secure_chat.limits import Limits
from secure_chat.wire import messages
from secure_chat.wire.codec import encode
from secure_chat.wire.framing import PREFIX_BYTES
from secure_chat.wire.messages import (
    Attached,
    Chunk,
    Content,
    ContentKind,
    FromClient,
    FromHost,
    Message,
    Moderate,
    Page,
    People,
    Person,
    Piece,
    Presence,
    Renew,
    Renewed,
    RoomInfo,
    RoomList,
    Said,
    Say,
    Welcome,
)
from secure_chat.wire.states import Role
from tests.wire.examples import CLIENT, HOST, kinds_of

LIMITS = Limits()
SEQ = 2**63 - 1
COUNT = 2**53
NAME = "n" * 32
ROOM = "r" * 64
ID = "i" * LIMITS.id_chars
FILE = Attached(ID, "\U0001f600" * 1024, "x" * 128, COUNT, "f" * 64)
FULL = Content("x" * 128, "x" * 128, "x" * 128, SEQ, SEQ, FILE, COUNT, COUNT, SEQ)


def test_every_type_has_a_sample() -> None:
    """The tests' samples leave no type of the protocol out and hold none twice."""
    assert kinds_of(Role.CLIENT) == set(get_args(FromClient))
    assert kinds_of(Role.HOST) == set(get_args(FromHost))
    assert len(CLIENT) == len(kinds_of(Role.CLIENT))
    assert len(HOST) == len(kinds_of(Role.HOST))


def test_every_type_is_exported() -> None:
    """Who speaks the protocol finds each of its types by name."""
    for message in (*CLIENT, *HOST):
        assert type(message).__name__ in messages.__all__


@pytest.mark.parametrize("message", [*CLIENT, *HOST], ids=lambda message: type(message).__name__)
def test_a_message_cannot_be_changed(message: Message) -> None:
    """A message that many threads hold stays what it is."""
    for field in message.__struct_fields__:
        with pytest.raises(AttributeError):
            setattr(message, field, None)


def test_absent_lists_are_not_shared() -> None:
    """The empty list that an absent field counts as is each message's own."""
    one, other = Presence("a", 1), Presence("b", 1)
    one.joined.append("zoe")
    assert other.joined == []


def a_page(content: Content | None = None) -> Page:
    """Return a page with as many entries and as much of texts and contents as the limits allow."""
    share = LIMITS.page_bytes // LIMITS.page_entries
    if content is not None:
        share -= len(msgpack.encode(content))
    said = Said(SEQ, COUNT, NAME, ID, "x" * share, room=ROOM, content=content)
    return Page(COUNT, [said] * LIMITS.page_entries, more=True)


def pem(count: int) -> str:
    """Return as much text as so many of the largest certificates have as PEM."""
    lines = -(-LIMITS.certificate_bytes // 48)
    return ("-----BEGIN CERTIFICATE-----\n" + ("x" * 64 + "\n") * lines + "-" * 26) * count


LARGEST: dict[str, Message] = {
    "say": Say(ID, "x" * LIMITS.message_bytes, ROOM),
    "said": Said(SEQ, COUNT, NAME, ID, "x" * LIMITS.message_bytes, ROOM),
    "say with all": Say(ID, "x" * LIMITS.message_bytes, ROOM, content=FULL),
    "said with all": Said(
        SEQ, COUNT, NAME, ID, "x" * LIMITS.message_bytes, room=ROOM, content=FULL
    ),
    "chunk": Chunk(ID, COUNT, b"x" * LIMITS.chunk_bytes),
    "piece": Piece(COUNT, COUNT, b"x" * LIMITS.chunk_bytes),
    "page": a_page(),
    "page of files": a_page(
        Content(ContentKind.FILE, reply=SEQ, file=Attached(ID, "x" * 99, "text/x", COUNT, "f" * 64))
    ),
    "presence": Presence(ROOM, COUNT, [NAME] * LIMITS.presence_names, []),
    "people": People(COUNT, ROOM, [Person(NAME, COUNT)] * LIMITS.names_per_page, more=True),
    "roomlist": RoomList(
        COUNT,
        [RoomInfo(ROOM, COUNT, COUNT, member=True)] * LIMITS.names_per_page,
        more=True,
    ),
    "renew": Renew(COUNT, "x" * LIMITS.request_bytes),
    "moderate": Moderate(COUNT, "x" * 128, NAME, ROOM, LIMITS.mute_seconds, "\U0001f600" * 1024),
    "renewed": Renewed(COUNT, pem(1), pem(2)),
    "welcome": Welcome(
        NAME, "operator", "c" * 128, SEQ, SEQ, [ROOM] * LIMITS.rooms_per_person, "d" * 1024
    ),
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_that_the_limits_allow_fits_a_frame(name: str) -> None:
    """No bound lets a message grow beyond what the peer accepts."""
    assert len(encode(LARGEST[name])) - PREFIX_BYTES <= LIMITS.frame_bytes
