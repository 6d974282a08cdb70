"""The graph that a dbt project declares, from its manifest and the results of its last run."""

from __future__ import annotations

from itertools import chain, islice
from os.path import normpath
from typing import TYPE_CHECKING, Any

from kgimport.declaration import meta, models
from kgimport.declaration.artifacts import MANIFEST, RUN_RESULTS, Manifest, Models, RunResults
from kgimport.declaration.graph_file import read_json
from kgimport.declaration.parse import graph_of, shaped
from kgimport.declaration.validation import instead, refuse
from kgimport.errors import DeclarationError, SourceError, listed, short
from kgimport.locations import Context, LocalPath, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from kgimport.declaration.artifacts import Becoming, Model
    from kgimport.declaration.models import Way
    from kgimport.graph import Graph
    from kgimport.locations import Connection, Folder

_AGAIN = "run `dbt build` again; kgimport reads the files of dbt-core 1.10 and 1.11"


def load_dbt(
    artifacts: Path, project: Path, root: str, name: str | None = None, *, built: bool = True
) -> Graph:
    """Return the graph that a dbt project declares, with its tables where dbt-duckdb wrote them.

    `artifacts` is the folder of dbt's manifest, `root` the profile's `external_root`; relative
    paths start at `project`. `name` chooses one of several graphs. With `built`, raises
    `SourceError` with all tables that dbt's last run did not make.
    """
    base = LocalPath(str(project.resolve()))
    return _of_dbt(artifacts, name, models.external(root), Context(base), built=built)


def load_tables(artifacts: Path, tables: Folder, name: str | None = None) -> Graph:
    """Return the graph that a dbt project declares, with its tables in `tables/<alias>.parquet`.

    How and when dbt made the models does not matter.
    """
    return _of_dbt(artifacts, name, models.in_folder(tables), Context(), built=False)


def load_relations(
    artifacts: Path, connection: Connection, name: str | None = None, *, built: bool = True
) -> Graph:
    """Return the graph that a dbt project declares, with its relations in a warehouse as tables.

    dbt made them in the warehouse of `connection`. `built` is the same as for `load_dbt`.
    """
    context = Context(connections=(connection,))
    return _of_dbt(artifacts, name, models.relations(connection), context, built=built)


def run_began(artifacts: Path) -> datetime | None:
    """Return when dbt's last command began; None if its results do not state that."""
    results = _run_results(artifacts)
    return results.metadata.invocation_started_at if results else None


def external_files(artifacts: Path, project: Path, root: str) -> list[str]:
    """Return the files and folders of all external models of dbt-duckdb, in a graph or not."""
    raw = read_json(artifacts / MANIFEST)
    manifest = shaped(Manifest, raw, str(artifacts / MANIFEST), _AGAIN)
    found = _models(raw, manifest.external, artifacts).values()
    context = Context(LocalPath(str(project.resolve())))
    return [str(parse(models.external_location(model, root), context)) for model in found]


def _of_dbt(artifacts: Path, name: str | None, way: Way, context: Context, *, built: bool) -> Graph:
    place = str(artifacts / MANIFEST)
    raw = read_json(artifacts / MANIFEST)
    manifest = shaped(Manifest, raw, place, _AGAIN)
    _must_be_of(way.adapter, manifest, place)
    graph, chosen = _choose_graph(manifest.becoming, name, place)
    refuse(place, meta.contradictions(chosen), "state each default of the graph once")
    defaults, chosen = meta.defaults(chosen), meta.tables(chosen)
    refuse(place, _strangers(chosen, manifest), "make them models, or remove `meta.kgimport`")
    ours = _models(raw, chosen, artifacts)
    others = _models(raw, manifest.external if way.adapter == "duckdb" else (), artifacts)
    hindrances = chain(_hindrances(ours, chosen, way), _shared(ours, others, way, context))
    refuse(place, hindrances, "fix these models in the dbt project, and run `dbt build`")
    tables = {ours[each].name: _table(ours[each], becomes, way) for each, becomes in chosen.items()}
    declared = graph_of({"graph": graph, "defaults": defaults, "tables": tables}, place, context)
    if built:
        _must_be_built({each: model.name for each, model in ours.items()}, manifest, artifacts)
    return declared


