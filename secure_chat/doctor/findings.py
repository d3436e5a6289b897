"""What an examination finds: one value for each question, with how bad the answer is.

Pure values; nothing here looks at anything or prints. A finding's id names the trouble that was
looked for, and scripts rely on it; its texts may hold what peers and files say, so whoever prints
them makes them printable first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Area", "Finding", "Level", "Summary", "settled"]


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question.

    Args:
        area: what it is about.
        id: the trouble that was looked for, a word with hyphens; the same when it is not there.
        level: `ok` when it is not there; `note` when it is worth knowing and does no harm;
            `warning` when it may do harm; `fault` when something does not work or is not safe.
        what: one sentence without a full stop: what was found.
        why: the reason, or why it matters.
        hint: what to do.
        where: the file or address that it is about, "" for none.
    """

    area: "Area"
    id: str
    level: Level
    what: str
    why: str = ""
    hint: str = ""
    where: str = ""


class Area(StrEnum):
    """What a finding is about, in the order in which they are looked at."""

    PROGRAM = "program"
    CERTIFICATES = "certificates"
    DATA = "data"
    CLOCK = "clock"
    NETWORK = "network"

    def ok(self, id_: str, what: str, why: str = "", where: object = "") -> Finding:
        """Return a good answer."""
        return Finding(self, id_, Level.OK, what, why, where=str(where))

    def note(
        self, id_: str, what: str, *, why: str = "", hint: str = "", where: object = ""
    ) -> Finding:
        """Return what is worth knowing and does no harm."""
        return Finding(self, id_, Level.NOTE, what, why, hint, str(where))

    def warning(
        self, id_: str, what: str, *, why: str = "", hint: str = "", where: object = ""
    ) -> Finding:
        """Return what may do harm."""
        return Finding(self, id_, Level.WARNING, what, why, hint, str(where))

    def fault(
        self, id_: str, what: str, *, why: str = "", hint: str = "", where: object = ""
    ) -> Finding:
        """Return what does not work, or is not safe."""
        return Finding(self, id_, Level.FAULT, what, why, hint, str(where))


@dataclass(frozen=True, slots=True)
class Summary:
    """How many findings there are of each level.

    Args:
        ok: good answers.
        notes: see `Level`.
        warnings: see `Level`.
        faults: see `Level`.
    """

    ok: int = 0
    notes: int = 0
    warnings: int = 0
    faults: int = 0

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "Summary":
        """Count findings."""
        levels = [finding.level for finding in findings]
        return cls(*(levels.count(level) for level in Level))

    @property
    def well(self) -> bool:
        """Whether there is neither a warning nor a fault."""
        return not (self.warnings or self.faults)


def settled(bad: Iterable[Finding], good: Finding) -> list[Finding]:
    """Return what is bad, or the good answer when nothing is."""
    return list(bad) or [good]
