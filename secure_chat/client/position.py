"""How far in the host's log a client is: one number, and what it says about the next entry.

Pure; owned by the client's session, on its worker's thread. Entries come in ascending order on
each connection, so what is not above the highest number seen has been shown already.
"""

from secure_chat.client.effects import Mode

__all__ = ["Position"]


class Position:
    """One client's place, across all its connections.

    Args:
        cursor: the last sequence number that an earlier run has shown; None before anything was.
        mode: whether the client is given messages, and how many old ones it wants at first.
    """

    def __init__(self, cursor: int | None, mode: Mode) -> None:
        self._mode = mode
        self._acked = 0
        self._asked = cursor
        self._caught_up = not mode.live
        self.seen = cursor

    @property
    def caught_up(self) -> bool:
        """Whether everything missed is here, so that another connection could take over."""
        return self._caught_up

    @property
    def complete(self) -> bool:
        """Whether what was said by us and acknowledged has come back to us too."""
        return not self._mode.live or (self.seen or 0) >= self._acked

    def ask(self) -> int | None:
        """Return the cursor that a new connection is to go on from."""
        self._asked = self.seen
        return self.seen

    def advance(self, seq: int) -> bool:
        """Go on to an entry; False when it is a repeat."""
        if self.seen is not None and seq <= self.seen:
            return False
        self.seen = seq
        return True

    def live(self, seq: int) -> int:
        """Everything for us up to `seq` has come; returns what is seen then."""
        self._caught_up = True
        self.seen = max(seq, self.seen or 0)
        return self.seen

    def acked(self, seq: int) -> None:
        """What we said is stored under this number."""
        self._acked = max(self._acked, seq)

    def lost(self) -> None:
        """There is no connection any more."""
        self._caught_up = not self._mode.live

    def is_ahead(self, head: int) -> bool:
        """Tell whether a host's log is shorter than our cursor: it has begun a new one.

        What counts is the cursor that the host was told. The connection beside which this one was
        made may have brought us further meanwhile.
        """
        return self._mode.live and self._asked is not None and self._asked > head

    def welcome(self, head: int) -> int | None:
        """Take in what the welcome alone says about how far everything is shown.

        A first run that wants no history has seen everything there is; a new log's numbers must
        not be taken for repeats.

        Args:
            head: the newest number of the log.

        Returns:
            The cursor to keep, None when the welcome says nothing about it.
        """
        if not self._mode.live:
            return None
        if self.is_ahead(head):
            self.seen, self._acked = head, 0
        elif self.seen is None:
            self.seen = None if self._mode.history else head
        else:
            return None
        return self.seen
