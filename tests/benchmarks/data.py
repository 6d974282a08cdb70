"""The people graph at any scale, and LMS samples: seeded, made once, kept in a cache folder.

At scale 1 the people graph has 1,000,000 nodes of 7 properties and 10,000,000 relationships of 2.
Keys are text, as a warehouse's are. The same scale gives the same rows on every machine.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NODES, RELATIONSHIPS = 1_000_000, 10_000_000
SEED = 7
_BATCH = 500_000
_MICROSECONDS_2020_TO_2026 = (1_577_836_800_000_000, 1_767_225_600_000_000)
_TOPICS = np.array(["graphs", "music", "chess", "data", "hiking", "physics", "poetry", "films"])

GRAPH = """\
graph: people
tables:
  person:
    location: person.parquet
    node: {labels: [Person], key: [user_id]}
  knows:
    location: knows.parquet
    relationship:
      type: KNOWS
      start: {node: person, key: [src]}
      end: {node: person, key: [dst]}
"""


@dataclass(frozen=True, slots=True)
class People:
    """A people graph on disk: `person.parquet`, `knows.parquet` and `graph.yml` in one folder."""

    folder: Path
    nodes: int
    relationships: int

    @property
    def rows(self) -> int:
        """Nodes and relationships together."""
        return self.nodes + self.relationships

    @property
    def declaration(self) -> Path:
        """The graph.yml."""
        return self.folder / "graph.yml"


def people(cache: Path, scale: float) -> People:
    """The people graph of a scale, made where it is not in the cache yet."""
    nodes, relationships = round(NODES * scale), round(RELATIONSHIPS * scale)
    graph = People(cache / f"people-{nodes}-{relationships}", nodes, relationships)
    if not graph.folder.exists():
        aside = graph.folder.with_name(f".{graph.folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        _write(aside / "person.parquet", nodes, _persons)
        _write(aside / "knows.parquet", relationships, lambda rows, at: _knows(rows, at, nodes))
        (aside / "graph.yml").write_text(GRAPH)
        aside.rename(graph.folder)
    return graph


def _write(path: Path, rows: int, make: Callable[[np.ndarray, int], pa.Table]) -> None:
    writer = None
    for at, numbers in enumerate(_batches(rows)):
        table = make(numbers, at)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="snappy")
        writer.write_table(table, row_group_size=_BATCH // 2)
    assert writer is not None
    writer.close()


def _batches(rows: int) -> Iterator[np.ndarray]:
    for start in range(0, rows, _BATCH):
        yield np.arange(start, min(rows, start + _BATCH))


def _persons(numbers: np.ndarray, at: int) -> pa.Table:
    draw = np.random.default_rng([SEED, 1, at])
    size = len(numbers)
    ids = _keys(numbers)
    family = pc.binary_join_element_wise("Person", ids, " ")
    # One name in a hundred holds the delimiter, so that cells are quoted somewhere.
    comma = pc.binary_join_element_wise("O'Neil, Person", ids, " ")
    return pa.table(
        {
            "user_id": ids,
            "name": pc.if_else(pa.array(numbers % 100 == 0), comma, family),
            "email": pc.binary_join_element_wise(ids, "example.org", "@"),
            "age": pa.array(draw.integers(16, 90, size), pa.int32()),
            "score": pa.array(draw.random(size)),
            "joined": pa.array(draw.integers(*_MICROSECONDS_2020_TO_2026, size), _INSTANT),
            "interests": _lists(draw, size),
        }
    )


def _knows(numbers: np.ndarray, at: int, nodes: int) -> pa.Table:
    draw = np.random.default_rng([SEED, 2, at])
    size = len(numbers)
    return pa.table(
        {
            "src": _keys(draw.integers(0, nodes, size)),
            "dst": _keys(draw.integers(0, nodes, size)),
            "weight": pa.array(draw.random(size)),
            "since": pa.array(draw.integers(*_MICROSECONDS_2020_TO_2026, size), _INSTANT),
        }
    )


_INSTANT = pa.timestamp("us")


def _keys(numbers: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(
        "u", pc.utf8_lpad(pa.array(numbers).cast("string"), 7, "0"), ""
    )


def _lists(draw: np.random.Generator, size: int) -> pa.ListArray:
    """One to three texts a row: an empty list cannot be told from a null one in CSV."""
    lengths = draw.integers(1, 4, size)
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    texts = pa.array(_TOPICS[draw.integers(0, len(_TOPICS), ends[-1])])
    return pa.ListArray.from_arrays(pa.array(ends), texts)
