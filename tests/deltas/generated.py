"""Pairs of graphs at random, written as an export for Neptune lays them out."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kgimport import files
from kgimport.deltas import headers
from kgimport.deltas.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

Row = tuple[str | None, ...]
_TEXTS = ("", "a", "b", " outer ", 'q"q', "l\nm", "c,d", "é\u2028", "x:y", "back\\slash", "r\rs")
_NUMBERS = ("0", "-1", "9223372036854775807")
_SETS = ("a", "b", "a;b", "b;a", "a\\;b;c", "c", "a;b;c")
_KEYS = ("1", "2", "3", "4", "5", "é", " s", "it's", 'd"q', "a\\b", "n\nl", "x,y", "u|v")


@dataclass(frozen=True)
class Spelling:
    """What the header cells of a dialect are; `sets` is whether it has them."""

    vertex: tuple[str, ...]
    edge: tuple[str, ...]
    vertex_properties: tuple[str, ...]
    edge_properties: tuple[str, ...]
    empty: bool


SPELLINGS = {
    "neptune-gremlin": Spelling(
        ("~id", "~label"),
        ("~id", "~from", "~to", "~label"),
        (
            *("name:String(single)", "Name:String(single)", "a\\:b:String(single)"),
            *("n:Long(single)", "n:Double(single)", "tags:String[]", "tags:String(single)"),
        ),
        ("since:Long", "note:String", "it's:String"),
        empty=True,
    ),
    "neptune-opencypher": Spelling(
        (":ID", ":LABEL"),
        (":ID", ":START_ID", ":END_ID", ":TYPE"),
        ("name:String", "Name:String", "a\\:b:String", "n:Long", "n:Double"),
        ("since:Long", "note:String", "back`tick:String"),
        empty=False,
    ),
}


@dataclass(frozen=True)
class Part:
    """A table: its header cells, and its rows in some order."""

    name: str
    cells: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Export:
    """The tables of a build directory."""

    vertices: tuple[Part, ...]
    edges: tuple[Part, ...]
    suffix: str = ".csv"
    parts: int = 1
    folder: str = field(default="", compare=False)


def graph(random: Random, dialect: str) -> Export:
    """A graph of a few vertices and edges."""
    spelling = SPELLINGS[dialect]
    names = [f"v{at}" for at in range(random.randint(1, 3))]
    placed = {f"S{random.randint(1, 2)}:{key}": random.choice(names) for key in _some(random)}
    vertices = [_vertices(random, spelling, name, placed) for name in names]
    edges = _edges(random, spelling, dialect, [*placed])
    return Export(tuple(vertices), tuple(edges), random.choice((".csv", ".csv.gz")))


def changed(random: Random, dialect: str, old: Export) -> Export:
    """Another graph: the old one with some rows from a third, or another one altogether."""
    other = graph(random, dialect)
    if random.random() < 0.2:
        return other
    vertices = tuple(_mixed(random, part, other.vertices) for part in old.vertices)
    if random.random() < 0.3:  # some move to another table
        vertices = _moved(random, vertices)
    ids = {row[0] for part in vertices for row in part.rows}
    edges = tuple(_mixed(random, part, other.edges) for part in old.edges)
    kept = [replace(part, rows=tuple(r for r in part.rows if {*r[1:3]} <= ids)) for part in edges]
    return replace(old, vertices=vertices, edges=tuple(kept), parts=random.randint(1, 2))


def _some(random: Random) -> list[str]:
    return random.sample(_KEYS, random.randint(0, len(_KEYS)))


def _vertices(random: Random, spelling: Spelling, name: str, placed: dict[str, str]) -> Part:
    cells = _chosen(random, spelling.vertex_properties)
    labels = random.choice(("A", "B", "A;B", "B;C"))
    rows = [
        (each, labels if random.random() < 0.8 else "C", *_values(random, spelling, cells))
        for each, table in placed.items()
        if table == name
    ]
    return Part(name, (*spelling.vertex, *cells), tuple(rows))


def _edges(random: Random, spelling: Spelling, dialect: str, ids: list[str]) -> list[Part]:
    made = []
    for name in ("e0", "e1")[: random.randint(0, 2) if ids else 0]:
        cells = _chosen(random, spelling.edge_properties)
        rows = []
        for each in random.sample(range(12), random.randint(0, 12)):
            row = (f"{name}-{each}", random.choice(ids), random.choice(ids), random.choice("TU"))
            rows.append((*row, *_values(random, spelling, cells)))
        made.append(Part(name, (*spelling.edge, *cells), tuple(rows)))
    return made


def _chosen(random: Random, cells: Sequence[str]) -> tuple[str, ...]:
    """Some of the properties in some order, each with one type."""
    found = random.sample(cells, random.randint(0, len(cells)))
    return tuple({each.rpartition(":")[0]: each for each in found}.values())


def _values(random: Random, spelling: Spelling, cells: Sequence[str]) -> Row:
    return tuple(None if random.random() < 0.3 else _value(random, spelling, c) for c in cells)


def _value(random: Random, spelling: Spelling, cell: str) -> str:
    if cell.endswith("[]"):
        return random.choice(_SETS)
    if ":String" not in cell:
        return random.choice(_NUMBERS)
    return random.choice(_TEXTS if spelling.empty else _TEXTS[1:])


def _mixed(random: Random, part: Part, others: Sequence[Part]) -> Part:
    """A table with some rows less, some with another value or another label."""
    share = random.choice((0.0, 0.1, 0.5))
    ids = {row[0] for other in others for row in other.rows}
    rows = []
    for row in part.rows:
        at = random.randrange(1, len(row))
        if random.random() >= share:
            rows.append(row)
        elif random.random() < 0.7 and row[0] in ids:
            rows.append(_altered(random, part, row, at))
    random.shuffle(rows)
    return replace(part, rows=tuple(rows))


def _altered(random: Random, part: Part, row: Row, at: int) -> Row:
    """A row with another cell, from another row if there is one."""
    like = random.choice(part.rows)[at]
    blank = random.random() < 0.3 and part.cells[at][:1] not in "~:"
    return (*row[:at], None if blank else like, *row[at + 1 :])


def _moved(random: Random, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Tables of which one has taken a row of another, with its id and label alone."""
    giving = random.choice(parts)
    taking = random.choice(parts)
    if giving is taking or not giving.rows:
        return parts
    row = (*giving.rows[0][:2], *[None] * (len(taking.cells) - 2))
    less = replace(giving, rows=giving.rows[1:])
    more = replace(taking, rows=(*taking.rows, row))
    return tuple(less if p is giving else more if p is taking else p for p in parts)


