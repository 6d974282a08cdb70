"""The second reader's word on every table: what it reads is what Polars reads, and what is written.

Before anything is written DuckDB and Polars must agree over every column that both can read
(`compared`). What DuckDB has found goes into the record, and so binds what is written (`readback`)
and what a store holds (`verify`): neither is measured by Polars' own word where another is to be
had.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa

from kgimport import readings, second_reader, sources
from kgimport.errors import SourceError
from kgimport.identity import END, START
from kgimport.properties import INTEGER, STRING
from kgimport.records import CellRecord
from kgimport.second_reader import Column
from kgimport.sums import ends_sql, extent_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from kgimport.checks.scan import Scanned
    from kgimport.properties import PropertyType
    from kgimport.records import Facts
    from kgimport.sums import Extent
    from kgimport.targets import Cell, Field


@dataclass(frozen=True, slots=True)
class Plan:
    """How DuckDB reads a table's rows: the columns by the names of the properties.

    `coarse` are those that it reads by the microsecond where they count nanoseconds, which is
    enough to compare them with, and not to say what is to be written.
    """

    relation: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    coarse: frozenset[str] = frozenset()

    def asked(self, scanned: Scanned) -> Iterator[tuple[str, tuple[pl.Expr, ...]]]:
        """Yield the aggregations that give the same extents in Polars, by property."""
        for each in scanned.fields:
            if each.name in self.columns:
                shift = 1_000 if each.name in self.coarse else 1
                values = each.carrier.value(pl.col(each.column))
                yield each.name, extent_of(self.columns[each.name].type, values, shift)


def plan(made: DuckDBPyConnection, scanned: Scanned, ends: tuple[Path, Path] | None) -> Plan:
    """Return what DuckDB can read of a table; `ends` are the files of its ends' ids."""
    source = sources.relation(scanned.table, made)
    types = second_reader.types(made, source)
    relation = _kept_rows(source, ends) if ends and scanned.table.skips_missing_ends else source
    found = {each.name: _column(scanned, each, types) for each in scanned.fields}
    both = {name: column for name, column in found.items() if column}
    coarse = frozenset(name for name, (_, is_coarse) in both.items() if is_coarse)
    return Plan(relation, {name: column for name, (column, _) in both.items()}, coarse)


def _kept_rows(source: str, ends: tuple[Path, Path]) -> str:
    start, end = (second_reader.parquet([file]) for file in ends)
    joined = f"{source} s POSITIONAL JOIN {start} a POSITIONAL JOIN {end} b"
    return f"(SELECT s.* FROM {joined} WHERE a.{START} IS NOT NULL AND b.{END} IS NOT NULL)"  # noqa: S608


def _column(scanned: Scanned, each: Field, types: Mapping[str, str]) -> tuple[Column, bool] | None:
    """How DuckDB reads a property, and whether too coarsely; None where it cannot."""
    made = each.carrier.type
    if made.kind == "point":
        return _point(scanned, each, types)
    if not _is_told_apart(each.column, scanned, types):
        return None
    name, typed, rule = (
        _quoted(each.column),
        types[each.column],
        scanned.table.rule(each.column),
    )
    if sql := readings.reading(made, typed, name, rule):
        return Column(made, sql), False
    if made.unit != "ns" or made.is_list:
        return None
    coarser = replace(made, unit="us")
    sql = readings.reading(coarser, typed, name, rule)
    return (Column(coarser, sql), True) if sql else None


def _quoted(column: str) -> str:
    return second_reader.name(column)


def _is_told_apart(column: str, scanned: Scanned, types: Mapping[str, str]) -> bool:
    """Whether DuckDB has a column of that name and no other: it takes upper for lower case."""
    lower = [name.lower() for name in scanned.schema.names()]
    if column not in types or lower.count(column.lower()) > 1:
        return False
    inner = _innermost(scanned.schema[column])
    # Polars writes integers of 128 bits as bytes, of which it alone knows what they are; DuckDB
    # reads old lists of one field's structs as lists of that field.
    return inner != pl.Struct and ("BLOB" not in types[column] or inner == pl.Binary)


def _innermost(dtype: Any) -> Any:
    return _innermost(dtype.inner) if isinstance(dtype, pl.List | pl.Array) else dtype


def _point(scanned: Scanned, each: Field, types: Mapping[str, str]) -> tuple[Column, bool] | None:
    columns = next(p.columns for p in scanned.table.points if p.property == each.name)
    if not all(_is_told_apart(column, scanned, types) for column in columns):
        return None
    sql = readings.point([(_quoted(column), types[column]) for column in columns])
    return (Column(each.carrier.type, sql), False) if sql else None


def compare(
    made: DuckDBPyConnection,
    scanned: Scanned,
    plan: Plan,
    told: Mapping[str, Extent],
    *,
    fingerprint: str,
) -> dict[str, Facts]:
    """Return what DuckDB finds in a table.

    `told` is what Polars has found, by the properties' names.

    Raises `SourceError` for the first columns over which the two do not agree; where the table's
    files are no more those of which `fingerprint` was taken, that is why.
    """
    found = _found(made, scanned, plan)
    wrong = [
        f"{name}: Polars reads {told[name]}, DuckDB {extent}"
        for name, (_, extent) in found.items()
        if not told[name].agrees(extent)
    ]
    if wrong and sources.fingerprint(scanned.table) != fingerprint:
        raise sources.changed([scanned.table.name])
    if wrong:
        raise SourceError(
            f"two readers of table {scanned.table.name} do not agree:\n  "
            + "\n  ".join(wrong[:_SHOWN]),
            "one of Polars and DuckDB misreads its files: cast the column in SQL, or leave it out "
            "by `skip: true`, and please report it",
        )
    return {name: facts for name, (facts, _) in found.items() if name not in plan.coarse}


