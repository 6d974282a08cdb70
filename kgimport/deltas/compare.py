"""Which vertices, or which edges, differ between two builds: joined by id, on disk if need be.

Two temporary tables hold each row's id and a digest of its content (`tables.digest`), so the join
takes the same memory however wide the rows are, and DuckDB spills what does not fit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.deltas import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from duckdb import DuckDBPyConnection

    from kgimport.deltas.tables import Table
    from kgimport.progress import Progress

_COLUMNS = "id VARCHAR, digest BLOB, label VARCHAR, part USMALLINT"


@dataclass(frozen=True, slots=True)
class Pair:
    """All vertex tables, or all edge tables, of the old build and of the new one.

    `kind` is the prefix of the temporary tables that are made of them.
    """

    kind: str
    old: Sequence[Table]
    new: Sequence[Table]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many vertices of a label, or edges of a type, were added, changed or have vanished."""

    added: int = 0
    changed: int = 0
    vanished: int = 0


def differing(made: DuckDBPyConnection, pair: Pair, progress: Progress) -> None:
    """Make a temporary table `{kind}_differing` of the rows that are not the same in both builds.

    It has `id`, `was` and `now` (labels, or the type), `old` and `new` (the number of the table).
    What is null on the side of a build is not there.
    """
    for side, parts in (("old", pair.old), ("new", pair.new)):
        _digested(made, f"{pair.kind}_{side}", parts, progress)
    made.execute(f"""
        CREATE TEMP TABLE {pair.kind}_differing AS
        SELECT coalesce(n.id, o.id) AS id, o.label AS was, n.label AS now,
               o.part AS old, n.part AS new
        FROM {pair.kind}_old o FULL JOIN {pair.kind}_new n ON o.id = n.id
        WHERE o.id IS NULL OR n.id IS NULL OR o.digest <> n.digest
    """)  # noqa: S608  (our own names)
    for side in ("old", "new"):
        made.execute(f"DROP TABLE {pair.kind}_{side}")


def _digested(
    made: DuckDBPyConnection, name: str, parts: Sequence[Table], progress: Progress
) -> None:
    made.execute(f"CREATE TEMP TABLE {name} ({_COLUMNS})")
    for at, table in enumerate(parts):
        if table.fresh:
            progress(f"read {table.name}", at / len(parts))
            made.execute(
                f"INSERT INTO {name} SELECT {table.at('id')}, {tables.digest(table)}, "  # noqa: S608
                f"{table.at('label')}, {at} FROM {table.rows(table.fresh)}"
            )


def tallies_by_ends(
    made: DuckDBPyConnection, pair: Pair, progress: Progress
) -> Mapping[str, Tally]:
    """Return what differs among edges without ids, per type: between two vertices, any is as good.

    If one build has more edges of a type between two vertices that the other lacks, the rest of
    them is new or has vanished.
    """
    for side, parts in (("old", pair.old), ("new", pair.new)):
        _digested(made, f"{pair.kind}_{side}", parts, progress)
    found = made.execute("""
        SELECT label, sum(n - least(o, n)), sum(least(o, n)), sum(o - least(o, n)) FROM (
            SELECT label, sum(greatest(was - now, 0)) AS o, sum(greatest(now - was, 0)) AS n FROM (
                SELECT label, id, sum(side) AS was, count(*) - sum(side) AS now
                FROM (SELECT *, 1 AS side FROM edge_old UNION ALL SELECT *, 0 FROM edge_new)
                GROUP BY label, id, digest
            ) GROUP BY label, id
        ) GROUP BY label
    """).fetchall()
    return {name: Tally(*map(int, counts)) for name, *counts in found}


def tallies(made: DuckDBPyConnection, kind: str) -> Mapping[str, Tally]:
    """Return what differs, per label or type; a vertex counts once for each of its labels."""
    split = _labels if kind == "vertex" else _type
    found = made.execute(
        f"SELECT was, now, count(*) FROM {kind}_differing GROUP BY was, now"  # noqa: S608
    ).fetchall()
    added, changed, vanished = Counter[str](), Counter[str](), Counter[str]()
    for was, now, count in found:
        before, after = split(was), split(now)
        _add(added, after - before, count)
        _add(changed, after & before, count)
        _add(vanished, before - after, count)
    names = sorted({*added, *changed, *vanished})
    return {name: Tally(added[name], changed[name], vanished[name]) for name in names}


def _labels(cell: str | None) -> frozenset[str]:
    return frozenset(tables.split(cell or ""))


def _type(cell: str | None) -> frozenset[str]:
    return frozenset() if cell is None else frozenset({cell})


def _add(counter: Counter[str], names: Iterable[str], count: int) -> None:
    for name in names:
        counter[name] += count
