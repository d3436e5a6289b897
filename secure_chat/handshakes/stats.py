"""What many handshakes were like: how they ended, at which end, and how long the good ones took.

Pure; takes one record after the other and stays small however many there are. Times fall into
buckets that grow by the same factor, so percentiles are off by `PRECISION` at most.
"""

from collections import Counter
from math import ceil, exp2, floor, log2
from typing import Any, Final, NamedTuple

from secure_chat.handshakes.record import HandshakeRecord

__all__ = ["PERCENTILES", "PRECISION", "Bar", "Durations", "Stats"]

_PER_OCTAVE: Final = 64
PRECISION: Final = 2 ** (0.5 / _PER_OCTAVE) - 1
"""A percentile is wrong by at most this part of itself: half a bucket, about 0.5 %."""

PERCENTILES: Final = (50, 90, 99)

_LEAST_MS: Final = 0.001
# Bars of a histogram stand for 1/8 of an octave to four of them.
_WIDTHS: Final = (8, 16, 32, 64, 128, 256)


class Bar(NamedTuple):
    """One line of a histogram.

    Args:
        low_ms: times from here on, milliseconds.
        high_ms: and below this.
        handshakes: how many.
    """

    low_ms: float
    high_ms: float
    handshakes: int


class Durations:
    """Times of any number of handshakes, in a few thousand buckets at most."""

    def __init__(self) -> None:
        self.count = 0
        self.longest_ms = 0.0
        """Exact."""
        self._buckets: Counter[int] = Counter()

    def add(self, ms: float) -> None:
        """Count one in.

        Args:
            ms: milliseconds; less than a microsecond counts as one.
        """
        self.count += 1
        self.longest_ms = max(self.longest_ms, ms)
        self._buckets[floor(log2(max(ms, _LEAST_MS)) * _PER_OCTAVE)] += 1

    def percentile(self, percent: float) -> float:
        """Return the time in milliseconds within which so many were done; 0 without any.

        Args:
            percent: above 0 and up to 100.
        """
        wanted = ceil(self.count * percent / 100)
        for bucket, number in sorted(self._buckets.items()):
            wanted -= number
            if wanted <= 0:
                return min(_edge(bucket + 0.5), self.longest_ms)
        return 0.0

    def bars(self, most: int) -> list[Bar]:
        """Return a histogram without empty ends.

        Args:
            most: so many bars at most, as long as that can be.
        """
        if not self._buckets:
            return []
        low, high = min(self._buckets), max(self._buckets)
        width = next((w for w in _WIDTHS if high // w - low // w < most), _WIDTHS[-1])
        counts: Counter[int] = Counter()
        for bucket, number in self._buckets.items():
            counts[bucket // width] += number
        return [
            Bar(_edge(bar * width), _edge((bar + 1) * width), counts[bar])
            for bar in range(low // width, high // width + 1)
        ]


class Stats:
    """Counts of handshakes; a line that stands for several counts as several."""

    def __init__(self) -> None:
        self.records = 0
        self.first = ""
        """When the earliest of them began, RFC 3339; "" without any."""
        self.last = ""
        self.results: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.durations = Durations()
        """Of those that were welcomed."""

    @property
    def handshakes(self) -> int:
        """How many there were."""
        return self.results.total()

    def add(self, record: HandshakeRecord) -> None:
        """Count a record in."""
        self.records += 1
        self.first = min(self.first or record.ts, record.ts)
        self.last = max(self.last, record.ts)
        self.results["ok" if record.established else "refused"] += record.count
        self.reasons[record.reason] += record.count
        self.ends[record.end] += record.count
        if record.established:
            self.durations.add(record.duration_ms)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as one value for scripts; times in milliseconds."""
        durations = self.durations
        return {
            "handshakes": self.handshakes,
            "records": self.records,
            "first": self.first or None,
            "last": self.last or None,
            "results": dict(self.results.most_common()),
            "reasons": dict(self.reasons.most_common()),
            "ends": dict(self.ends.most_common()),
            "established_ms": {
                "count": durations.count,
                **{f"p{p}": round(durations.percentile(p), 3) for p in PERCENTILES},
                "max": durations.longest_ms,
                "precision": round(PRECISION, 4),
            },
            "histogram": [
                {
                    "from_ms": round(bar.low_ms, 3),
                    "below_ms": round(bar.high_ms, 3),
                    "count": bar.handshakes,
                }
                for bar in durations.bars(most=12)
            ],
        }


def _edge(bucket: float) -> float:
    return exp2(bucket / _PER_OCTAVE)
