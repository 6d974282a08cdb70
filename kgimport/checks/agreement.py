"""The agreement of two readers: DuckDB must find in every table what Polars finds.

Before anything is written, both must agree on every column that both can read (`compare`). What
DuckDB finds goes into the record, and the written files (`readback`) and the store (`verify`) are
compared with that. So wherever a second reader exists, nothing is measured by Polars alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
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


_SHOWN = 5
# The SQL for a column of a file whose type kgimport never writes: it is read as all null.
_NOTHING = "NULL::VARCHAR"


@dataclass(frozen=True, slots=True)
class Plan:
    """How DuckDB reads a table's rows: the columns by property name.

    `coarse` names the columns in nanoseconds that DuckDB reads in microseconds. That is enough to
    compare the readers, but not to state what must be written. `apart` holds what DuckDB reads the
    columns from that are not in the source.
    """

    relation: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    coarse: frozenset[str] = frozenset()
    apart: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Return what DuckDB reads a property from."""
        return self.apart.get(name, self.relation)

    def asked(self, scanned: Scanned) -> Iterator[tuple[str, tuple[pl.Expr, ...]]]:
        """Yield each property with the Polars aggregations that give its extent."""
        for each in scanned.fields:
            if each.name in self.columns:
                shift = 1_000 if each.name in self.coarse else 1
                values = each.carrier.value(pl.col(each.column))
                yield each.name, extent_of(self.columns[each.name].type, values, shift)


def plan(made: DuckDBPyConnection, scanned: Scanned, ends: tuple[Path, Path] | None) -> Plan:
    """Return how DuckDB reads what it can of a table; `ends` are the files of its ends' ids."""
    source = sources.relation(scanned.table, made)
    types = second_reader.types(made, source)
    relation = _kept_rows(source, ends) if ends and scanned.table.leaves_out_rows else source
    found = {each.name: _column(scanned, each, types) for each in scanned.fields}
    both = {name: column for name, column in found.items() if column}
    coarse = frozenset(name for name, (_, is_coarse) in both.items() if is_coarse)
    columns = {name: column for name, (column, _) in both.items()}
    apart = {name: second_reader.parquet([file]) for name, file in scanned.apart.items()}
    for each in scanned.fields:
        if each.name in apart:
            columns[each.name] = _computed(made, each, apart[each.name])
    return Plan(relation, columns, coarse, apart)


def _computed(made: DuckDBPyConnection, each: Field, file: str) -> Column:
    """Return how DuckDB reads a property that is not in the source."""
    typed, name = second_reader.types(made, file)[each.column], _quoted(each.column)
    return Column(each.carrier.type, readings.reading(each.carrier.type, typed, name) or _NOTHING)


def _kept_rows(source: str, ends: tuple[Path, Path]) -> str:
    start, end = (second_reader.parquet([file]) for file in ends)
    joined = f"{source} s POSITIONAL JOIN {start} a POSITIONAL JOIN {end} b"
    return f"(SELECT s.* FROM {joined} WHERE a.{START} IS NOT NULL AND b.{END} IS NOT NULL)"  # noqa: S608


def _column(scanned: Scanned, each: Field, types: Mapping[str, str]) -> tuple[Column, bool] | None:
    """Return how DuckDB reads a property and whether it is coarse; None if it cannot read it."""
    made = each.carrier.type
    if made.kind == "point":
        return _point(scanned, each, types)
    if not _is_readable(each.column, scanned, types):
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


def _is_readable(column: str, scanned: Scanned, types: Mapping[str, str]) -> bool:
    """Whether DuckDB reads the column as Polars does, and finds only one: it ignores case."""
    lower = [name.lower() for name in scanned.schema.names()]
    if column not in types or lower.count(column.lower()) > 1:
        return False
    inner = _innermost(scanned.schema[column])
    # Polars writes integers of 128 bits as bytes, which only Polars can read. DuckDB reads lists of
    # structs with one field, in an old layout, as lists of that field.
    return inner != pl.Struct and ("BLOB" not in types[column] or inner == pl.Binary)


def _innermost(dtype: Any) -> Any:
    return _innermost(dtype.inner) if isinstance(dtype, pl.List | pl.Array) else dtype


def _point(scanned: Scanned, each: Field, types: Mapping[str, str]) -> tuple[Column, bool] | None:
    columns = next(p.columns for p in scanned.table.points if p.property == each.name)
    if not all(_is_readable(column, scanned, types) for column in columns):
        return None
    sql = readings.point([(_quoted(column), types[column]) for column in columns])
    return (Column(each.carrier.type, sql), False) if sql else None


