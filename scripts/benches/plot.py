"""Draws quantities against the number each setting begins with, both on logarithmic scales.

A line goes through the medians of what was measured, and what lies between its least and its most
is shaded. Ours is the thick one. Every line is labelled where it ends. Several panels stand beside
each other in one file.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from scripts.benches.report import Figure, Panel, middle

__all__ = ["plot"]

_OURS: Final = "#c2185b"
# Told apart by most people who see colours differently, and in grey by their markers.
_OTHERS: Final = ("#0072b2", "#009e73", "#c98500", "#1799b5", "#7b5ea7", "#8c6d46", "#555555")
_MARKERS: Final = "sD^vPX*"
_GREY: Final = "#666666"
_COLUMNS: Final = 2
# Of a panel that stands alone, and of one among others.
_LARGE: Final = (9.0, 5.6)
_SMALL: Final = (7.6, 4.3)
_DOTS: Final = 160
_MARGIN: Final = 0.15
# Labels keep so many inches between them.
_GAP: Final = 0.24
# The scale covers this ratio at least, or the noise of a level line would look like a mountain.
_LEAST_SPAN: Final = 10.0

# What was measured at each number: of a line, by the number.
_Curve = dict[float, list[float]]


def plot(figures: Sequence[Figure], path: Path, panels: Iterable[Panel]) -> None:
    """Draw panels into a PNG file.

    Args:
        figures: what was measured; those that no panel shows and those that do not count are
            left out.
        path: the file.
        panels: what is drawn; one of which nothing was measured is left out.

    Raises:
        ValueError: there is nothing to draw.
    """
    drawn = [(panel, curves) for panel in panels if (curves := _curves(figures, panel))]
    if not drawn:
        raise ValueError("nothing of what would be drawn was measured")
    columns = min(_COLUMNS, len(drawn))
    rows = math.ceil(len(drawn) / columns)
    width, height = _SMALL if len(drawn) > 1 else _LARGE
    margins = ConstrainedLayoutEngine(w_pad=_MARGIN, h_pad=_MARGIN)
    sheet = Sheet(figsize=(width * columns, height * rows), dpi=_DOTS, layout=margins)
    for place, (panel, curves) in enumerate(drawn, 1):
        axes = sheet.add_subplot(rows, columns, place)
        colours = _draw(axes, curves, ours=next(iter(panel.lines.values())))
        _dress(axes, curves, panel)
        _label(axes, curves, colours, gap=_GAP / height)
    sheet.savefig(path)


def _curves(figures: Iterable[Figure], panel: Panel) -> dict[str, _Curve]:
    curves: dict[str, _Curve] = {}
    for figure in figures:
        number, _, unit = figure.setting.partition(" ")
        line = panel.lines.get((figure.quantity, figure.peer))
        if line is not None and unit == panel.unit and not figure.void:
            x = float(number.replace(",", ""))
            curves.setdefault(line, {}).setdefault(x, []).append(figure.value)
    return {line: dict(sorted(curve.items())) for line, curve in curves.items()}


def _draw(axes: Axes, curves: Mapping[str, _Curve], ours: str) -> dict[str, str]:
    styles = cycle(zip(_OTHERS, _MARKERS, strict=True))
    colours: dict[str, str] = {}
    for line, curve in curves.items():
        thick = line == ours
        colour, marker = (_OURS, "o") if thick else next(styles)
        colours[line] = colour
        xs, values = list(curve), list(curve.values())
        least, most = [min(some) for some in values], [max(some) for some in values]
        axes.fill_between(xs, least, most, color=colour, alpha=0.16, linewidth=0)
        axes.plot(
            xs,
            [median(some) for some in values],
            color=colour,
            marker=marker,
            markersize=7 if thick else 5,
            linewidth=3 if thick else 1.6,
            zorder=3 if thick else 2,
        )
    return colours


def _dress(axes: Axes, curves: Mapping[str, _Curve], panel: Panel) -> None:
    rounds = max(len(some) for curve in curves.values() for some in curve.values())
    what = f"median of {rounds} rounds; shaded from the least to the most" if rounds > 1 else ""
    axes.set_title(panel.title, loc="left", fontsize=13, fontweight="bold", pad=24)
    axes.text(0, 1.02, what, transform=axes.transAxes, color=_GREY, fontsize=9, va="bottom")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(panel.unit, color=_GREY)
    axes.set_xticks(sorted({x for curve in curves.values() for x in curve}))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(_widened(*axes.get_ylim()))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.tick_params(length=0, colors=_GREY)
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


def _widened(low: float, high: float) -> tuple[float, float]:
    """Return bounds around the same middle that are far enough apart."""
    more = math.sqrt(max(1.0, _LEAST_SPAN * low / high))
    return low / more, high * more


def _label(
    axes: Axes, curves: Mapping[str, _Curve], colours: Mapping[str, str], gap: float
) -> None:
    ends = {line: median(list(curve.values())[-1]) for line, curve in curves.items()}
    lines = sorted(ends, key=lambda line: ends[line])
    low, high = (math.log10(bound) for bound in axes.get_ylim())
    wanted = [(math.log10(ends[line]) - low) / (high - low) for line in lines]
    for line, height in zip(lines, _apart(wanted, gap), strict=True):
        axes.text(
            1.02,
            height,
            f"{line}  {middle([ends[line]])}",
            transform=axes.transAxes,
            color=colours[line],
            fontweight="bold" if colours[line] == _OURS else "normal",
            va="center",
        )


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return ascending heights moved as little as makes the labels readable."""
    groups: list[tuple[float, int]] = []
    for height in heights:
        groups.append((height, 1))
        # A group is as wide as its labels; two that touch become one around their middle.
        while len(groups) > 1 and _touch(groups[-2], groups[-1], gap):
            (one, few), (other, more) = groups[-2:]
            groups[-2:] = [((one * few + other * more) / (few + more), few + more)]
    return [
        middle + (place - (size - 1) / 2) * gap for middle, size in groups for place in range(size)
    ]


def _touch(below: tuple[float, int], above: tuple[float, int], gap: float) -> bool:
    return above[0] - below[0] < (below[1] + above[1]) / 2 * gap
