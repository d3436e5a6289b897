"""What an entry is beside its text, as the file holds it, and what edits and deletions make of it.

Pure functions, used by the writer and the reader of the log, each on its own thread. They must
never be given bytes that the log itself did not write.
"""

from typing import Final, overload

from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from secure_chat.wire.messages import Content, ContentKind

__all__ = ["CONTENT_BYTES", "as_said", "edited", "pack_content", "tombstone", "unpack_content"]

# What `Said.content` costs in a frame beside its own bytes: the field's name and its length.
CONTENT_BYTES: Final = 8

_pack: Final = Encoder().encode
_unpack: Final = Decoder(Content).decode


def pack_content(content: Content | None) -> bytes | None:
    """Return a content as the file holds it.

    Args:
        content: what a message is beside its text, None for plain text.
    """
    return None if content is None else _pack(content)


@overload
def unpack_content(stored: bytes) -> Content: ...
@overload
def unpack_content(stored: None) -> None: ...
def unpack_content(stored: bytes | None) -> Content | None:
    """Return the content that `pack_content` packed.

    Args:
        stored: the column of an entry that was not deleted.
    """
    return None if stored is None else _unpack(stored)


def as_said(content: Content | None) -> Content | None:
    """Return a content without what the host fills in, so that a repetition compares equal.

    A stream that is offered again after its end was uploaded gets its size filled in, which it had
    not at first.

    Args:
        content: of a draft, or stored.
    """
    if content is None:
        return None
    file = None if content.file is None else replace(content.file, size=0, sha256="")
    return replace(content, file=file, edited=0)


def edited(own: Content | None, edit: Content, by: int) -> Content:
    """Return the content of a message that was edited.

    Args:
        own: what it was said with; its kind, its file and what it answers stay.
        edit: that of the edit; how the text is to be shown is of the edit.
        by: the number of the edit.
    """
    return replace(own or Content(), format=edit.format, lang=edit.lang, edited=by)


def tombstone(by: int) -> Content:
    """Return the content of what is left of a deleted message.

    Args:
        by: the number of the deletion.
    """
    return Content(kind=ContentKind.DELETED, of=by)