def compare(
    made: DuckDBPyConnection,
    scanned: Scanned,
    plan: Plan,
    by_polars: Mapping[str, Extent],
    *,
    fingerprint: str,
) -> dict[str, Facts]:
    """Return what DuckDB finds in a table, by property name; coarse columns are left out.

    `by_polars` is what Polars found, by property name. Raises `SourceError` with the first columns
    on which the two do not agree, or for a table whose files have changed since `fingerprint`.
    """
    found = _found(made, scanned, plan)
    wrong = [
        f"{name}: Polars reads {by_polars[name]}, DuckDB {extent}"
        for name, (_, extent) in found.items()
        if not by_polars[name].agrees(extent)
    ]
    if wrong and sources.fingerprint(scanned.table) != fingerprint:
        raise sources.changed([scanned.table.name])
    if wrong:
        raise SourceError(
            f"two readers of table {scanned.table.name} do not agree:\n  "
            + "\n  ".join(wrong[:_SHOWN]),
            "Polars or DuckDB misreads its files: cast the column in SQL, or leave it out with "
            "`skip: true`, and please report it",
        )
    return {name: facts for name, (facts, _) in found.items() if name not in plan.coarse}


def _found(
    made: DuckDBPyConnection, scanned: Scanned, plan: Plan
) -> dict[str, tuple[Facts, Extent]]:
    """Return what DuckDB finds, by property; empty if the rows hold something it cannot read."""
    everything: dict[str, tuple[Facts, Extent]] = {}
    for relation in dict.fromkeys((plan.relation, *plan.apart.values())):
        columns = {n: c for n, c in plan.columns.items() if plan.of(n) == relation}
        read = partial(_facts_unless_limited, made, relation, list(columns.values()))
        found = scanned.read(read) if columns else None
        everything |= zip(columns, found or (), strict=False)
    return everything


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
    """The rows that are written, and a folder to hand DuckDB what only Polars can compute."""

    made: DuckDBPyConnection
    rows: pl.LazyFrame
    scratch: Path

    def facts(self, types: Sequence[PropertyType], columns: Sequence[pl.Expr]) -> list[Facts]:
        """Return what DuckDB finds in columns of these types after Polars has written them."""
        if not columns:
            return []
        file = self.scratch / "spelled.parquet"
        # A type that all rows share is a literal, of which `select` alone makes one row.
        names = [str(at) for at in range(len(columns))]
        rows = self.rows.with_columns(**dict(zip(names, columns, strict=True))).select(names)
        rows.sink_parquet(file, compression="uncompressed", statistics=False, engine="streaming")
        found = facts_of_files(self.made, second_reader.parquet([file]), types)
        file.unlink()
        return found


def cell_records(
    scanned: Scanned,
    spelling: Spelling,
    cells: Sequence[Cell],
    known: Mapping[str, Facts],
    ends: Sequence[Facts] = (),
) -> tuple[CellRecord, ...]:
    """Return the record of every column of the files that a table becomes.

    `cells` are the columns before the properties. `known` holds what DuckDB found in the source, by
    property; `ends` the facts of the first cells, if they are known.
    """
    cells = cells[len(ends) :]
    alone = [each for each in scanned.fields if each.name not in known]
    spelled = [each.carrier.spell(each.carrier.value(pl.col(each.column))) for each in alone]
    marks = [INTEGER if _is_id(spelling.rows, cell) else STRING for cell in cells]
    types = [*marks, *(each.carrier.type for each in alone)]
    found = spelling.facts(types, [*(cell.values for cell in cells), *spelled])
    first = zip(marks, found[: len(cells)], strict=True)
    others = dict(zip((each.name for each in alone), found[len(cells) :], strict=True))
    return (
        *(CellRecord("", INTEGER, facts, "duckdb") for facts in ends),
        *(CellRecord("", made, facts, "polars") for made, facts in first),
        *(_cell(each, known, others) for each in scanned.fields),
    )


def _is_id(rows: pl.LazyFrame, cell: Cell) -> bool:
    return rows.select(cell.values).collect_schema().dtypes()[0].is_integer()


def _cell(each: Field, known: Mapping[str, Facts], others: Mapping[str, Facts]) -> CellRecord:
    made = each.carrier.type
    if each.name in known:
        return CellRecord(each.name, made, known[each.name], "duckdb")
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


def facts_of_ends(
    made: DuckDBPyConnection, files: tuple[Path, Path]
) -> tuple[tuple[Facts, Facts], int]:
    """Return the facts of the start ids and of the end ids that are written, and their joint sum.

    `files` are the two that `look_up_ends` made.
    """
    start, end = (second_reader.parquet([file]) for file in files)
    pairs = f"{start} a POSITIONAL JOIN {end} b"
    whole = f"a.{START} IS NOT NULL AND b.{END} IS NOT NULL"
    ids = f"(SELECT a.{START}::BIGINT AS a, b.{END}::BIGINT AS b FROM {pairs} WHERE {whole})"  # noqa: S608
    columns = [Column(INTEGER, each) for each in ("a", "b", ends_sql("a", "b"))]
    (starts, _), (both_ends, _), (_, together) = second_reader.facts(made, ids, columns)
    return (starts, both_ends), int(together.total)
