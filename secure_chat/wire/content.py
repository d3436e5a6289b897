"""What a message is when it is more than plain text: its kind, its format, what it refers to.

Pure values, carried by `Say` and `Said`, made by whoever says something, judged and completed by
the hub, kept by the log. One struct for all kinds: a program that does not know a kind can still
read the message, and says politely that it cannot show it.
"""

from enum import StrEnum

from msgspec import Struct

from secure_chat.wire.part import Count, Line, Seq, Word

__all__ = ["Attached", "Content", "ContentKind", "Format"]


class ContentKind(StrEnum):
    """What a message is; an end that does not know the word says so in a line of its own."""

    TEXT = ""
    REACTION = "reaction"
    EDIT = "edit"
    DELETION = "deletion"
    FILE = "file"
    FOLDER = "folder"
    STREAM = "stream"
    STREAM_END = "stream-end"
    # What is left of a message that its author deleted; only a host makes these.
    DELETED = "deleted"


class Format(StrEnum):
    """How a text is to be shown; an unknown one is shown as plain."""

    PLAIN = ""
    MARKDOWN = "markdown"
    CODE = "code"
    JSON = "json"


class Attached(Struct, frozen=True, omit_defaults=True, gc=False):
    """A file that a message refers to; its bytes are fetched by the number of the message.

    Args:
        up: the author's id of the upload.
        name: what it is called; a suggestion, hostile text like everything a peer writes.
        type: its media type (IANA), as the author's program judged it by the first bytes.
        size: how many bytes, filled in by the host; 0 for a stream that is not finished.
        sha256: lower-case hex, filled in by the host; "" for a stream that is not finished.
    """

    up: Word
    name: Line
    type: Word = ""
    size: Count = 0
    sha256: Word = ""


class Content(Struct, frozen=True, omit_defaults=True, gc=False):
    """What a message is beside its text.

    Args:
        kind: a word of `ContentKind`.
        format: a word of `Format`: how the text is to be shown.
        lang: the language of code, "" when nobody said.
        reply: the message that this one answers, 0 for none.
        of: the message that a reaction, an edit, a deletion or a stream's end is about.
        file: what a file, a folder (its manifest), a stream or its end refers to.
        entries: how many files a folder has, by its author's word.
        total: how many bytes the files of a folder have together, by its author's word.
        edited: the edit that gave the message its text, 0 for none; filled in by the host.
    """

    kind: Word = ""
    format: Word = ""
    lang: Word = ""
    reply: Seq = 0
    of: Seq = 0
    file: Attached | None = None
    entries: Count = 0
    total: Count = 0
    edited: Seq = 0
