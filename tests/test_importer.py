"""The importer is told everything that its defaults could lose, and its errors become sentences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kgimport.commands.export import export
from kgimport.errors import ImportFailedError, RuntimeMissingError
from kgimport.neo4j import importer
from kgimport.neo4j.runtime.config import configure
from kgimport.neo4j.runtime.jvm import Java
from kgimport.neo4j.runtime.programs import Neo4j
from kgimport.options import DEFAULTS, ExportOptions
from kgimport.progress import silent
from kgimport.targets.neo4j import arguments
from tests.graphs import PERSONS, people

if TYPE_CHECKING:
    from kgimport.records import ExportRecord


def exported(tmp_path: Path, options: ExportOptions = DEFAULTS) -> ExportRecord:
    """The record of a small export."""
    return export(people(tmp_path, WITHOUT_EMPTY), tmp_path / "build", options=options)


WITHOUT_EMPTY = {**PERSONS, "name": ["Ann", None, " "]}
PARQUET = ExportOptions(format="parquet")


def test_arguments_name_every_option_that_could_change_data(tmp_path: Path) -> None:
    assert arguments.arguments(replace(exported(tmp_path), tables=())) == (
        "--input-type=csv",
        "--input-encoding=UTF-8",
        "--delimiter=,",
        "--array-delimiter=U+001F",
        "--trim-strings=false",
        "--ignore-extra-columns=false",
        "--legacy-style-quoting=false",
        "--auto-skip-subsequent-headers=false",
        "--id-type=actual",
        "--normalize-types=true",
        "--ignore-empty-strings=false",
        "--skip-bad-relationships=false",
        "--skip-duplicate-nodes=false",
        "--bad-tolerance=0",
        "--strict=false",
        "--read-buffer-size=4194304",
        "--multiline-fields=false",
        "--multiline-fields-format=v1",
    )


def test_of_parquet_the_importer_is_told_what_it_reads_and_nothing_of_csv(tmp_path: Path) -> None:
    record = exported(tmp_path, PARQUET)

    assert arguments.arguments(record) == (
        "--input-type=parquet",
        "--array-delimiter=U+001F",
        "--id-type=actual",
        "--normalize-types=true",
        "--ignore-empty-strings=false",
        "--skip-bad-relationships=false",
        "--skip-duplicate-nodes=false",
        "--bad-tolerance=0",
        "--strict=false",
        "--nodes=Person=parquet/person/header.csv,parquet/person/part-00000.parquet",
        "--relationships=KNOWS=parquet/knows/header.csv,parquet/knows/part-00000.parquet",
    )


def of_version(version: str) -> Neo4j:
    """A Neo4j of which only the version is asked."""
    return Neo4j(version, "embedded", Java(Path("java"), "25.0.2"), jars=())


@pytest.mark.parametrize(
    ("version", "first"),
    [("5.26.25", "5.26.26"), ("2025.01.0", "2026.3.1"), ("2026.02.3", "2026.3.1")],
)
def test_a_neo4j_that_loses_what_it_reads_from_parquet_is_refused(version: str, first: str) -> None:
    with pytest.raises(RuntimeMissingError, match=f"Neo4j {version} does not") as caught:
        importer.check_reads_parquet(of_version(version))

    assert caught.value.hint == f"use {first} or later, or export with --format csv"


@pytest.mark.parametrize("version", ["5.26.26", "5.26.30", "2026.03.1", "2026.08.1"])
def test_a_neo4j_that_reads_parquet_is_taken(version: str) -> None:
    importer.check_reads_parquet(of_version(version))


@pytest.mark.parametrize(
    ("longest", "buffer"),
    [(0, 4_194_304), (3_000_000, 4_194_304), (4_194_304, 8_388_608), (20_000_000, 33_554_432)],
)
def test_the_read_buffer_grows_with_the_longest_row(
    tmp_path: Path, longest: int, buffer: int
) -> None:
    record = replace(exported(tmp_path), longest_row=longest)
    assert f"--read-buffer-size={buffer}" in arguments.arguments(record)


def damaged(tmp_path: Path, file: str, row: str) -> Path:
    """A build directory with one more row in a file, as no export would write it."""
    exported(tmp_path, ExportOptions(ids="keys"))
    with (tmp_path / "build" / file).open("a") as csv:
        csv.write(row)
    return tmp_path / "build"


@pytest.mark.neo4j
@pytest.mark.parametrize(
    ("file", "row", "message"),
    [
        ("csv/knows/part-00000.csv", "a,b,soon\n", r"table knows: .*Not an integer"),
        ("csv/knows/part-00000.csv", "a,zz,1\n", r"table knows: .*(missing node|Invalid rel)"),
        ("csv/person/part-00000.csv", "a,a,Ann\n", r"more than once in group 'Person'"),
        ("csv/person/part-00000.csv", 'd,d,"open\n', r"table person: "),
    ],
    ids=["no number", "no node", "twice", "open quote"],
)
def test_what_the_importer_refuses_is_told_in_one_sentence(
    neo4j: Neo4j, tmp_path: Path, file: str, row: str, message: str
) -> None:
    build = damaged(tmp_path, file, row)
    home = tmp_path / "home"
    configure(neo4j, home=home, data=tmp_path / "data", settings={})

    with pytest.raises(ImportFailedError, match=message) as caught:
        importer.import_full(
            neo4j, build, home, database="neo4j", options=(), heap_mb=512, progress=silent
        )

    assert "\tat " not in caught.value.message
    assert len(caught.value.message) < 700


@pytest.mark.neo4j
def test_the_importer_counts_what_the_export_counted(neo4j: Neo4j, tmp_path: Path) -> None:
    record = exported(tmp_path)
    home = tmp_path / "home"
    configure(neo4j, home=home, data=tmp_path / "data", settings={})
    heard: list[tuple[str, float | None]] = []

    counts = importer.import_full(
        neo4j,
        tmp_path / "build",
        home,
        database="neo4j",
        options=(),
        heap_mb=512,
        progress=lambda stage, done: heard.append((stage, done)),
    )

    assert counts == {
        "nodes": record.nodes,
        "relationships": record.relationships,
        "properties": sum(table.properties for table in record.tables),
    }
    shares = [done for _, done in heard if done is not None]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
