"""Boxes, labels and bends in columns: their order and their heights.

Layers are the even columns; labels are in the odd ones between, or next to a layer for links
within it. Lengths are pixels, y grows downwards.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import accumulate, combinations, pairwise
from typing import TYPE_CHECKING, Literal

from kgimport.drawing.layers import BOX_GAP, LABEL_GAP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kgimport.drawing.layers import Link, Part

# One end of a step on a link's way: the link, the step, and 0 or 1 for its beginning or end.
Tip = tuple[int, int, int]

_BEND_GAP = 18.0
# Lines that end on a box's side: how far apart at least, and how far from the corners.
_PORT_LEAST, _PORT_MARGIN = 12.0, 16.0
_ORDER_SWEEPS, _LEVEL_SWEEPS, _LAST_SWEEPS = 24, 40, 8


@dataclass(frozen=True, slots=True)
class Item:
    """What takes a place in a column; a bend is where a line passes."""

    kind: Literal["box", "label", "bend"]
    column: int
    width: float = 0.0
    height: float = 0.0

    @property
    def reach(self) -> float:
        """How far from its middle a line may end."""
        return self.height / 2 - _PORT_MARGIN if self.kind == "box" else 0.0


@dataclass(frozen=True, slots=True)
class Grid:
    """The boxes, then the labels, then the bends; and by link the items on its way."""

    items: tuple[Item, ...]
    ways: Mapping[int, tuple[int, ...]]

    def steps(self) -> Iterator[tuple[int, int, int, int]]:
        """(link, step, item, next item) for each step of each way."""
        for name, way in self.ways.items():
            for step, (item, following) in enumerate(pairwise(way)):
                yield name, step, item, following

    def neighbours(self) -> list[list[int]]:
        """Return the items one step away from each item."""
        near: list[list[int]] = [[] for _ in self.items]
        for _, _, item, following in self.steps():
            near[item].append(following)
            near[following].append(item)
        return near


# --- items


def grid_of(part: Part, layers: Mapping[int, int]) -> Grid:
    """Return the items of a part, given the layer of each box (by name, from 0 without holes)."""
    gaps = _gaps(part, layers)
    boxes = {name: i for i, name in enumerate(part.sizes)}
    items = [Item("box", 2 * layers[name], *size) for name, size in part.sizes.items()]
    items += [Item("label", gaps[n], link.width, link.height) for n, link in part.links.items()]
    ways = {}
    for label, (name, link) in enumerate(part.links.items(), start=len(boxes)):
        way = [boxes[link.start]]
        for column in _between(layers, link) or [gaps[name]]:
            way.append(label if column == gaps[name] else len(items))
            items += [] if column == gaps[name] else [Item("bend", column)]
        ways[name] = (*way, boxes[link.end])
    return _roomy(Grid(tuple(items), ways))


def _between(layers: Mapping[int, int], link: Link) -> Sequence[int]:
    """Return the columns between a link's ends, from start to end."""
    start, end = 2 * layers[link.start], 2 * layers[link.end]
    return range(start + 1, end) if start < end else range(start - 1, end, -1)


def _gaps(part: Part, layers: Mapping[int, int]) -> dict[int, int]:
    """Return the column of each label: of those between its boxes the one that is least full."""
    choices = {name: _choices(layers, link) for name, link in part.links.items()}
    filled: Counter[int] = Counter()
    gaps = {}
    for name in sorted(choices, key=lambda n: len(choices[n])):
        gaps[name] = min(choices[name], key=lambda column: filled[column])
        filled[gaps[name]] += round(part.links[name].height + LABEL_GAP)
    return gaps


def _choices(layers: Mapping[int, int], link: Link) -> list[int]:
    if between := _between(layers, link):
        return [column for column in between if column % 2]
    here, last = 2 * layers[link.start], 2 * max(layers.values())
    return [column for column in (here + 1, here - 1) if 0 < column < last] or [here + 1]


def _roomy(grid: Grid) -> Grid:
    """Return boxes that are high enough for the lines that end on their fuller side."""
    counts = Counter((item, side) for item, side, _, _ in ends(grid))
    items = list(grid.items)
    for i, item in enumerate(items):
        if item.kind == "box":
            most = max(counts[i, -1], counts[i, 1])
            least = 2 * _PORT_MARGIN + (most - 1) * _PORT_LEAST
            items[i] = replace(item, height=max(item.height, least))
    return replace(grid, items=tuple(items))


def ends(grid: Grid) -> Iterator[tuple[int, int, int, Tip]]:
    """Yield (item, side: -1 left, 1 right, other item, tip) for both ends of each step."""
    for name, step, a, b in grid.steps():
        side = 1 if grid.items[a].column < grid.items[b].column else -1
        yield a, side, b, (name, step, 0)
        yield b, -side, a, (name, step, 1)


# --- order


def ordered(grid: Grid) -> list[list[int]]:
    """Return the items of each column from top to bottom, with few crossings of lines."""
    last = max(item.column for item in grid.items)
    order = [[i for i, it in enumerate(grid.items) if it.column == c] for c in range(last + 1)]
    near = grid.neighbours()
    tried = []
    for sweep in range(_ORDER_SWEEPS):
        order = [list(column) for column in order]
        _sweep(near, order, 1 if sweep % 2 else -1)
        while any(_swap(grid, near, order, column) for column in order):
            pass
        tried.append((crossings(grid, order), sweep, order))
    return min(tried)[2]


