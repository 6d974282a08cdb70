"""Rectangles and lines: coordinates for a grid, its order and its heights.

Lengths are pixels, y grows downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.drawing.grid import crossings, ends, grid_of, levels, ordered, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.drawing.grid import Grid, Item, Tip
    from kgimport.drawing.layers import Part

Point = tuple[float, float]
# Level where y stays, a curve where it changes.
Line = tuple[Point, ...]

_COLUMN_GAP = 52.0
# How far a line stays level next to a column, so that an arrow's head is horizontal.
_STUB = 9.0
_PORT_GAP = 16.0
# A gap grows by a pixel for this many pixels that its lines climb, up to this much.
_SLOPE, _STEEPEST = 5.0, 100.0


@dataclass(frozen=True, slots=True)
class Rect:
    """A place, given by its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of boxes and labels by name, and each link's lines to its label and from there."""

    width: float
    height: float
    boxes: Mapping[int, Rect]
    labels: Mapping[int, Rect]
    lines: Mapping[int, tuple[Line, Line]]
    crossings: int = 0


def placed(part: Part, layers: Mapping[int, int]) -> Layout:
    """Return the layout of connected boxes; `layers` gives each one's, from 0 without holes."""
    grid = grid_of(part, layers)
    order = ordered(grid)
    ys = levels(grid, order)
    columns = _columns(grid, ys, len(order))
    rects = [_rect(item, y, columns[item.column]) for item, y in zip(grid.items, ys, strict=True)]
    labels = dict(zip(part.links, rects[len(part.sizes) :], strict=False))
    return Layout(
        width=columns[-1][1],
        height=max(rect.y + rect.height for rect in rects),
        boxes=dict(zip(part.sizes, rects, strict=False)),
        labels=labels,
        lines=_lines(grid, ys, rects, columns),
        crossings=crossings(grid, order),
    )


def _columns(grid: Grid, ys: list[float], count: int) -> list[tuple[float, float]]:
    """Return the left and right end of each column.

    The steeper the lines between, the wider the gap.
    """
    steep = [0.0] * count
    for _, _, a, b in grid.steps():
        column = max(grid.items[a].column, grid.items[b].column)
        off = abs(ys[a] - ys[b]) - grid.items[a].reach - grid.items[b].reach
        steep[column] = max(steep[column], off)
    x, columns = -_COLUMN_GAP, []
    for column in range(count):
        left = x + _COLUMN_GAP + min(steep[column] / _SLOPE, _STEEPEST)
        x = left + max(item.width for item in grid.items if item.column == column)
        columns.append((left, x))
    return columns


def _rect(item: Item, y: float, column: tuple[float, float]) -> Rect:
    """Return a box as wide as its column, or a label in the middle."""
    left, right = column
    width = right - left if item.kind == "box" else item.width
    return Rect((left + right - width) / 2, y - item.height / 2, width, item.height)


def _lines(
    grid: Grid, ys: list[float], rects: list[Rect], columns: list[tuple[float, float]]
) -> dict[int, tuple[Line, Line]]:
    ports = _ports(grid, ys)
    halves: dict[tuple[int, bool], list[Point]] = {}
    past_label = dict.fromkeys(grid.ways, False)
    for name, step, a, b in grid.steps():
        past_label[name] |= grid.items[a].kind == "label"
        side = 1 if grid.items[a].column < grid.items[b].column else -1
        points = halves.setdefault((name, past_label[name]), [])
        points += _edge(rects[a], columns[grid.items[a].column], ports[name, step, 0], side)
        points += _edge(rects[b], columns[grid.items[b].column], ports[name, step, 1], -side)[::-1]
    return {n: (tuple(halves[n, False]), tuple(halves[n, True])) for n in grid.ways}


def _edge(rect: Rect, column: tuple[float, float], y: float, side: int) -> list[Point]:
    """Return the x from an item's side to just beyond its column."""
    if side < 0:
        return [(rect.x, y), (column[0] - _STUB, y)]
    return [(rect.x + rect.width, y), (column[1] + _STUB, y)]


def _ports(grid: Grid, ys: list[float]) -> dict[Tip, float]:
    """Return the y of every tip.

    Those on labels and bends first, as boxes arrange theirs by them.
    """
    sides: dict[tuple[int, int], list[tuple[Tip, int]]] = {}
    for item, side, other, tip in ends(grid):
        sides.setdefault((item, side), []).append((tip, other))
    ports: dict[Tip, float] = {}
    for (item, _), tips in sorted(sides.items(), key=lambda s: grid.items[s[0][0]].kind == "box"):
        wishes = sorted(
            (ports.get((name, step, 1 - end), ys[other]), (name, step, end))
            for (name, step, end), other in tips
        )
        room = grid.items[item].reach or _PORT_GAP / 2 * (len(tips) - 1)
        spread = _spread([wish for wish, _ in wishes], ys[item], room)
        ports |= {tip: y for (_, tip), y in zip(wishes, spread, strict=True)}
    return ports


def _spread(wishes: Sequence[float], middle: float, room: float) -> Iterator[float]:
    """Return ports as near to the wishes as their distance and the space allow."""
    last = len(wishes) - 1
    gap = min(_PORT_GAP, 2 * room / max(last, 1))
    for i, y in enumerate(settled(wishes, [1.0] * len(wishes), [gap] * last)):
        yield min(max(y, middle - room + i * gap), middle + room - (last - i) * gap)
