"""Messages become frames and back, and nothing but `RemoteProtocolError` comes of bad bytes."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secure_chat.errors import LocalProtocolError, RemoteProtocolError
from secure_chat.limits import Limits
from secure_chat.wire.codec import decode_from_client, decode_from_host, encode, encode_cut, tag_of
from secure_chat.wire.framing import PREFIX_BYTES
from secure_chat.wire.messages import (
    Chunk,
    Close,
    Code,
    Error,
    Message,
    Notice,
    Part,
    Piece,
    Ping,
    Say,
    Whois,
)
from tests.wire.examples import BOTH, CLIENT, HOST, as_map, from_client, from_host, steady, text

Decode = Callable[[bytes], Message]
DECODERS: tuple[Decode, Decode] = (decode_from_client, decode_from_host)

pack = msgspec.msgpack.encode


def body(message: Message) -> bytes:
    """Return the frame of a message without its length."""
    return encode(message)[PREFIX_BYTES:]


def fault_of(decode: Decode, frame: bytes) -> RemoteProtocolError:
    """Decode what must be refused and return the fault."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode(frame)
    return caught.value


def said_with(content: object) -> bytes:
    """Return the body of a text with something under `content`."""
    return pack({"t": "say", "id": "a1", "text": "hello", "room": "lobby", "content": content})


def is_message_or_fault(decode: Decode, frame: bytes) -> bool:
    """Decode a frame and tell whether what came of it is one of the two that may."""
    try:
        return isinstance(decode(frame), Part)
    except RemoteProtocolError as fault:
        return fault.code == Code.PROTOCOL


@pytest.mark.parametrize("message", CLIENT, ids=lambda message: tag_of(type(message)))
def test_a_client_message_comes_back_as_it_was(message: Message) -> None:
    """Every type that a client may send survives the way through bytes."""
    assert decode_from_client(body(message)) == message


@pytest.mark.parametrize("message", HOST, ids=lambda message: tag_of(type(message)))
def test_a_host_message_comes_back_as_it_was(message: Message) -> None:
    """Every type that a host may send survives the way through bytes."""
    assert decode_from_host(body(message)) == message


@steady
@given(message=from_client)
def test_any_client_message_comes_back_as_it_was(message: Message) -> None:
    """Whatever its fields hold, a client's message survives."""
    assert decode_from_client(body(message)) == message


@steady
@given(message=from_host)
def test_any_host_message_comes_back_as_it_was(message: Message) -> None:
    """Whatever its fields hold, a host's message survives."""
    assert decode_from_host(body(message)) == message


def test_the_tag_names_the_type() -> None:
    """The word under `t` is what `tag_of` says, for every type."""
    for message in (*CLIENT, *HOST):
        assert as_map(message)["t"] == tag_of(type(message))


def test_the_length_counts_the_body_only() -> None:
    """The four bytes before the body are not part of the length."""
    frame = encode(Ping())
    assert int.from_bytes(frame[:PREFIX_BYTES], "big") == len(frame) - PREFIX_BYTES


@pytest.mark.parametrize("decode", DECODERS)
@steady
@given(frame=st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_fault(decode: Decode, frame: bytes) -> None:
    """Arbitrary bytes raise nothing but `RemoteProtocolError`."""
    assert is_message_or_fault(decode, frame)


@pytest.mark.parametrize("decode", DECODERS)
@steady
@given(message=st.one_of(from_client, from_host), data=st.data())
def test_a_damaged_message_gives_a_message_or_a_fault(
    decode: Decode, message: Message, data: st.DataObject
) -> None:
    """Bytes changed within a real message raise nothing but `RemoteProtocolError`."""
    frame = bytearray(body(message))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    assert is_message_or_fault(decode, bytes(frame))


leaf = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), text, st.binary()
)
tree = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abt"), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("decode", DECODERS)
@steady
@given(message=st.one_of(from_client, from_host), data=st.data())
def test_fields_of_any_type_give_a_message_or_a_fault(
    decode: Decode, message: Message, data: st.DataObject
) -> None:
    """A real message with any values in some fields raises nothing but `RemoteProtocolError`."""
    fields = as_map(message)
    for name in data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=3)):
        fields[name] = data.draw(tree)
    assert is_message_or_fault(decode, pack(fields))


