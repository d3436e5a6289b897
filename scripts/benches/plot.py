"""Draws a quantity against the number each setting begins with, both on logarithmic scales.

A line goes through the medians of each peer, and what lies between its least and its most is
shaded. Ours is the thick one. Every line is labelled where it ends.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from scripts.benches.report import OURS, Figure, middle

__all__ = ["plot"]

_OURS: Final = "#c2185b"
# Told apart by most people who see colours differently, and in grey by their markers.
_OTHERS: Final = ("#0072b2", "#009e73", "#c98500", "#1799b5", "#7b5ea7", "#8c6d46", "#555555")
_MARKERS: Final = "sD^vPX*"
_GREY: Final = "#666666"
_INCHES: Final = (9.0, 5.6)
_DOTS: Final = 160
_MARGIN: Final = 0.15
# Labels keep so much of the height of the axes between them.
_GAP: Final = 0.048

# What was measured at each number: of a peer, by the number.
_Curve = dict[float, list[float]]


def plot(figures: Iterable[Figure], path: Path, *, quantity: str, x_label: str) -> None:
    """Draw one quantity into a PNG file.

    Args:
        figures: what was measured; those of other quantities and those that do not count are
            left out.
        path: the file.
        quantity: what is drawn; it is also the title.
        x_label: what the number is that each setting begins with: the 100 of `100 receivers`.

    Raises:
        ValueError: there is nothing to draw.
    """
    curves = _curves(figures, quantity)
    if not curves:
        raise ValueError(f"no figure of {quantity} counts")
    margins = ConstrainedLayoutEngine(w_pad=_MARGIN, h_pad=_MARGIN)
    sheet = Sheet(figsize=_INCHES, dpi=_DOTS, layout=margins)
    axes = sheet.add_subplot()
    colours = _draw(axes, curves)
    _dress(axes, curves, quantity, x_label)
    _label(axes, curves, colours)
    sheet.savefig(path)


def _curves(figures: Iterable[Figure], quantity: str) -> dict[str, _Curve]:
    curves: dict[str, _Curve] = {}
    for figure in figures:
        if figure.quantity == quantity and not figure.void:
            x = float(figure.setting.split()[0].replace(",", ""))
            curves.setdefault(figure.peer, {}).setdefault(x, []).append(figure.value)
    return {peer: dict(sorted(curve.items())) for peer, curve in curves.items()}


def _draw(axes: Axes, curves: dict[str, _Curve]) -> dict[str, str]:
    styles = cycle(zip(_OTHERS, _MARKERS, strict=True))
    colours: dict[str, str] = {}
    for peer, curve in curves.items():
        ours = peer == OURS
        colour, marker = (_OURS, "o") if ours else next(styles)
        colours[peer] = colour
        xs, values = list(curve), list(curve.values())
        least, most = [min(some) for some in values], [max(some) for some in values]
        axes.fill_between(xs, least, most, color=colour, alpha=0.16, linewidth=0)
        axes.plot(
            xs,
            [median(some) for some in values],
            color=colour,
            marker=marker,
            markersize=7 if ours else 5,
            linewidth=3 if ours else 1.6,
            zorder=3 if ours else 2,
        )
    return colours


def _dress(axes: Axes, curves: dict[str, _Curve], quantity: str, x_label: str) -> None:
    rounds = max(len(some) for curve in curves.values() for some in curve.values())
    what = f"median of {rounds} rounds; shaded from the least to the most" if rounds > 1 else ""
    axes.set_title(quantity, loc="left", fontsize=13, fontweight="bold", pad=24)
    axes.text(0, 1.02, what, transform=axes.transAxes, color=_GREY, fontsize=9, va="bottom")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(x_label, color=_GREY)
    axes.set_xticks(sorted({x for curve in curves.values() for x in curve}))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.tick_params(length=0, colors=_GREY)
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


def _label(axes: Axes, curves: dict[str, _Curve], colours: dict[str, str]) -> None:
    ends = {peer: median(list(curve.values())[-1]) for peer, curve in curves.items()}
    peers = sorted(ends, key=lambda peer: ends[peer])
    low, high = (math.log10(bound) for bound in axes.get_ylim())
    wanted = [(math.log10(ends[peer]) - low) / (high - low) for peer in peers]
    for peer, height in zip(peers, _apart(wanted), strict=True):
        axes.text(
            1.02,
            height,
            f"{peer}  {middle([ends[peer]])}",
            transform=axes.transAxes,
            color=colours[peer],
            fontweight="bold" if peer == OURS else "normal",
            va="center",
        )


def _apart(heights: Sequence[float]) -> list[float]:
    """Return ascending heights moved as little as makes the labels readable."""
    groups: list[tuple[float, int]] = []
    for height in heights:
        groups.append((height, 1))
        # A group is as wide as its labels; two that touch become one around their middle.
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < _reach(groups[-2], groups[-1]):
            (one, few), (other, more) = groups[-2:]
            groups[-2:] = [((one * few + other * more) / (few + more), few + more)]
    return [
        middle + (place - (size - 1) / 2) * _GAP for middle, size in groups for place in range(size)
    ]


def _reach(below: tuple[float, int], above: tuple[float, int]) -> float:
    return (below[1] + above[1]) / 2 * _GAP
