"""How much a person may say: a bucket of tokens that may fall into debt.

Owned by the hub's thread, one bucket a person; pure, time comes as an argument. It never refuses:
what has arrived is taken, and the answer is how long not to read on.
"""

from dataclasses import dataclass

__all__ = ["Bucket"]


@dataclass(slots=True)
class Bucket:
    """Tokens of one person, whichever of their connections spends them.

    Args:
        rate: tokens that come back each second; 0 means that nothing is counted.
        burst: the most tokens it holds.
        level: tokens now, below zero after more than the share was said.
        at: when the level was computed, seconds on the monotonic clock.
        slowed: whether the person was told in this episode.
    """

    rate: float
    burst: float
    level: float
    at: float
    slowed: bool = False

    def take(self, amount: int, now: float) -> float:
        """Spend tokens and return how many seconds not to read on, 0.0 for go on.

        An episode of being slowed ends when half of the burst has come back, so a steady flood is
        one episode and not one for each pause.

        Args:
            amount: messages that have arrived.
            now: seconds on the monotonic clock.
        """
        if not self.rate:
            return 0.0
        level = min(self.burst, self.level + (now - self.at) * self.rate)
        if level * 2 >= self.burst:
            self.slowed = False
        self.at = now
        self.level = level = level - amount
        return 0.0 if level >= 0 else -level / self.rate
