"""How much is kept, of whom and in all: what quotas are judged by.

Owned by the store, on the depot's thread; numbers only. An open upload counts with the size that
was declared for it, a stream with what has come of it.
"""

from dataclasses import dataclass

__all__ = ["Share", "Tally"]


@dataclass(slots=True)
class Share:
    """What one person has.

    Args:
        bytes: of all uploads, open ones as declared.
        uploads: how many.
    """

    bytes: int = 0
    uploads: int = 0


class Tally:
    """All numbers together.

    Attributes:
        stored: bytes of blobs, each once.
        declared: bytes that open uploads have or will have.
        written: bytes that have come of these.
    """

    __slots__ = ("_people", "declared", "stored", "written")

    def __init__(self) -> None:
        self._people: dict[str, Share] = {}
        self.stored = 0
        self.declared = 0
        self.written = 0

    @property
    def bytes(self) -> int:
        """Bytes of all files, open uploads as declared."""
        return self.stored + self.declared

    @property
    def promised(self) -> int:
        """Bytes that are still to come of open uploads."""
        return self.declared - self.written

    def share(self, person: str) -> Share:
        """Return what a person has."""
        return self._people.get(person) or Share()

    def add(self, person: str, size: int, uploads: int = 1) -> None:
        """Count uploads of a person; negative numbers take away.

        Args:
            person: whose.
            size: their bytes.
            uploads: how many.
        """
        share = self._people.setdefault(person, Share())
        share.bytes += size
        share.uploads += uploads
        if not share.uploads:
            del self._people[person]