def _sweep(near: list[list[int]], order: list[list[int]], side: int) -> None:
    """Sort each column by the middle of its neighbours in the column on that side."""
    for column in range(1, len(order)) if side < 0 else range(len(order) - 2, -1, -1):
        place = _places([order[column + side]])
        scale = len(place) / len(order[column])
        middles = []
        for i, item in enumerate(order[column]):
            found = [place[n] for n in near[item] if n in place]
            middles.append((sum(found) / len(found) if found else i * scale, i, item))
        order[column] = [item for _, _, item in sorted(middles)]


def _swap(grid: Grid, near: list[list[int]], order: list[list[int]], column: list[int]) -> bool:
    """Exchange neighbours in a column where that removes crossings; return whether it did."""
    place = _places(order)
    before = list(column)
    for i in range(len(column) - 1):
        upper, lower = column[i], column[i + 1]
        pairs = ((a, b) for a in near[upper] for b in near[lower])
        adjacent = ((a, b) for a, b in pairs if grid.items[a].column == grid.items[b].column)
        if sum((place[a] > place[b]) - (place[a] < place[b]) for a, b in adjacent) > 0:
            column[i], column[i + 1] = lower, upper
    return column != before


def _places(order: Iterable[Sequence[int]]) -> dict[int, int]:
    return {item: i for column in order for i, item in enumerate(column)}


def crossings(grid: Grid, order: Sequence[Sequence[int]]) -> int:
    """Return how many pairs of lines cross, gap by gap."""
    place = _places(order)
    gaps: dict[int, list[tuple[int, int]]] = {}
    for _, _, a, b in grid.steps():
        left, right = sorted((a, b), key=lambda i: grid.items[i].column)
        gaps.setdefault(grid.items[left].column, []).append((place[left], place[right]))
    return sum(
        (a < c and b > d) or (a > c and b < d)
        for gap in gaps.values()
        for (a, b), (c, d) in combinations(gap, 2)
    )


# --- levels


def levels(grid: Grid, order: list[list[int]]) -> list[float]:
    """Return the y of the middle of each item, the topmost item at 0."""
    ys = [0.0] * len(grid.items)
    near: list[list[int]] = [[] for _ in grid.items]
    _level(grid, ys, near, order, 0.0)
    near = grid.neighbours()
    for sweep in range(_LEVEL_SWEEPS + _LAST_SWEEPS):
        # Towards the middle first, for balance; at last only as far as makes lines level.
        centring = 0.1 if sweep < _LEVEL_SWEEPS else 0.0
        _level(grid, ys, near, order if sweep % 2 == 0 else order[::-1], centring)
    top = min(y - item.height / 2 for y, item in zip(ys, grid.items, strict=True))
    return [y - top for y in ys]


def _level(
    grid: Grid, ys: list[float], near: list[list[int]], order: list[list[int]], centring: float
) -> None:
    """Move the items of each column towards their neighbours, as far as they have room."""
    for column in order:
        pulls = [[_pull(grid, ys, i, other, centring) for other in near[i]] for i in column]
        weights = [0.1 + sum(weight for weight, _ in each) for each in pulls]
        wishes = [
            ys[item] + sum(weight * off for weight, off in each) / total
            for item, each, total in zip(column, pulls, weights, strict=True)
        ]
        apart = [_apart(grid.items[a], grid.items[b]) for a, b in pairwise(column)]
        for item, y in zip(column, settled(wishes, weights, apart), strict=True):
            ys[item] = y


def _pull(
    grid: Grid, ys: list[float], item: int, other: int, centring: float
) -> tuple[float, float]:
    """Yield (weight, offset) by which an item would have to move to make a line level."""
    a, b = grid.items[item], grid.items[other]
    off = ys[other] - ys[item]
    need = max(off - a.reach - b.reach, 0.0) + min(off + a.reach + b.reach, 0.0)
    return 1.0 if "box" in (a.kind, b.kind) else 4.0, need + centring * (off - need)


def _apart(above: Item, below: Item) -> float:
    kinds = (above.kind, below.kind)
    gap = _BEND_GAP if "bend" in kinds else LABEL_GAP if "label" in kinds else BOX_GAP
    return above.height / 2 + gap + below.height / 2


def settled(
    wishes: Sequence[float], weights: Sequence[float], apart: Sequence[float]
) -> list[float]:
    """Return places nearest to the wishes, in the given order and with the given distances.

    Least squares by pooling adjacent violators: neighbours that wish past each other share a pool.
    """
    offsets = list(accumulate(apart, initial=0.0))
    pools: list[tuple[float, float, int]] = []
    for wish, weight, offset in zip(wishes, weights, offsets, strict=False):
        mean, mass, count = wish - offset, weight, 1
        while pools and pools[-1][0] > mean:
            other, share, more = pools.pop()
            mean = (mean * mass + other * share) / (mass + share)
            mass, count = mass + share, count + more
        pools.append((mean, mass, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]