_SHOWN = 5


def _found(
    made: DuckDBPyConnection, scanned: Scanned, plan: Plan
) -> dict[str, tuple[Facts, Extent]]:
    """By property; none where rows hold what the reader has not learned to read."""
    columns = list(plan.columns.values())
    told = scanned.read(lambda: _facts_unless_limited(made, plan.relation, columns))
    return dict(zip(plan.columns, told, strict=True)) if told is not None else {}


def _facts_unless_limited(
    made: DuckDBPyConnection, relation: str, columns: Sequence[Column]
) -> list[tuple[Facts, Extent]] | None:
    try:
        return second_reader.facts(made, relation, columns)
    except (duckdb.Error, pa.ArrowException) as error:
        if not second_reader.is_limit(error):
            raise
        return None


@dataclass(frozen=True, slots=True)
class Spelling:
    """Rows that are written, and where DuckDB finds what Polars alone can make of them."""

    made: DuckDBPyConnection
    rows: pl.LazyFrame
    scratch: Path

    def facts(self, types: Sequence[PropertyType], columns: Sequence[pl.Expr]) -> list[Facts]:
        """Return what DuckDB finds in columns of these types, as Polars would write them."""
        if not columns:
            return []
        file = self.scratch / "spelled.parquet"
        rows = self.rows.select(each.alias(str(at)) for at, each in enumerate(columns))
        rows.sink_parquet(file, compression="uncompressed", statistics=False, engine="streaming")
        found = facts_of_files(self.made, second_reader.parquet([file]), types)
        file.unlink()
        return found


def cell_records(
    scanned: Scanned,
    spelling: Spelling,
    cells: Sequence[Cell],
    told: Mapping[str, Facts],
    ends: Sequence[Facts] = (),
) -> tuple[CellRecord, ...]:
    """Every column of the files that a table becomes.

    `cells` are those before its properties; `ends` tells of the first of them, if anything.
    """
    cells = cells[len(ends) :]
    alone = [each for each in scanned.fields if each.name not in told]
    spelled = [each.carrier.spell(each.carrier.value(pl.col(each.column))) for each in alone]
    marks = [INTEGER if _is_id(spelling.rows, cell) else STRING for cell in cells]
    types = [*marks, *(each.carrier.type for each in alone)]
    found = spelling.facts(types, [*(cell.values for cell in cells), *spelled])
    first = zip(marks, found[: len(cells)], strict=True)
    others = dict(zip((each.name for each in alone), found[len(cells) :], strict=True))
    return (
        *(CellRecord("", INTEGER, facts, "duckdb") for facts in ends),
        *(CellRecord("", made, facts, "polars") for made, facts in first),
        *(_cell(scanned, each, told, others) for each in scanned.fields),
    )


def _is_id(rows: pl.LazyFrame, cell: Cell) -> bool:
    return rows.select(cell.values).collect_schema().dtypes()[0].is_integer()


def _cell(
    scanned: Scanned, each: Field, told: Mapping[str, Facts], others: Mapping[str, Facts]
) -> CellRecord:
    made = each.carrier.type
    if each.name in told:
        return CellRecord(each.name, made, told[each.name], "duckdb")
    return CellRecord(each.name, made, others[each.name], "polars")


def facts_of_files(
    made: DuckDBPyConnection, relation: str, types: Sequence[PropertyType]
) -> list[Facts]:
    """Return what DuckDB finds in files whose columns are named by their position."""
    found = second_reader.types(made, relation)
    columns = [
        Column(each, readings.reading(each, found[name], second_reader.name(name)) or _NOTHING)
        for name, each in ((str(at), each) for at, each in enumerate(types))
    ]
    return [facts for facts, _ in second_reader.facts(made, relation, columns)]


# A column of a type that no writer of ours gives to its values holds nothing that was meant.
_NOTHING = "NULL::VARCHAR"


def facts_of_ends(
    made: DuckDBPyConnection, files: tuple[Path, Path]
) -> tuple[tuple[Facts, Facts], int]:
    """Return what the starts and the ends of all relationships that are written are, and both
    together.
    """
    start, end = (second_reader.parquet([file]) for file in files)
    pairs = f"{start} a POSITIONAL JOIN {end} b"
    whole = f"a.{START} IS NOT NULL AND b.{END} IS NOT NULL"
    ids = f"(SELECT a.{START}::BIGINT AS a, b.{END}::BIGINT AS b FROM {pairs} WHERE {whole})"  # noqa: S608
    columns = [Column(INTEGER, each) for each in ("a", "b", ends_sql("a", "b"))]
    (starts, _), (both_ends, _), (_, together) = second_reader.facts(made, ids, columns)
    return (starts, both_ends), int(together.total)
