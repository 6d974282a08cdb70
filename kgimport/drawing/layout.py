"""Where everything goes: which boxes are connected, and how these parts share a page.

A layered drawing. The boxes of a part stand in columns; every label of a link, and every line
that passes a column, has a place of its own there, so that nothing can lie on anything else.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from kgimport.drawing.layers import ASPECT, Part, candidates, cost
from kgimport.drawing.lines import Layout, placed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kgimport.drawing.layers import Link
    from kgimport.drawing.lines import Line, Rect

_PART_GAP, _PROMISING = 48.0, 4
# The climbing of lines that counts as much as one crossing.
_CLIMB = 400.0


def arrange(sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> Layout:
    """Place boxes of these (width, height), with the labels and lines of the links among them."""
    layouts = [_best(part) for part in _parts(sizes, links)]
    return _packed(sorted(layouts, key=lambda layout: -layout.height))


def _parts(sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> Iterator[Part]:
    """Return connected boxes: both ends of each link take the smaller of their names."""
    names = list(range(len(sizes)))
    for link in links:
        new, old = sorted((names[link.start], names[link.end]))
        names = [new if name == old else name for name in names]
    for name in sorted(set(names)):
        boxes = {box: size for box, size in enumerate(sizes) if names[box] == name}
        yield Part(boxes, {i: link for i, link in enumerate(links) if link.start in boxes})


def _packed(parts: Sequence[Layout]) -> Layout:
    """Arrange parts in rows on one page."""
    area = sum((part.width + _PART_GAP) * (part.height + _PART_GAP) for part in parts)
    limit = max([sqrt(area * ASPECT), *(part.width for part in parts)], default=0.0)
    page = Layout(0.0, 0.0, {}, {}, {})
    x = y = 0.0
    for part in parts:
        if x + part.width > limit:
            x, y = 0.0, page.height + _PART_GAP
        page = _joined(page, part, x, y)
        x += part.width + _PART_GAP
    return page


def _joined(page: Layout, part: Layout, x: float, y: float) -> Layout:
    """Return a page with a part added, its corner at x and y."""

    def rects(places: Mapping[int, Rect]) -> dict[int, Rect]:
        return {i: replace(rect, x=rect.x + x, y=rect.y + y) for i, rect in places.items()}

    def line(points: Line) -> Line:
        return tuple((px + x, py + y) for px, py in points)

    return Layout(
        width=max(page.width, x + part.width),
        height=max(page.height, y + part.height),
        boxes={**page.boxes, **rects(part.boxes)},
        labels={**page.labels, **rects(part.labels)},
        lines={**page.lines, **{i: (line(a), line(b)) for i, (a, b) in part.lines.items()}},
    )


def _best(part: Part) -> Layout:
    """Return the layout that looks best, of those with the most promising layers."""
    costs = {tuple(layers.items()): cost(part, layers) for layers in candidates(part)}
    promising = sorted(costs, key=lambda layers: costs[layers])[:_PROMISING]
    tried = [(costs[layers], placed(part, dict(layers))) for layers in promising]
    return min(tried, key=lambda each: each[0] + _ugliness(each[1]))[1]


def _ugliness(layout: Layout) -> float:
    """Return the cost of crossings, of lines that climb, and of a page too wide or too high."""
    halves = [half for pair in layout.lines.values() for half in pair]
    climbed = sum(abs(y1 - y0) for half in halves for (_, y0), (_, y1) in pairwise(half))
    aspect = layout.width / layout.height
    return layout.crossings + climbed / _CLIMB + max(aspect / ASPECT, ASPECT / aspect)