@steady
@given(marker=st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=3))
def test_a_fault_repeats_nothing_that_the_peer_sent(marker: str) -> None:
    """Wherever a peer puts its text, the words of the fault do not hold it."""
    frames = [
        pack({"t": marker}),
        pack({"t": "whois", "re": marker, "name": "a"}),
        pack({"t": "whois", "re": {marker: 1}, "name": "a"}),
        pack({"t": "whois", marker: 1}),
        pack({"t": "whois", "re": 1, "name": marker * 60}),
        pack({"t": "whois", "re": 1, "name": [marker]}),
        pack({marker: marker}),
        pack(marker),
        pack([marker]),
        pack({"t": "ping"}) + pack(marker),
    ]
    for frame in frames:
        assert marker not in fault_of(decode_from_client, frame).text


# --- what is refused, by name --------------------------------------------------------------

TYPE = "the frame is of a type that this end does not know"
WHOLE = "the frame is not one whole MessagePack value"
UTF8 = "a text in the frame is not valid UTF-8"
NOT_A_MESSAGE = "the frame is not a message of this protocol"

REFUSED = {
    "an unknown type": (pack({"t": "shout"}), TYPE),
    "an unknown type that is empty": (pack({"t": ""}), TYPE),
    "a type in capitals": (pack({"t": "Ping"}), TYPE),
    "a type of the other end": (body(HOST[4]), TYPE),
    "no type": (pack({"id": "a1"}), NOT_A_MESSAGE),
    "a type that is a number": (pack({"t": 1}), NOT_A_MESSAGE),
    "a map that is empty": (pack({}), NOT_A_MESSAGE),
    "no map": (pack([1, 2]), NOT_A_MESSAGE),
    "nil": (pack(None), NOT_A_MESSAGE),
    "a key that is a number": (b"\x82\xa1t\xa4ping\x01\x01", "`key`"),
    "a key that is bytes": (b"\x82\xa1t\xa4ping\xc4\x01a\x01", "`key`"),
    "a field that is missing": (pack({"t": "join", "id": "a"}), "required field `room`"),
    "a number for a text": (pack({"t": "join", "id": 1, "room": "a"}), "`$.id`"),
    "bytes for a text": (pack({"t": "join", "id": b"a", "room": "a"}), "`$.id`"),
    "nil for a text": (pack({"t": "join", "id": None, "room": "a"}), "`$.id`"),
    "a text for a number": (pack({"t": "rooms", "re": "1"}), "`$.re`"),
    "a fraction for a number": (pack({"t": "rooms", "re": 1.0}), "`$.re`"),
    "a truth for a number": (pack({"t": "rooms", "re": True}), "`$.re`"),
    "a number below zero": (pack({"t": "rooms", "re": -1}), "`$.re`"),
    "a number too large": (pack({"t": "rooms", "re": 2**53 + 1}), "`$.re`"),
    "a number of 64 bits": (pack({"t": "hello", "version": 1, "cursor": 2**63}), "`$.cursor`"),
    "a number for a truth": (pack({"t": "hello", "version": 1, "live": 1}), "`$.live`"),
    "a word too long": (pack({"t": "rooms", "re": 1, "after": "é" * 129}), "`$.after`"),
    "a text for bytes": (pack({"t": "chunk", "up": "u", "at": 0, "data": "x"}), "`$.data`"),
    "nil for bytes": (pack({"t": "chunk", "up": "u", "at": 0, "data": None}), "`$.data`"),
    "a list for bytes": (pack({"t": "chunk", "up": "u", "at": 0, "data": [1]}), "`$.data`"),
    "a chunk that begins below zero": (
        pack({"t": "chunk", "up": "u", "at": -1, "data": b"x"}),
        "`$.at`",
    ),
    "a chunk without its bytes": (pack({"t": "chunk", "up": "u", "at": 0}), "field `data`"),
    "a size below zero": (pack({"t": "upload", "up": "u", "size": -1}), "`$.size`"),
    "a size that is a fraction": (pack({"t": "upload", "up": "u", "size": 4.0}), "`$.size`"),
    "a size beyond all files": (pack({"t": "upload", "up": "u", "size": 2**53 + 1}), "`$.size`"),
    "an upload without an id": (pack({"t": "upload", "size": 4}), "field `up`"),
    "an id too long": (pack({"t": "abandon", "up": "u" * 129}), "`$.up`"),
    "an id that is bytes": (pack({"t": "abandon", "up": b"u"}), "`$.up`"),
    "a hash that is bytes": (
        pack({"t": "seal", "up": "u", "size": 1, "sha256": b"\x00" * 32}),
        "`$.sha256`",
    ),
    "a message that is no number": (pack({"t": "fetch", "re": 1, "seq": "9"}), "`$.seq`"),
    "a download let go below zero": (pack({"t": "more", "re": 1, "upto": -1}), "`$.upto`"),
    "a download without a number": (pack({"t": "enough"}), "field `re`"),
    "a content that is a text": (said_with("file"), "`$.content`"),
    "a content that is a list": (said_with([]), "`$.content`"),
    "a kind that is a number": (said_with({"kind": 1}), "`$.content.kind`"),
    "a kind that is nil": (said_with({"kind": None}), "`$.content.kind`"),
    "a reply to nothing": (said_with({"reply": -1}), "`$.content.reply`"),
    "a language too long": (said_with({"lang": "x" * 129}), "`$.content.lang`"),
    "a file that is a text": (said_with({"file": "cat.png"}), "`$.content.file`"),
    "a file without an id": (said_with({"file": {"name": "cat.png"}}), "field `up`"),
    "a file without a name": (said_with({"file": {"up": "u"}}), "field `name`"),
    "a name too long": (
        said_with({"file": {"up": "u", "name": "x" * 1025}}),
        "`$.content.file.name`",
    ),
    "a file of less than nothing": (
        said_with({"file": {"up": "u", "name": "x", "size": -1}}),
        "`$.content.file.size`",
    ),
    "two types": (b"\x82\xa1t\xa4ping\xa1t\xa4pong", TYPE),
    "invalid UTF-8 in a field": (b"\x83\xa1t\xa4join\xa2id\xa1\xff\xa4room\xa1a", UTF8),
    "a lone surrogate": (b"\x83\xa1t\xa4join\xa2id\xa3\xed\xa0\x80\xa4room\xa1a", UTF8),
    "an overlong zero": (b"\x83\xa1t\xa4join\xa2id\xa2\xc0\x80\xa4room\xa1a", UTF8),
    "invalid UTF-8 in the type": (b"\x81\xa1t\xa2\xff\xff", UTF8),
    "nothing": (b"", WHOLE),
    "a map without its entries": (b"\x81", WHOLE),
    "a byte that MessagePack never uses": (b"\xc1", WHOLE),
    "a byte too many": (body(Ping()) + b"\x00", WHOLE),
    "two messages in one frame": (body(Ping()) * 2, WHOLE),
    "a map of four thousand million entries": (b"\xdf\xff\xff\xff\xff\xa1t\xa4ping", WHOLE),
    "a text of four thousand million bytes": (b"\x82\xa1t\xa4ping\xa1x\xdb\xff\xff\xff\xff", WHOLE),
    "lists within lists": (b"\x82\xa1t\xa4ping\xa1x" + b"\x91" * 65_000 + b"\xc0", "too deeply"),
    "maps within maps": (b"\x82\xa1t\xa4ping\xa1x" + b"\x81\xa1x" * 20_000 + b"\xc0", "too deeply"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_message_is_refused_by_name(name: str) -> None:
    """Each kind of bad frame gives the protocol fault, and its words say which kind it is."""
    frame, words = REFUSED[name]
    fault = fault_of(decode_from_client, frame)
    assert fault.code == Code.PROTOCOL
    assert words in fault.text


@pytest.mark.parametrize("cut", range(1, len(body(CLIENT[4]))))
def test_a_message_cut_short_is_refused(cut: int) -> None:
    """A frame that holds only the beginning of a message is refused, wherever it is cut."""
    assert fault_of(decode_from_client, body(CLIENT[4])[:cut]).code == Code.PROTOCOL


def test_a_client_may_not_speak_for_the_host() -> None:
    """What only a host may send is an unknown type from a client, and the other way round."""
    for spoken in HOST[len(BOTH) :]:
        assert fault_of(decode_from_client, body(spoken)).text == TYPE
    for asked in CLIENT[len(BOTH) :]:
        assert fault_of(decode_from_host, body(asked)).text == TYPE


# --- what is accepted although nobody should send it ----------------------------------------


def test_unknown_fields_are_ignored() -> None:
    """A newer peer may say more than this end knows, in any shape."""
    for extra in (1, "x", b"\xff", None, [1, [2]], {"a": {"b": 1}}, 1.5):
        assert decode_from_client(pack({"t": "ping", "new": extra})) == Ping()


@pytest.mark.parametrize("code", ["renew", "superseded", "one of the year 2040", ""])
def test_a_code_that_this_end_does_not_know_is_no_fault(code: str) -> None:
    """Codes are words and not types, so that new ones can be made: they are shown as they are."""
    told: tuple[Message, ...] = (Close(code, "x"), Error(code, "x", re=1), Notice(code, "x"))
    for message in told:
        assert decode_from_host(pack(as_map(message))) == message


def test_a_field_that_claims_an_author_changes_nothing() -> None:
    """A name in a frame is an unknown field like any other: the certificate says who speaks."""
    claimed = as_map(Say(id="a1", text="hi", room="lobby")) | {"author": "bob", "from": "bob"}
    assert decode_from_client(pack(claimed)) == Say(id="a1", text="hi", room="lobby")


def test_of_duplicate_fields_the_last_one_counts() -> None:
    """A key that comes twice is no fault."""
    frame = b"\x84\xa1t\xa5whois\xa2re\x01\xa4name\xa3bob\xa2re\x02"
    assert decode_from_client(frame) == Whois(re=2, name="bob")


def test_the_type_may_stand_anywhere_in_the_map() -> None:
    """Maps have no order: the tag need not come first."""
    assert decode_from_client(pack({"name": "bob", "re": 1, "t": "whois"})) == Whois(1, "bob")


def test_a_length_may_be_written_in_any_size() -> None:
    """The longest forms of MessagePack mean the same as the shortest."""
    frame = b"\xdf\0\0\0\x02\xdb\0\0\0\x01t\xd9\x05rooms\xda\0\x02re\xcf" + (3).to_bytes(8, "big")
    assert decode_from_client(frame) == decode_from_client(pack({"t": "rooms", "re": 3}))


def test_nesting_that_may_still_grow_is_followed() -> None:
    """An unknown field may be nested a hundred deep, far beyond any message of today."""
    assert decode_from_client(b"\x82\xa1t\xa4ping\xa1x" + b"\x91" * 100 + b"\xc0") == Ping()


# --- what this end may not send ------------------------------------------------------------


def test_half_a_character_is_not_sent() -> None:
    """A lone surrogate is this end's own fault, found before a byte leaves."""
    with pytest.raises(LocalProtocolError, match="Unicode"):
        encode(Say(id="a1", text="\ud800", room="lobby"))


def test_a_body_over_the_bound_is_not_sent() -> None:
    """A frame that the peer would close the connection for does not leave."""
    most = Limits().frame_bytes
    text = "x" * (most - len(body(Close("bye"))) - 2)
    assert len(body(Close("bye", text))) == most
    encode(Close("bye", text))
    with pytest.raises(LocalProtocolError, match=f"{most + 1} bytes"):
        encode(Close("bye", text + "x"))


def test_the_bound_of_a_body_can_be_given() -> None:
    """Another bound than the usual one holds when it is asked for."""
    with pytest.raises(LocalProtocolError, match="at most 3"):
        encode(Ping(), 3)


@given(
    st.one_of(
        st.builds(
            Chunk, st.text("abc-", min_size=1, max_size=64), st.integers(0, 2**50), st.just(b"")
        ),
        st.builds(Piece, st.integers(0, 2**32), st.integers(0, 2**50), st.just(b"")),
    ),
    st.integers(0, 1_000),
    st.sampled_from([1, 2, 255, 256, 257, 64_512, 70_000]),
)
@example(Piece(1, 0, b""), 1_000, 70_000)
def test_bytes_of_a_file_are_cut_into_the_frames_of_their_pieces(
    first: Chunk | Piece, few: int, size: int
) -> None:
    """Each is the very frame that its message would have, whichever length its bytes have."""
    data = bytes(range(256)) * (few * size // 64_000 + 1) + bytes(few)
    cuts = range(0, len(data), size)
    pieces = [
        msgspec.structs.replace(first, at=first.at + cut, data=data[cut : cut + size])
        for cut in cuts
    ]
    assert encode_cut(first, data, size, 80_000) == [encode(each, 80_000) for each in pieces]


def test_a_piece_that_is_too_long_for_a_frame_is_refused() -> None:
    """As any other message; the last length that fits is accepted."""
    first = Piece(1, 0, b"")
    fits = Limits().frame_bytes - len(body(Piece(1, 0, b"x" * 60_000))) + 60_000
    assert len(encode_cut(first, bytes(fits), 70_000)) == 1
    with pytest.raises(LocalProtocolError) as caught:
        encode_cut(first, bytes(fits + 1), 70_000)
    assert "a piece cannot be sent" in str(caught.value)
    assert "65537 bytes" in caught.value.why