def _must_be_of(adapter: str | None, manifest: Manifest, place: str) -> None:
    made_for = manifest.metadata.adapter_type
    if adapter is not None and made_for != adapter:
        raise DeclarationError(
            f"{place} is for a dbt target of type {short(made_for)}, not {adapter}",
            f"run `dbt build` first, for a target of type {adapter}",
        )


def _choose_graph(
    becoming: Mapping[str, Becoming], name: str | None, at: str
) -> tuple[str, Mapping[str, Becoming]]:
    names = sorted({each.graph for each in becoming.values()})
    if not names:
        raise DeclarationError(
            f"no model in {at} declares a graph", "add config.meta.kgimport to its graph models"
        )
    if name is not None and name not in names:
        raise DeclarationError(f"{at} declares no graph {short(name)}{instead(name, names)}")
    if name is None and len(names) > 1:
        raise DeclarationError(
            f"{at} declares several graphs: {listed(names)}", "choose one with --name"
        )
    graph = name or names[0]
    return graph, {each: becomes for each, becomes in becoming.items() if becomes.graph == graph}


def _strangers(chosen: Iterable[str], manifest: Manifest) -> Iterator[str]:
    for unique_id in chosen:
        if not manifest.is_model(unique_id):
            yield f"{unique_id}: is not a model, and kgimport reads only the rows of models"


def _models(raw: Any, ids: Iterable[str], artifacts: Path) -> Mapping[str, Model]:
    chosen = {"nodes": {each: raw["nodes"][each] for each in ids}}
    return shaped(Models, chosen, str(artifacts / MANIFEST), _AGAIN).nodes


def _hindrances(
    ours: Mapping[str, Model], chosen: Mapping[str, Becoming], way: Way
) -> Iterator[str]:
    for unique_id, model in ours.items():
        if reason := way.hindrance(model):
            yield f"{unique_id}: {reason}"
        for line in models.contradictions(model, chosen[unique_id].more):
            yield f"{unique_id}: {line}"


def _shared(
    ours: Mapping[str, Model], others: Mapping[str, Model], way: Way, context: Context
) -> Iterator[str]:
    """Yield the names that two models of the graph share, and the files that one shares at all."""
    yield from models.doubled({each: model.name for each, model in ours.items()}, "name")
    places = {
        each: normpath(str(parse(way.locate(model), context)))
        for each, model in {**others, **ours}.items()
    }
    taken = {places[each] for each in ours}
    yield from models.doubled({each: at for each, at in places.items() if at in taken}, "file")


def _table(model: Model, becomes: Becoming, way: Way) -> dict[str, Any]:
    columns = becomes.more.get("columns", {})
    merged = {**model.rules, **columns} if isinstance(columns, dict) else columns
    return {**becomes.more, "location": way.locate(model), "columns": merged}


def _must_be_built(names: Mapping[str, str], manifest: Manifest, artifacts: Path) -> None:
    missing = models.unbuilt(names, manifest, _run_results(artifacts))
    if missing:
        first = islice(missing.items(), 10)  # dbt knows only a few kinds of results
        lines = "\n  ".join(f"{short(why)}: {listed(them, 20)}" for why, them in first)
        raise SourceError(
            f"dbt's last run did not make all tables of the graph:\n  {lines}",
            "run `dbt build` for all of them, or name the folder of their Parquet with --tables",
        )


def _run_results(artifacts: Path) -> RunResults | None:
    place = artifacts / RUN_RESULTS
    return shaped(RunResults, read_json(place), str(place), _AGAIN) if place.is_file() else None
