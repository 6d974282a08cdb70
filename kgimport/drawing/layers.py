"""The layer, a column from left to right, of each box of a part.

Lengths are pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Width by height of a page that suits a screen.
ASPECT = 1.6
BOX_GAP, LABEL_GAP = 36.0, 16.0
# What a label and the curves next to it add to the space of a box, roughly.
_GAP_WIDTH, _CURVE_WIDTH = 180.0, 60.0
_ROOTS = 8
# The cost of a link by the layers it spans: within one it makes a detour.
_SAME_LAYER, _BACKWARDS, _TOO_HIGH = 1.4, 0.2, 4.0


@dataclass(frozen=True, slots=True)
class Link:
    """A line from box `start` to box `end` by way of a label of this size."""

    start: int
    end: int
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Part:
    """Boxes, by name their (width, height), and the links among them."""

    sizes: Mapping[int, tuple[float, float]]
    links: Mapping[int, Link]


def candidates(part: Part) -> Iterator[dict[int, int]]:
    """Return layers by the distance from one of the busiest boxes, then improved."""
    degree = dict.fromkeys(part.sizes, 0)
    for link in part.links.values():
        degree[link.start] += 1
        degree[link.end] += 1
    for root in sorted(degree, key=lambda box: -degree[box])[:_ROOTS]:
        yield _improved(part, _distances(part, root))


def _distances(part: Part, root: int) -> dict[int, int]:
    """Return how many links away from `root` each box is."""
    found = {root: 0}
    for distance in range(len(part.sizes)):
        for link in part.links.values():
            for here, there in ((link.start, link.end), (link.end, link.start)):
                if found.get(here) == distance:
                    found.setdefault(there, distance + 1)
    return {box: found[box] for box in part.sizes}


def _improved(part: Part, layers: dict[int, int]) -> dict[int, int]:
    """Move boxes one at a time as long as that lowers the cost; return layers counted from 0."""
    cheapest, before = cost(part, layers), inf
    while cheapest < before:
        before = cheapest
        for box in part.sizes:
            targets = range(min(layers.values()) - 1, max(layers.values()) + 2)
            cheapest, layers = min(
                ((cost(part, moved), moved) for moved in ({**layers, box: t} for t in targets)),
                key=lambda each: each[0],
            )
    numbers = {layer: i for i, layer in enumerate(sorted(set(layers.values())))}
    return {box: numbers[layer] for box, layer in layers.items()}


def cost(part: Part, layers: Mapping[int, int]) -> float:
    """Return the cost of long links, links back or within a layer, and layers above a page."""
    heights = dict.fromkeys(layers.values(), -BOX_GAP)
    for box, (_, height) in part.sizes.items():
        heights[layers[box]] += height + BOX_GAP
    page = _page_height(part)
    over = sum(max(0.0, height / page - 1) for height in heights.values())
    links = (link for link in part.links.values() if link.start != link.end)
    return _TOO_HIGH * over + sum(_span_cost(layers[x.end] - layers[x.start]) for x in links)


def _span_cost(span: int) -> float:
    if span == 0:
        return _SAME_LAYER
    return abs(span) * (abs(span) + 1) / 2 + (_BACKWARDS if span < 0 else 0.0)


def _page_height(part: Part) -> float:
    """Return the height of a page of good shape that has room for everything."""
    area = sum((w + _GAP_WIDTH) * (h + BOX_GAP) for w, h in part.sizes.values())
    area += sum((x.width + _CURVE_WIDTH) * (x.height + LABEL_GAP) for x in part.links.values())
    return max(sqrt(area / ASPECT), *(height for _, height in part.sizes.values()))
