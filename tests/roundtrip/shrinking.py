"""A failing sample made small, many candidates at a time: one store answers for all of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport.graph import NO_RULE
from tests.roundtrip.samples import Column, Nodes, Sample, only_rows, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from tests.roundtrip.samples import Links, Table

    # Which of several samples fail, by their positions.
    Trial = Callable[[Sequence[Sample]], Collection[int]]

_AT_ONCE = 60


def shrink(sample: Sample, failing: Trial, *, rounds: int = 30) -> Sample:
    """The smallest failing sample that steps of `simpler` lead to."""
    for _ in range(rounds):
        candidates = list(islice(_unlike(sample, simpler(sample)), _AT_ONCE))
        failed = failing(candidates) if candidates else ()
        if not failed:
            return sample
        sample = min((candidates[at] for at in failed), key=_weight)
    return sample


def _unlike(sample: Sample, candidates: Iterator[Sample]) -> Iterator[Sample]:
    seen = [sample]
    for each in candidates:
        if each not in seen:
            seen.append(each)
            yield each


def _weight(sample: Sample) -> tuple[int, int]:
    cells = sum(rows(table) * len(table.columns) for table in sample.tables)
    return len(sample.tables) * 10 + cells, len(repr(sample))


def simpler(sample: Sample) -> Iterator[Sample]:
    """Samples a step simpler, the boldest steps first."""
    if sample.links:
        yield replace(sample, links=())
    elif len(sample.nodes) > 1:
        yield from (replace(sample, nodes=(table,)) for table in sample.nodes)
    for step in (_fewer_rows, _fewer_columns):
        yield from _each_table(sample, step)
    for at, table in enumerate(sample.nodes):
        for new in _fewer_facts(table):
            yield replace(sample, nodes=(*sample.nodes[:at], new, *sample.nodes[at + 1 :]))
    for step in (_plainer_names, _plainer_rules, _simpler_cells):
        yield from _each_table(sample, step)


def _each_table(sample: Sample, step: Callable[[Any], Iterator[Any]]) -> Iterator[Sample]:
    for at, table in enumerate(sample.nodes):
        for new in step(table):
            yield replace(sample, nodes=(*sample.nodes[:at], new, *sample.nodes[at + 1 :]))
    for at, links in enumerate(sample.links):
        for other in step(links):
            yield replace(sample, links=(*sample.links[:at], other, *sample.links[at + 1 :]))


def _fewer_rows(table: Table) -> Iterator[Table]:
    count = rows(table)
    if count > 1:
        yield only_rows(table, range(count // 2))
        yield only_rows(table, range(count // 2, count))
        yield from (only_rows(table, [at]) for at in range(count))


def _needed(table: Nodes | Links) -> set[str]:
    if isinstance(table, Nodes):
        of_points = chain.from_iterable(point.columns for point in table.points)
        return {*table.key, *of_points, *([table.label_column] if table.label_column else [])}
    words = [table.type_column] if table.type_column else []
    return {*table.start[1], *table.end[1], *words}


def _fewer_columns(table: Table) -> Iterator[Table]:
    free = [each for each in table.columns if each.name not in _needed(table)]
    if len(free) > 1:
        yield from (_without(table, [each for each in free if each is not one]) for one in free)
    yield from (_without(table, [one]) for one in free)


def _without(table: Table, columns: list[Column]) -> Table:
    return replace(table, columns=tuple(each for each in table.columns if each not in columns))


def _fewer_facts(table: Nodes) -> Iterator[Nodes]:
    if table.points:
        yield replace(table, points=())
    if table.label_column:
        yield replace(table, label_column=None)
    if table.labels != ("A",):
        yield replace(table, labels=table.labels[:1])
        yield replace(table, labels=("A",))
    number = Column("key", pl.Int64(), tuple(range(rows(table))))
    if table.key != ("key",):
        yield replace(table, key=("key",), columns=(*table.columns, number))


def _plainer_names(table: Table) -> Iterator[Table]:
    for at, each in enumerate(table.columns):
        if each.name not in {*_needed(table), f"c{at}"}:
            yield _with_column(table, at, replace(each, name=f"c{at}"))


def _plainer_rules(table: Table) -> Iterator[Table]:
    for at, each in enumerate(table.columns):
        if each.rule != NO_RULE:
            yield _with_column(table, at, replace(each, rule=NO_RULE))
            for name in each.rule.__slots__:
                plain = replace(each.rule, **{name: getattr(NO_RULE, name)})
                if plain != each.rule:
                    yield _with_column(table, at, replace(each, rule=plain))


def _with_column(table: Table, at: int, column: Column) -> Table:
    return replace(table, columns=(*table.columns[:at], column, *table.columns[at + 1 :]))


def _simpler_cells(table: Table) -> Iterator[Table]:
    for at, each in enumerate(table.columns):
        yield from (_with_column(table, at, new) for new in _simpler_column(each))


def _simpler_column(column: Column) -> Iterator[Column]:
    for row, cell in enumerate(column.cells):
        for new in _simpler_cell(cell):
            yield replace(column, cells=(*column.cells[:row], new, *column.cells[row + 1 :]))


def _simpler_cell(cell: Any) -> Iterator[Any]:
    if isinstance(cell, str | bytes | list) and len(cell) > 1:
        yield cell[: len(cell) // 2]
        yield cell[len(cell) // 2 :]
        yield from (cell[at : at + 1] for at in range(min(len(cell), 12)))
    elif isinstance(cell, list) and len(cell) == 1:
        yield from ([new] for new in _simpler_cell(cell[0]))
    elif isinstance(cell, dict):
        for name, part in cell.items():
            yield from ({**cell, name: new} for new in (None, *_simpler_cell(part)))
    elif isinstance(cell, int) and abs(cell) > 1:
        yield from (0, 1, cell // 2, cell // 1000)
    elif isinstance(cell, float) and cell not in {0.0, 1.0}:
        yield from (0.0, 1.0)
