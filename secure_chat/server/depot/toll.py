"""What connections have let in of files, and how much they may: shared by edges and the depot.

A `Toll` is made and counted up by the edge on its worker's thread, and by the depot on its own:
each number has one writer, and the other one only reads it. So the edge can refuse what was not
granted before it lies in an inbox, without asking anybody.
"""

from dataclasses import dataclass

__all__ = ["Toll", "Tolls"]


@dataclass(slots=True, eq=False)
class Toll:
    """One connection's account.

    Args:
        person: whose connection it is.
        came: bytes of chunks that have come; the edge's.
        asked: messages about files that have come; the edge's.
        over: whether the connection is gone; the edge's.
        bound: bytes of chunks that may have come; the depot's, raised before a grant is sent.
        taken: messages about files that the depot has looked at; the depot's.
    """

    person: str
    came: int = 0
    asked: int = 0
    over: bool = False
    bound: int = 0
    taken: int = 0


Tolls = dict[int, Toll]
"""The accounts of all connections that are open, by their numbers; edges add and take away."""