def write(folder: Path, export: Export) -> list[Table]:
    """Write an export; return its tables as kgimport sees them."""
    return [
        *(_table(folder / "vertices", part, export) for part in export.vertices if part.rows),
        *(_table(folder / "edges", part, export) for part in export.edges if part.rows),
    ]


def _table(folder: Path, part: Part, export: Export) -> Table:
    edges = folder.name == "edges"
    written = []
    for number in range(export.parts):
        if rows := part.rows[number :: export.parts]:
            path = folder / part.name / f"part-{number:05}{export.suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_content([part.cells, *rows], packed=export.suffix == ".csv.gz"))
            written.append(path)
    counts: dict[str, int] = {}
    for row in part.rows:
        for label in row[3:4] if edges else (row[1] or "").split(";"):
            counts[label or ""] = counts.get(label or "", 0) + 1
    columns = headers.read(written[0], edges=edges)
    return Table(part.name, edges, columns, tuple(written), tuple(written), True, 1000, counts)


def _content(rows: Sequence[Row], *, packed: bool) -> bytes:
    text = "".join(",".join(map(_cell, row)) + "\n" for row in rows).encode()
    return gzip.compress(text, mtime=0) if packed else text


def _cell(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def fresh(tables: list[Table], others: list[Table]) -> list[Table]:
    """The tables, without the files that have the same content in others."""
    known = {(t.edges, files.sha256(path)) for t in others for path in t.files}
    return [
        replace(t, fresh=tuple(p for p in t.files if (t.edges, files.sha256(p)) not in known))
        for t in tables
    ]
