"""The numbers that stand for names of people and rooms in the log, as the writer keeps them.

Owned by `log.sqlite`, used on the hub's thread only. It must never keep a number for a name whose
transaction did not happen.
"""

from collections.abc import Iterable

__all__ = ["Numbers"]


class Numbers(dict[str, int]):
    """Name to number; a name met for the first time gets the next number and is noted as fresh.

    A dict, so that a name known already costs one look-up in C; that is twice for each message.

    Args:
        known: names and numbers in the file; numbers start at 1 and have no gaps.

    Attributes:
        fresh: numbers and names that the file does not have yet.
    """

    def __init__(self, known: Iterable[tuple[str, int]]) -> None:
        super().__init__(known)
        self.fresh: list[tuple[int, str]] = []

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self) + 1
        self.fresh.append((number, name))
        return number

    def keep(self) -> None:
        """Take the fresh names for known: the transaction that stored them is committed."""
        self.fresh.clear()

    def forget(self) -> None:
        """Take the fresh names back: the transaction that would have stored them failed."""
        for _, name in self.fresh:
            del self[name]
        self.fresh.clear()
