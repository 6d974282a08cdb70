"""A picture of a declared graph, without a server: labels as boxes, relationship types as arrows.

cards   the text in each box and next to each arrow
layout  where they go: which boxes are connected, and how the parts share a page
layers  the column of each box of a part
grid    boxes, labels and bends placed in their columns: in which order, at which height
svg     the picture as one standalone SVG
declared  what the declaration alone says, for a picture without a look at the tables
text    how wide names are, and how to show unprintable characters
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.drawing.cards import Drawn, cards
from kgimport.drawing.declared import declared
from kgimport.drawing.layers import Link
from kgimport.drawing.layout import arrange
from kgimport.drawing.svg import ARROW, BOX, document, size
from kgimport.graph import Graph
from kgimport.notebook import html

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Drawn", "draw", "picture"]


def draw(graph: Graph, tables: Mapping[str, Drawn]) -> str:
    """Return the graph as the text of an SVG file; the same graph gives the same text.

    `tables` holds each table's content by name; a table without content is drawn without count and
    properties. Node tables of the same labels share a box, and relationship tables of the
    same type between the same boxes share an arrow: their rows are summed up.
    """
    drawn = cards(graph, tables)
    links = [Link(arrow.start, arrow.end, *size(arrow.card, ARROW)) for arrow in drawn.arrows]
    layout = arrange([size(box, BOX) for box in drawn.boxes], links)
    return document(graph.name, drawn, layout)


@html.register(Graph)
def picture(graph: Graph) -> str:
    """Return the graph as its declaration alone draws it, without a look at its tables.

    It is what a notebook shows of a graph.
    """
    return draw(graph, declared(graph))
