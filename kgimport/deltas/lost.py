"""What a load of the new rows cannot do, because Neptune's loader only adds and replaces.

It deletes no vertex, edge, property or label, does not shrink a set, and does not move an edge.
With openCypher's form it does not even replace a value (Neptune user guide, "Loader Command").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.deltas import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from kgimport.deltas.compare import Pair
    from kgimport.deltas.tables import Table


def find(made: DuckDBPyConnection, pair: Pair, *, replaces: bool) -> None:
    """Make a temporary table `{kind}_lost` of what changed rows no longer state: `id`, `name`.

    `fixed` is true for a label, an end or a type, which only a new vertex or edge can have.
    `replaces` is whether a load replaces single values.
    """
    for side, parts in (("old", pair.old), ("new", pair.new)):
        _stated(made, pair.kind, side, parts)
    # An edge's ends and type, like every value of a store that does not replace, must be equal.
    equal = "o.fixed" if replaces else "true"
    made.execute(f"""
        CREATE TEMP TABLE {pair.kind}_lost AS
        SELECT o.id, o.name, o.fixed
        FROM {pair.kind}_stated_old o LEFT JOIN {pair.kind}_stated_new n
            ON o.id = n.id AND o.name = n.name
        WHERE n.value IS NULL OR n.cell <> o.cell OR CASE
            WHEN o.many THEN NOT list_has_all({tables.items("n.value")}, {tables.items("o.value")})
            ELSE {equal} AND n.value <> o.value
        END
    """)  # noqa: S608  (our own names)
    for side in ("old", "new"):
        made.execute(f"DROP TABLE {pair.kind}_stated_{side}")


def _stated(made: DuckDBPyConnection, kind: str, side: str, parts: Sequence[Table]) -> None:
    changed = f"FROM {kind}_differing WHERE old IS NOT NULL AND new IS NOT NULL"
    name = f"{kind}_stated_{side}"
    made.execute(
        f"CREATE TEMP TABLE {name} "
        "(id VARCHAR, name VARCHAR, cell VARCHAR, many BOOLEAN, fixed BOOLEAN, value VARCHAR)"
    )
    numbers = made.execute(f"SELECT DISTINCT {side} {changed}").fetchall()
    for (number,) in numbers:
        table = parts[number]
        made.execute(f"""
            INSERT INTO {name} SELECT * FROM (
                SELECT {table.at("id")} AS id, unnest({tables.statements(table)}, recursive := true)
                FROM {table.rows(table.fresh)} WHERE {table.at("id")} IN (SELECT id {changed})
            ) WHERE value IS NOT NULL
        """)  # noqa: S608


def plan(made: DuckDBPyConnection, vertices: Pair, edges: Pair) -> None:
    """Make temporary tables of what to drop, to unset and to load, for vertices and for edges.

    `{kind}_drop` has `id`, `{kind}_unset` has `id` and `name`, `{kind}_load` has `id` and `part`,
    the number of the new table. A vertex that lost a label is dropped and loaded again, with all
    of its edges.
    """
    _touching(made, edges.new)
    for pair, more in ((vertices, "SELECT NULL, NULL WHERE false"), (edges, "FROM touching")):
        kind = pair.kind
        made.execute(f"""
            CREATE TEMP TABLE {kind}_load AS
            SELECT id, new AS part FROM {kind}_differing WHERE new IS NOT NULL UNION {more}
        """)  # noqa: S608
        made.execute(f"""
            CREATE TEMP TABLE {kind}_drop AS
            SELECT id FROM {kind}_differing WHERE new IS NULL
            UNION SELECT id FROM {kind}_lost WHERE fixed
            UNION SELECT id FROM ({more}) t(id, part)
            WHERE id NOT IN (SELECT id FROM {kind}_differing WHERE old IS NULL)
        """)  # noqa: S608
        made.execute(f"""
            CREATE TEMP TABLE {kind}_unset AS
            SELECT id, name FROM {kind}_lost
            WHERE NOT fixed AND id NOT IN (SELECT id FROM {kind}_drop)
        """)  # noqa: S608


def _touching(made: DuckDBPyConnection, edges: Sequence[Table]) -> None:
    """Make a temporary table of the new edges of vertices that are replaced."""
    made.execute("CREATE TEMP TABLE touching (id VARCHAR, part USMALLINT)")
    replaced = "SELECT id FROM vertex_lost WHERE fixed"
    if not made.execute(f"{replaced} LIMIT 1").fetchall():
        return
    for at, table in enumerate(edges):
        made.execute(f"""
            INSERT INTO touching SELECT {table.at("id")}, {at} FROM {table.rows(table.files)}
            WHERE {table.at("start")} IN ({replaced}) OR {table.at("end")} IN ({replaced})
        """)  # noqa: S608
