"""How the bytes of files travel: uploads in chunks, downloads in pieces, as far as granted.

Pure values, made by `client.transfer` and `server.depot`. Whoever sends bytes sends no more than
the other end has granted, so neither end holds much and a message that is said meanwhile waits
for at most so many bytes. An upload is named by an id of its author's choice, which means nothing
to anybody else; a download is asked for by the number of a message, never by a hash.
"""

from typing import Annotated

from msgspec import Meta

from secure_chat.wire.part import Count, Part, Seq, Word

__all__ = [
    "Abandon",
    "Chunk",
    "Enough",
    "Fetch",
    "Grant",
    "More",
    "Piece",
    "Placed",
    "Seal",
    "Sealed",
    "Sending",
    "Sent",
    "Upload",
]

Size = Annotated[int, Meta(ge=0, le=2**53)]


# --- what a client says --------------------------------------------------------------------


class Upload(Part, frozen=True):
    """Begin an upload, or go on with one; answered with `Placed` or an `Error` with `up`.

    Args:
        up: client-made, 1 to 64 characters of A-Z a-z 0-9 _ . : -, unique for the author for ever.
        size: how many bytes it will have; None for a stream, which ends when it ends.
        within: the upload of the folder's manifest that this one is a part of, "" for none.
    """

    up: Word
    size: Size | None = None
    within: Word = ""


class Chunk(Part, frozen=True):
    """The next bytes of an upload, never beyond what was granted.

    Args:
        up: the upload.
        at: where they belong: how many bytes came before.
        data: at least one byte, at most `chunk_bytes`.
    """

    up: Word
    at: Size
    data: bytes


class Seal(Part, frozen=True):
    """All bytes of an upload were sent; answered with `Sealed` once they are verified and synced.

    Args:
        up: the upload.
        size: how many bytes it has.
        sha256: their hash, lower-case hex.
    """

    up: Word
    size: Size
    sha256: Word


class Abandon(Part, frozen=True):
    """Forget an upload that is not sealed, and its bytes."""

    up: Word


class Fetch(Part, frozen=True):
    """Ask for the bytes of a message's file; answered with `Sending` or an `Error` with `re`.

    Args:
        re: a number of the client's choice that comes back with every piece.
        seq: the message.
        up: a file of the folder that the message refers to, by its upload id; "" for the message's
            own file (of a folder: its manifest).
        at: how many bytes the client has already.
        upto: how far pieces may go for now.
    """

    re: Count
    seq: Seq
    up: Word = ""
    at: Size = 0
    upto: Size = 0


class More(Part, frozen=True):
    """Let the pieces of a download go further."""

    re: Count
    upto: Size


class Enough(Part, frozen=True):
    """End a download before its end; there is no answer."""

    re: Count


# --- what a host says ----------------------------------------------------------------------


class Placed(Part, frozen=True):
    """An upload may begin or go on.

    Args:
        up: the upload.
        at: how many bytes the host has; go on from there.
        upto: how far chunks may go for now; more comes by `Grant`.
    """

    up: Word
    at: Size
    upto: Size


class Grant(Part, frozen=True):
    """Let the chunks of an upload go further."""

    up: Word
    upto: Size


class Sealed(Part, frozen=True):
    """An upload is whole, verified and on the disk: a message may refer to it from now on."""

    up: Word
    size: Size
    sha256: Word


class Sending(Part, frozen=True):
    """The bytes that were asked for follow.

    Args:
        re: the request's number.
        size: how many bytes the file has in all; None for a stream that is still being sent.
    """

    re: Count
    size: Size | None = None


class Piece(Part, frozen=True):
    """The next bytes of a download.

    Args:
        re: the request's number.
        at: where they belong.
        data: at least one byte.
    """

    re: Count
    at: Size
    data: bytes


class Sent(Part, frozen=True):
    """All bytes of a download were sent.

    Args:
        re: the request's number.
        size: how many bytes the file has in all.
        sha256: their hash, lower-case hex, as the author sealed it and the host verified it.
    """

    re: Count
    size: Size
    sha256: Word
