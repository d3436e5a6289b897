"""Turns messages into frames and the bodies of frames into messages.

Pure functions without state of their own, used from every thread that speaks the protocol. Nothing
a peer sends can raise anything but `RemoteProtocolError` out of here, and no byte that a peer sent
is repeated in the words of that error.
"""

from typing import Final

from msgspec import DecodeError, ValidationError
from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from secure_chat.errors import LocalProtocolError, RemoteProtocolError
from secure_chat.limits import Limits
from secure_chat.wire.framing import PREFIX_BYTES
from secure_chat.wire.messages import Chunk, Code, FromClient, FromHost, Part, Piece

__all__ = ["decode_from_client", "decode_from_host", "encode", "encode_cut", "fault_of", "tag_of"]

_MOST = Limits().frame_bytes
_ENCODER = Encoder()
_FROM_CLIENT: Decoder[FromClient] = Decoder(FromClient)
_FROM_HOST: Decoder[FromHost] = Decoder(FromHost)

# How MessagePack says that so many bytes follow: the most of them, the mark, and its own length.
_BYTES_AHEAD: Final = ((0xFF, b"\xc4", 1), (0xFFFF, b"\xc5", 2), (0xFFFF_FFFF, b"\xc6", 4))
_NO_BYTES: Final = b"\xc4\x00"

# msgspec's sentences that begin so are made of our own field and type names only. Those of an
# unknown type quote the peer, so that one is said in our words.
_OUR_WORDS = ("Expected ", "Object missing ")


def encode(message: Part, most: int = _MOST) -> bytes:
    """Make the frame of a message: length, then body.

    Args:
        message: any message of the protocol.
        most: the longest body in bytes; a peer closes the connection at a longer one.

    Raises:
        LocalProtocolError: the body would be too long, or a text holds half a character (a lone
            surrogate), which UTF-8 cannot say.
    """
    try:
        body = _ENCODER.encode(message)
    except UnicodeEncodeError as error:
        raise LocalProtocolError(
            f"a {tag_of(type(message))} cannot be sent", why="its text is not valid Unicode"
        ) from error
    length = len(body)
    if length > most:
        raise _too_long(message, length, most)
    return length.to_bytes(PREFIX_BYTES, "big") + body


def encode_cut(first: Chunk | Piece, data: bytes, size: int, most: int = _MOST) -> list[bytes]:
    """Make the frames of bytes of a file, as `encode` would; each byte is copied once.

    Args:
        first: what carries the first of them, with no data.
        data: the bytes that follow each other from there on.
        size: how many go into a frame.
        most: as in `encode`.

    Raises:
        LocalProtocolError: a body would be too long.
    """
    view = memoryview(data)
    cuts = range(0, len(data), size)
    return [
        _around(replace(first, at=first.at + cut), view[cut : cut + size], most) for cut in cuts
    ]


def _around(message: Chunk | Piece, data: memoryview, most: int) -> bytes:
    """Return the frame of a message whose last field is to be these bytes; it has none yet."""
    said = _ENCODER.encode(message).removesuffix(_NO_BYTES)
    mark, width = next((mark, width) for top, mark, width in _BYTES_AHEAD if len(data) <= top)
    head = said + mark + len(data).to_bytes(width, "big")
    length = len(head) + len(data)
    if length > most:
        raise _too_long(message, length, most)
    return b"".join((length.to_bytes(PREFIX_BYTES, "big"), head, data))


def _too_long(message: Part, length: int, most: int) -> LocalProtocolError:
    return LocalProtocolError(
        f"a {tag_of(type(message))} cannot be sent",
        why=f"its frame has {length} bytes, at most {most} are accepted",
    )


def decode_from_client(frame: bytes | memoryview) -> FromClient:
    """Read what a client sent.

    Args:
        frame: the body of one frame, without its length.

    Raises:
        RemoteProtocolError: it is no message that a client may send.
    """
    try:
        return _FROM_CLIENT.decode(frame)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise fault_of(error) from error


def decode_from_host(frame: bytes | memoryview) -> FromHost:
    """Read what a host sent.

    Args:
        frame: the body of one frame, without its length.

    Raises:
        RemoteProtocolError: it is no message that a host may send.
    """
    try:
        return _FROM_HOST.decode(frame)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise fault_of(error) from error


def tag_of(kind: type[Part]) -> str:
    """Return the word under `t` that names a type of message."""
    return kind.__name__.lower()


def fault_of(error: DecodeError | UnicodeDecodeError | RecursionError) -> RemoteProtocolError:
    """Return what is wrong with a body, in words that hold nothing of it."""
    words = str(error)
    if isinstance(error, RecursionError):
        text = "the frame is nested too deeply"
    elif isinstance(error, UnicodeDecodeError):
        text = "a text in the frame is not valid UTF-8"
    elif not isinstance(error, ValidationError):
        text = "the frame is not one whole MessagePack value"
    elif words.startswith(_OUR_WORDS):
        text = f"the frame is not a message of this protocol: {words}"
    else:
        text = "the frame is of a type that this end does not know"
    return RemoteProtocolError(Code.PROTOCOL, text)
