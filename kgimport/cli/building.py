"""The commands that make something: check, export, build-db, run, generate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgimport import samples
from kgimport.cli import console
from kgimport.cli.app import command
from kgimport.cli.options import (
    GRAPH,
    OUTPUT,
    SOURCE,
    AsJson,
    Format,
    FormatKind,
    GraphFile,
    Heap,
    IdKind,
    Ids,
    IfChanged,
    Image,
    Keep,
    Memory,
    Name,
    Project,
    Results,
    Runtime,
    RuntimeKind,
    Select,
    Stores,
    Tables,
    Target,
    Version,
    Workgroup,
    chosen_graph,
    chosen_neo4j,
    chosen_session,
)
from kgimport.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.commands.build_db import Built


@command("kgimport export --dbt dbt --out build/lms")
def export(
    graph: GraphFile = None,
    dbt: Project = Path("dbt"),
    name: Name = None,
    target: Target = None,
    tables: Tables = None,
    select: Select = None,
    workgroup: Workgroup = None,
    results: Results = None,
    out: Annotated[
        str | None,
        typer.Option(
            help="The build directory, here or s3://…; default: build/GRAPH. A build-db that reads "
            "the one that lies there is waited for, an hour at most.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    ids: IdKind = Ids.DENSE,
    form: FormatKind = Format.CSV,
    memory: Memory = 1024,
    as_json: AsJson = False,
) -> None:
    """Prove the tables' integrity and write the build directory for `build-db`."""
    from kgimport import records
    from kgimport.commands.export import export_to
    from kgimport.options import ExportOptions

    declared = chosen_graph(
        graph, dbt, name, target, tables, select, workgroup=workgroup, results=results
    )
    session = chosen_session(graph, dbt, target, tables)
    options = ExportOptions(ids.value, form.value, memory, session)
    place = out or str(Path("build") / declared.name)
    with console.progress() as tell:
        record = export_to(declared, place, tell, options)
    if as_json:
        typer.echo(records.dump(record), nl=False)
    else:
        console.export_summary(record, place)


@command("kgimport check --graph graph.yml")
def check(
    graph: GraphFile = None,
    dbt: Project = Path("dbt"),
    name: Name = None,
    target: Target = None,
    tables: Tables = None,
    select: Select = None,
    workgroup: Workgroup = None,
    results: Results = None,
    declaration_only: Annotated[
        bool,
        typer.Option("--declaration-only", help="Do not touch the data.", rich_help_panel=GRAPH),
    ] = False,
    ids: IdKind = Ids.DENSE,
    form: FormatKind = Format.CSV,
    memory: Memory = 1024,
) -> None:
    """Check the declaration and the tables' integrity; write nothing."""
    from kgimport.commands.check import check as run
    from kgimport.options import ExportOptions

    declared = chosen_graph(
        graph,
        dbt,
        name,
        target,
        tables,
        select,
        workgroup=workgroup,
        results=results,
        built=not declaration_only,
    )
    if declaration_only:
        typer.echo(f"the declaration of graph {declared.name} is good")
        return
    with console.progress() as tell:
        proof = run(declared, ExportOptions(ids.value, form.value, memory), tell)
    rows = (
        (name, count, count - proof.profiles[name].rows) for name, count in proof.sources.items()
    )
    console.table(f"graph {declared.name} is sound", ("table", "rows", "to be rejected"), rows)


@command("kgimport build-db build/lms", name="build-db")
def build_db(
    build: Annotated[
        str,
        typer.Argument(metavar="BUILD_DIR", help="What `kgimport export` left, here or s3://…."),
    ],
    stores: Stores = Path("stores"),
    neo4j: Version = None,
    runtime: RuntimeKind = Runtime.EMBEDDED,
    image: Image = None,
    heap_mb: Heap = None,
    keep: Keep = 2,
    if_changed: IfChanged = False,
    as_json: AsJson = False,
) -> None:
    """Import a build directory into a fresh store, index it, verify it and publish it."""
    from kgimport.builds.remote import fetched
    from kgimport.commands.build_db import build_db as run
    from kgimport.options import BuildOptions

    program = chosen_neo4j(neo4j, runtime, image)
    options = BuildOptions(keep=keep, if_changed=if_changed, heap_mb=heap_mb)
    with console.progress() as tell, fetched(build, tell) as folder:
        built = run(folder, stores, program, options, tell)
    _tell(built, stores, built.record.seconds, as_json=as_json)


def _tell(built: Built, stores: Path, seconds: Mapping[str, float], *, as_json: bool) -> None:
    from kgimport import records

    if not built.fresh:
        console.note("nothing to do: the current store is of this build")
    if as_json:
        typer.echo(records.dump(built.record), nl=False)
        return
    console.store_summary(built.record, str(built.path), seconds)
    place = stores / built.record.graph
    console.note(f"look at it:   {console.program()} serve {place}")
    console.note(f"check again:  {console.program()} verify {place}")


@command("kgimport run --dbt dbt --data data")
def run(
    dbt: Project = Path("dbt"),
    data: Annotated[
        Path, typer.Option(help="The customers' Parquet.", rich_help_panel=SOURCE)
    ] = Path("data"),
    name: Name = None,
    target: Target = None,
    workgroup: Workgroup = None,
    results: Results = None,
    stores: Stores = Path("stores"),
    neo4j: Version = None,
    runtime: RuntimeKind = Runtime.EMBEDDED,
    image: Image = None,
    heap_mb: Heap = None,
    keep: Keep = 2,
    if_changed: IfChanged = False,
    ids: IdKind = Ids.DENSE,
    form: FormatKind = Format.CSV,
    memory: Memory = 1024,
    as_json: AsJson = False,
) -> None:
    """Run dbt build, export and build-db, one after the other."""
    from kgimport.commands.run import Project as Chosen
    from kgimport.commands.run import run as run_all
    from kgimport.options import BuildOptions, ExportOptions

    program = chosen_neo4j(neo4j, runtime, image)
    session = chosen_session(None, dbt, target, None)
    options = BuildOptions(keep=keep, if_changed=if_changed, heap_mb=heap_mb, session=session)
    exporting = ExportOptions(ids.value, form.value, memory, session)
    project = Chosen(dbt, data, target, name, exporting, workgroup, results)
    with console.progress() as tell:
        built, seconds = run_all(project, stores, program, options, tell)
    _tell(built, stores, seconds, as_json=as_json)


@command("kgimport generate lms --scale 0.1 --out sample")
def generate(
    sample: Annotated[samples.Name, typer.Argument(help="Which sample.")],
    out: Annotated[Path, typer.Option(help="The folder to write.", rich_help_panel=OUTPUT)],
    scale: Annotated[
        float, typer.Option(help="1: 130,000 interactions; linear.", rich_help_panel=OUTPUT)
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.", rich_help_panel=OUTPUT)] = 7,
) -> None:
    """Write sample data as Parquet; lms: three fictional customers of a learning platform."""
    try:
        from kgimport.samples import writing

        found = samples.find(sample)
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is missing", "pip install 'kgimport[sample]'") from error

    with console.progress() as tell:
        made = writing.generate(
            found, out, scale=scale, seed=seed, progress=lambda what: tell(what, None)
        )
    rows = ((each.table, each.rows, each.files) for each in made.tables)
    console.table(f"sample {sample} in {out}", ("table", "rows", "files"), rows)
    console.say(f"{made.rows:,} rows, {made.bytes / 1e6:.1f} MB")
