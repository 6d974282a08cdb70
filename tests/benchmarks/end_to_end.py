"""Part "end-to-end": from Parquet to an imported store of a graph without indexes."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from kgimport.neo4j.runtime.programs import Neo4j, embedded, reading_parquet
from tests.benchmarks import by_hand, measure, ours
from tests.benchmarks.contest import Contestant, Facts, Step
from tests.benchmarks.export import peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.contest import Steps
    from tests.benchmarks.data import People
    from tests.benchmarks.measure import Cost
    from tests.benchmarks.ours import Mode
    from tests.benchmarks.setting import Setting

PART = "end-to-end"
BASE = "polars sink_csv + importer, string ids"
PERSON = "user_id:ID(P),name,email,age:int,score:double,joined:localdatetime,interests:string[]"
KNOWS = ":START_ID(P),:END_ID(P),weight:double,since:localdatetime"
# Of Parquet the importer takes the types from the file, except that lists need theirs.
PARQUET_PERSON = (
    "user_id:ID(P),name,email,age,score,joined,interests:string[]\n"
    "user_id,name,email,age,score,joined,interests\n"
)
PARQUET_KNOWS = ":START_ID(P),:END_ID(P),weight,since\nsrc,dst,weight,since\n"


def contestants(setting: Setting) -> Iterator[Contestant]:
    """For each Neo4j: kgimport in each mode, the best peer, and the importer alone."""
    people = setting.people()
    for version in setting.versions:
        yield from kgimport(setting, people, version)
        yield by_hand_made(people, version)
        yield _source_parquet(people, version)
        for mode in ours.MODES:
            yield floor(setting, people, version, mode)


def kgimport(
    setting: Setting, people: People, version: str, part: str = PART
) -> Iterator[Contestant]:
    """kgimport's two commands, in each mode."""
    for mode in ours.MODES:
        yield Contestant(
            part,
            f"kgimport {ours.named(mode)}",
            people.nodes,
            people.relationships,
            partial(both, setting, people, version, mode),
            neo4j=version,
        )


def both(setting: Setting, people: People, version: str, mode: Mode, out: Path) -> list[Step]:
    """Export, then build-db; the export counts as one stage here."""
    build = out / "build"
    export = ours.export(people.declaration, build, mode, setting.memory)

    def look(cost: Cost) -> Facts:
        return {**ours.exported(build), "seconds": {"export": cost.wall_s}}

    return [Step("export", export.program, look), ours.build_db(build, out / "stores", version)]


def by_hand_made(people: People, version: str, part: str = PART) -> Contestant:
    """The best peer: what one writes without kgimport."""
    way = partial(csv, people, version)
    return Contestant(part, BASE, people.nodes, people.relationships, way, neo4j=version)


def csv(people: People, version: str, out: Path) -> list[Step]:
    """Polars' CSV and the importer on it, with the source's keys as ids and nothing checked."""
    (out / "csv").mkdir()
    (out / "csv" / "person-header.csv").write_text(PERSON + "\n")
    (out / "csv" / "knows-header.csv").write_text(KNOWS + "\n")
    arguments = (
        "--id-type=string",
        "--array-delimiter=;",
        "--nodes=Person=csv/person-header.csv,csv/person.csv",
        "--relationships=KNOWS=csv/knows-header.csv,csv/knows.csv",
    )
    step = by_hand.importing(embedded(version), arguments, inputs=out, folder=out / "store")
    return [peer("polars_csv", people, out / "csv"), step]


def _source_parquet(people: People, version: str) -> Contestant:
    neo4j = reading_parquet(embedded(version))
    name = "importer alone, source's Parquet, string ids"
    return _contestant(people, version, name, partial(source_parquet, people, neo4j))


def source_parquet(people: People, neo4j: Neo4j, out: Path) -> list[Step]:
    """The importer on the source as it stands; two small files name its columns."""
    for table, text in (("person", PARQUET_PERSON), ("knows", PARQUET_KNOWS)):
        (out / "in").mkdir(exist_ok=True)
        (out / "in" / f"{table}-header.csv").write_text(text)
        (out / "in" / f"{table}.parquet").symlink_to(people.folder.absolute() / f"{table}.parquet")
    arguments = (
        "--input-type=parquet",
        "--id-type=string",
        "--nodes=Person=in/person-header.csv,in/person.parquet",
        "--relationships=KNOWS=in/knows-header.csv,in/knows.parquet",
    )
    return [by_hand.importing(neo4j, arguments, inputs=out, folder=out / "store")]


def floor(setting: Setting, people: People, version: str, mode: Mode) -> Contestant:
    """The importer alone on a build directory that is ready: what no export can undercut."""
    neo4j = embedded(version)
    if mode[1] == "parquet":
        neo4j = reading_parquet(neo4j)

    def steps(out: Path) -> list[Step]:
        build = ready(setting, people, mode)
        return [by_hand.importing(neo4j, by_hand.BUILD_DIRECTORY, inputs=build, folder=out)]

    return _contestant(people, version, f"importer alone, ready {' '.join(mode)}", steps)


def ready(setting: Setting, people: People, mode: Mode) -> Path:
    """A build directory made once; `clear` removes it."""
    build = setting.work / "ready" / f"{people.folder.name}-{'-'.join(mode)}"
    if not build.exists():
        build.parent.mkdir(parents=True, exist_ok=True)
        step = ours.export(people.declaration, build, mode, setting.memory)
        measure.run(step.program, build.parent / "export.log")
    return build


def clear(setting: Setting) -> None:
    """Removes everything that contestants worked on."""
    shutil.rmtree(setting.work, ignore_errors=True)


def _contestant(people: People, version: str, name: str, steps: Steps) -> Contestant:
    rows = (people.nodes, people.relationships)
    return Contestant(PART, name, *rows, steps, neo4j=version)
