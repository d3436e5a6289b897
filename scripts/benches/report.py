"""Measured figures, the ratios between peers, how both are printed, and what is to be drawn.

Every bench gives back a list of `Figure`; nothing else of it is known here. Ratios are taken pair
by pair within a round, because on a shared machine the rounds differ more than the programs do.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

__all__ = ["OURS", "Figure", "Goal", "Panel", "as_json", "middle", "table"]

OURS: Final = "securechat"
# The width of a ratio in words, so that verdicts stand below each other.
_COMPARED: Final = 37


@dataclass(frozen=True)
class Figure:
    """One measured value.

    Args:
        quantity: what was measured and in which unit: `CPU us/delivery`.
        setting: under which circumstances: `100 receivers`.
        peer: of whom.
        number: in which round, from 0.
        value: the value.
        void: why it does not count, "" when it does.
    """

    quantity: str
    setting: str
    peer: str
    number: int
    value: float
    void: str = ""


@dataclass(frozen=True)
class Goal:
    """What a ratio of ours to a peer's should be, or our value by itself.

    Args:
        quantity: of which quantity.
        setting: under which circumstances.
        peer: against whom; `OURS` for our value by itself.
        bound: the ratio, or the value in the quantity's unit.
        least: True when more is better, so that the bound is the least that is allowed.
    """

    quantity: str
    setting: str
    peer: str
    bound: float
    least: bool = False

    def verdict(self, reached: float) -> str:
        """Say how a ratio, or our value, stands to the goal."""
        met = reached >= self.bound if self.least else reached <= self.bound
        return f"{'>=' if self.least else '<='} {self.bound:g} {'met' if met else 'MISSED'}"


@dataclass(frozen=True)
class Panel:
    """One drawing of figures whose settings are a number and its unit: `100 receivers`.

    Args:
        title: what is drawn, and in which unit.
        unit: which settings belong in it; it stands below the numbers.
        lines: what each line is called, by its quantity and peer; the first is the thick one.
    """

    title: str
    unit: str
    lines: Mapping[tuple[str, str], str]


def middle(values: Sequence[float]) -> str:
    """Return the median, the least and the most of some values in words."""
    if len(values) == 1:
        return _short(values[0])
    return f"{_short(median(values))} ({_short(min(values))} to {_short(max(values))})"


def table(figures: Sequence[Figure], goals: Iterable[Goal] = ()) -> str:
    """Return the figures as a table: a line for each quantity, setting and peer.

    The ratio is ours divided by the peer's, of the same round.
    """
    goal_of = {(goal.quantity, goal.setting, goal.peer): goal for goal in goals}
    lines: list[str] = []
    last = ""
    order = list(dict.fromkeys(f.quantity for f in figures))
    keys = dict.fromkeys((f.quantity, f.setting, f.peer) for f in figures)
    for quantity, setting, peer in sorted(keys, key=lambda key: order.index(key[0])):
        if quantity != last:
            lines += ["", f"{quantity}: median (least to most)"]
            last = quantity
        of_peer = _values(figures, quantity, setting, peer)
        shown = middle(list(of_peer.values())) if of_peer else _why_void(figures, quantity, peer)
        line = f"  {setting:30} {peer:22} {shown:>28}"
        ours = _values(figures, quantity, setting, OURS)
        reached = list(of_peer.values())
        compared = ""
        if peer != OURS:
            reached = [ours[n] / value for n, value in of_peer.items() if n in ours and value]
            compared = f"   ours/theirs {middle(reached):>22}" if reached else ""
        goal = goal_of.get((quantity, setting, peer))
        verdict = f"   {goal.verdict(median(reached))}" if goal and reached else ""
        line += f"{compared:{_COMPARED if verdict else 0}}{verdict}"
        lines.append(line)
    return "\n".join(lines[1:])


def as_json(figures: Iterable[Figure]) -> str:
    """Return the figures as one line of JSON each."""
    return "\n".join(json.dumps(asdict(figure)) for figure in figures)


def _values(figures: Iterable[Figure], quantity: str, setting: str, peer: str) -> dict[int, float]:
    wanted = (quantity, setting, peer)
    return {
        f.number: f.value
        for f in figures
        if (f.quantity, f.setting, f.peer) == wanted and not f.void
    }


def _why_void(figures: Iterable[Figure], quantity: str, peer: str) -> str:
    return next(f.void for f in figures if (f.quantity, f.peer) == (quantity, peer) and f.void)


def _short(value: float) -> str:
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"
