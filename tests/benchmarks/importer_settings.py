"""Part "settings": what the importer's own settings are worth, one changed at a time.

    python -m tests.benchmarks --only settings --neo4j 5

The input is dense CSV of the people graph, written here, so that its form can vary too.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from kgimport.neo4j.runtime.programs import embedded
from tests.benchmarks import by_hand
from tests.benchmarks.contest import Contestant, Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.data import People
    from tests.benchmarks.setting import Setting

PART = "settings"
BASE = "heap 4 GiB, all else by default"
COLUMNS = "user_id,name,email,age:int,score:double,joined:{instants},interests:string[]"


@dataclass(frozen=True, slots=True)
class Form:
    """How the input is written."""

    parts: int = 1
    gzipped: bool = False
    instants: str = "localdatetime"  # or "long": microseconds since 1970

    @property
    def folder(self) -> str:
        """A folder's name for it."""
        return f"{self.parts}-{'gz' if self.gzipped else 'csv'}-{self.instants}"


@dataclass(frozen=True, slots=True)
class Variant:
    """One run of the importer: what it is told, and on which form of the input."""

    name: str
    heap_mb: int = 4096
    java: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    form: Form = Form()


VARIANTS = (
    Variant(BASE),
    Variant("heap 1 GiB", heap_mb=1024),
    Variant("heap 2 GiB", heap_mb=2048),
    *(Variant(f"--threads={n}", options=(f"--threads={n}",)) for n in (1, 4)),
    *(
        Variant(f"--high-parallel-io={x}", options=(f"--high-parallel-io={x}",))
        for x in ("on", "off")
    ),
    *(
        Variant(f"--max-off-heap-memory={size}", options=(f"--max-off-heap-memory={size}",))
        for size in ("1G", "4G", "50%")
    ),
    *(Variant(f"--format={f}", options=(f"--format={f}",)) for f in ("standard", "aligned")),
    Variant("--read-buffer-size=16m", options=("--read-buffer-size=16m",)),
    Variant("--normalize-types=false", options=("--normalize-types=false",)),
    *(Variant(f"{gc} GC", java=(f"-XX:+Use{gc}GC",)) for gc in ("G1", "Parallel", "Serial")),
    *(Variant(f"{parts} parts", form=Form(parts=parts)) for parts in (2, 8)),
    Variant("gzip", form=Form(gzipped=True)),
    Variant("timestamps as long", form=Form(instants="long")),
)


def contestants(setting: Setting) -> Iterator[Contestant]:
    """Every variant for each Neo4j."""
    people = setting.people()
    for version in setting.versions:
        for variant in VARIANTS:
            yield Contestant(
                PART,
                variant.name,
                people.nodes,
                people.relationships,
                partial(importing, setting, people, version, variant),
                neo4j=version,
            )


def importing(
    setting: Setting, people: People, version: str, variant: Variant, out: Path
) -> list[Step]:
    """The importer on the variant's form of the input, which is made once."""
    inputs = written(people, setting.work / "ready", variant.form)
    arguments = (
        "--id-type=actual",
        "--array-delimiter=;",
        *variant.options,
        *_sources(inputs, "nodes", "Person", "person"),
        *_sources(inputs, "relationships", "KNOWS", "knows"),
    )
    neo4j = embedded(version)
    step = by_hand.importing(
        neo4j, arguments, inputs=inputs, folder=out, heap=variant.heap_mb, java=variant.java
    )
    return [step]


def _sources(inputs: Path, option: str, name: str, table: str) -> Iterator[str]:
    files = sorted((inputs / "csv").glob(f"{table}-part*"))
    paths = [f"csv/{table}-header.csv", *(f"csv/{file.name}" for file in files)]
    yield f"--{option}={name}={','.join(paths)}"


def written(people: People, place: Path, form: Form) -> Path:
    """The people graph as CSV with dense record ids, in a form."""
    folder = place / f"{people.folder.name}-{form.folder}"
    if folder.exists():
        return folder
    aside = folder.with_name(f".{folder.name}") / "csv"
    shutil.rmtree(aside.parent, ignore_errors=True)
    aside.mkdir(parents=True)
    _headers(aside, form)
    persons = pl.scan_parquet(people.folder / "person.parquet").with_row_index("id")
    ids = persons.select("user_id", "id")
    persons = persons.with_columns(pl.col("interests").list.join(";"))
    knows = (
        pl.scan_parquet(people.folder / "knows.parquet")
        .join(ids.rename({"id": "start"}), left_on="src", right_on="user_id", maintain_order="left")
        .join(ids.rename({"id": "end"}), left_on="dst", right_on="user_id", maintain_order="left")
        .select("start", "end", "weight", "since")
    )
    _write(persons, aside, "person", people.nodes, form)
    _write(knows, aside, "knows", people.relationships, form)
    aside.parent.rename(folder)
    return folder


def _headers(folder: Path, form: Form) -> None:
    person = f":ID,{COLUMNS.format(instants=form.instants)}\n"
    knows = f":START_ID,:END_ID,weight:double,since:{form.instants}\n"
    (folder / "person-header.csv").write_text(person)
    (folder / "knows-header.csv").write_text(knows)


def _write(frame: pl.LazyFrame, folder: Path, table: str, rows: int, form: Form) -> None:
    if form.instants == "long":
        frame = frame.with_columns(pl.col(pl.Datetime).dt.timestamp("us"))
    ending = ".csv.gz" if form.gzipped else ".csv"
    parts = pl.PartitionBy(
        folder,
        file_path_provider=lambda part: f"{table}-part{part.index_in_partition}{ending}",
        max_rows_per_file=-(-rows // form.parts),
        approximate_bytes_per_file=None,
    )
    frame.sink_csv(
        parts,
        include_header=False,
        datetime_format="%Y-%m-%dT%H:%M:%S%.6f",
        compression="gzip" if form.gzipped else "uncompressed",
        compression_level=1 if form.gzipped else None,
        engine="streaming",
    )
