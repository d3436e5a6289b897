"""What is posted to the depot, and what it asks of the hub's thread.

Plain values. Whoever posts them is named; nothing here decides.
"""

from dataclasses import dataclass

from secure_chat.server.depot.toll import Toll
from secure_chat.wire.messages import Abandon, Chunk, Enough, More, Seal, Upload

__all__ = [
    "Asked",
    "Brought",
    "Deleted",
    "Gone",
    "Referred",
    "Sift",
    "Sifted",
    "Stop",
    "Synced",
    "Unloaded",
]

Asked = Upload | Chunk | Seal | Abandon | More | Enough


@dataclass(frozen=True, slots=True)
class Brought:
    """Messages about files came from a peer, in this order; posted by its edge.

    Args:
        conn: the connection.
        toll: its account, with the person's name.
        messages: only those about files.
    """

    conn: int
    toll: Toll
    messages: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """A connection is over; posted by its edge, behind everything else of it."""

    conn: int


@dataclass(frozen=True, slots=True)
class Unloaded:
    """A peer has room for more pieces; posted by its edge."""

    conn: int


@dataclass(frozen=True, slots=True)
class Referred:
    """Messages that refer to these uploads are committed; posted by the hub's thread."""

    ups: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Deleted:
    """These people have deleted messages; posted by the hub's thread behind the commit."""

    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sift:
    """Asks the hub's thread which uploads no message refers to; answered by `Sifted`.

    The hub forgets those, so that no message refers to one while its bytes are being deleted.
    """

    ups: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sifted:
    """The hub's thread's answer: these of the uploads asked about are referred to."""

    referred: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Synced:
    """A part file is on the disk, or could not be brought there; posted by the syncer.

    Args:
        number: the upload.
        error: what the system said, None when all is well.
    """

    number: int
    error: OSError | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Asks the depot's thread to end."""
