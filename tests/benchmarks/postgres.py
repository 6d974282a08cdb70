"""Part "postgres": a table of a Postgres on this machine, read into Parquet as `export` reads it.

The server is PostgreSQL from a wheel, on a socket, with its own settings. What it takes is not
counted, but it takes its share of the same cores.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from tests import postgres_server
from tests.benchmarks import ours
from tests.benchmarks.contest import Contestant, Step
from tests.benchmarks.measure import Program
from tests.benchmarks.setting import ROOT
from tests.postgres_server import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.benchmarks.contest import Facts
    from tests.benchmarks.measure import Cost
    from tests.benchmarks.setting import Setting

PART = "postgres"
BASE = "COPY binary to nowhere (psql)"
ROWS = 10_000_000  # at scale 1
_TABLE = "payment"
_FILL = """
CREATE TABLE {table} AS SELECT
  i AS id,
  'payment ' || md5(i::text) AS note,
  (i * 7919 % 100000000 / 100.0)::numeric(12, 2) AS amount,
  timestamptz '2020-01-01 00:00+00' + i * interval '1 second 7 microseconds' AS paid_at,
  date '2000-01-01' + (i % 9000)::int AS due,
  i % 3 = 0 AS is_final,
  (i % 100000)::int AS person
FROM generate_series(1, {rows}::bigint) AS s(i)
"""
_PEER = "tests.benchmarks.peers.postgres_rows"


@dataclass(frozen=True, slots=True)
class Server:
    """A server's folder, and how many rows its table has."""

    home: Path
    rows: int


def contestants(setting: Setting) -> Iterator[Contestant]:
    """kgimport's own reading, and what else reads the table's rows."""
    server = Server(setting.cache / PART, round(ROWS * setting.scale))
    off = _missing(setting.cache)
    ways: dict[str, Callable[[Path], Step]] = {
        "kgimport, to Parquet": partial(_to_parquet, "tests.benchmarks.queried"),
        BASE: _copied,
        "psycopg, row by row, to Parquet": partial(_to_parquet, _PEER),
        "psycopg, row by row, to nowhere": _to_nowhere,
    }
    for name, way in ways.items():
        yield Contestant(PART, name, server.rows, 0, partial(_reading, server, way), off=off)


def _missing(cache: Path) -> str:
    """Why this machine cannot run the server; "" if it can."""
    if postgres_server.installed() is None:
        return "there is no wheel with PostgreSQL for this machine"
    if os.geteuid() == 0 and not all(each.stat().st_mode & 0o001 for each in cache.parents):
        return "PostgreSQL does not run as root, and another user cannot reach the cache"
    return ""


def _reading(server: Server, way: Callable[[Path], Step], out: Path) -> Iterator[Step]:
    server.home.mkdir(parents=True, exist_ok=True)
    with postgres_server.running(server.home, signal.SIGINT):
        made = Database(server.home, "postgres")
        _fill(made, server)
        step = way(out)
        yield replace(step, program=replace(step.program, env={**made.environment, **_PATH}))


_PATH = {"PYTHONPATH": str(ROOT)}


def _fill(made: Database, server: Server) -> None:
    """Make the table, if it is not there with as many rows."""
    note = server.home / f"{_TABLE}-{server.rows}"
    if note.exists():
        return
    for each in server.home.glob(f"{_TABLE}-*"):
        each.unlink()
    made.run(f"DROP TABLE IF EXISTS {_TABLE}", _FILL.format(table=_TABLE, rows=server.rows))
    made.run(f"VACUUM ANALYZE {_TABLE}", "CHECKPOINT")
    note.touch()


def _to_parquet(module: str, out: Path) -> Step:
    folder = out / "rows"
    return Step("read", ours.python(module, _TABLE, folder), lambda _: _written(folder))


def _written(folder: Path) -> Facts:
    rows = pl.scan_parquet(folder / "*.parquet").select(pl.len()).collect().item()
    size = sum(file.stat().st_size for file in folder.iterdir())
    return {**_facts(rows), "output_mb": round(size / 1e6, 1)}


def _to_nowhere(_: Path) -> Step:
    return Step("read", ours.python(_PEER, _TABLE), lambda cost: _facts(int(cost.output)))


def _copied(_: Path) -> Step:
    programs = postgres_server.installed()
    assert programs
    command = rf"\copy {_TABLE} to /dev/null (format binary)"
    psql = Program((str(programs / "bin" / "psql"), "-c", command))
    return Step("read", psql, _counted)


def _counted(cost: Cost) -> Facts:
    """What psql prints: COPY 10000000."""
    return _facts(int(cost.output.removeprefix("COPY ")))


def _facts(rows: int) -> Facts:
    return {"nodes": rows, "relationships": 0}
