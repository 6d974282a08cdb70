"""The graph that a dbt project declares, or that a `graph.yml` declares over a dbt project."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from os.path import normpath
from typing import TYPE_CHECKING, Any

from kgimport.declaration import meta, models
from kgimport.declaration.artifacts import MANIFEST, Manifest, Models
from kgimport.declaration.graph_file import read_json
from kgimport.declaration.parse import graph_of, shaped, spec_of
from kgimport.declaration.runs import AGAIN, Target, must_be_built, must_be_written
from kgimport.declaration.validation import instead, refuse
from kgimport.errors import DeclarationError, listed, short
from kgimport.locations import Context, LocalPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from kgimport.declaration.artifacts import Becoming, Model
    from kgimport.declaration.models import Way
    from kgimport.graph import Graph

_FIX = "fix these models in the dbt project, and run `dbt build`"


@dataclass(frozen=True, slots=True)
class Made:
    """A dbt project after its last command: the folder of its artifacts, and how to find its rows.

    With `target`, the last command must have made all tables of a graph, for that target.
    """

    artifacts: Path
    way: Way
    target: Target | None = None

    def read(self) -> tuple[Any, Manifest]:
        """Return the manifest, as it is and as far as it is always read."""
        raw = read_json(self.artifacts / MANIFEST)
        manifest = shaped(Manifest, raw, self.place, AGAIN)
        _must_be_of(self.way.adapter, manifest, self.place)
        return raw, manifest

    @property
    def place(self) -> str:
        """The manifest's path, for messages."""
        return str(self.artifacts / MANIFEST)


def load_dbt(made: Made, name: str | None = None, context: Context = Context()) -> Graph:  # noqa: B008  (it is frozen)
    """Return the graph that a dbt project declares; `name` chooses one of several.

    Raises `DeclarationError` with every mistake, and `SourceError` with the tables that dbt's last
    run did not make, if it must have made them.
    """
    raw, manifest = made.read()
    graph, chosen = _choose_graph(manifest.becoming, name, made.place)
    refuse(
        made.place,
        meta.contradictions(chosen),
        "state each default and the features of the graph once",
    )
    of_graph = {"defaults": meta.defaults(chosen), "features": meta.features(chosen)}
    chosen = meta.tables(chosen)
    refuse(made.place, _strangers(chosen, manifest), "remove `meta.kgimport` there")
    ours = _models(raw, chosen, made)
    twice = (
        f"{each}: {line}"
        for each, model in ours.items()
        for line in models.contradictions(model, chosen[each].more)
    )
    places = _places(made, raw, manifest, ours, twice)
    tables = {ours[each].name: _table(ours[each], becomes) for each, becomes in chosen.items()}
    named = {ours[each].name: place for each, place in places.items()}
    raw = {"graph": graph, **of_graph, "tables": tables}
    declared = graph_of(raw, made.place, replace(context, places=named))
    _check_run(made, manifest, {each: model.name for each, model in ours.items()}, ours, places)
    return declared


def load_over_dbt(raw: object, place: str, made: Made, context: Context) -> Graph:
    """Return the graph of a `graph.yml` whose tables are a dbt project's, unless they say where.

    A table has the name of a model, a seed or a snapshot. Raises the same errors as `load_dbt`.
    """
    names = [name for name, table in spec_of(raw, place).tables.items() if table.location is None]
    if not names:
        return graph_of(raw, place, context)
    content, manifest = made.read()
    ids = {name: _ids(name, manifest) for name in names}
    refuse(place, _unfound(ids, manifest), "name models, seeds or snapshots, or give a location")
    by_id = {each: name for name, found in ids.items() for each in found}
    ours = _models(content, by_id, made)
    places = _places(made, content, manifest, ours, ())
    named = {by_id[each]: at for each, at in places.items()}
    declared = graph_of(raw, place, replace(context, places=named))
    _check_run(made, manifest, by_id, ours, places)
    return declared


def declares(artifacts: Path) -> bool:
    """Return whether a model of a manifest declares a graph; raise if there is no manifest."""
    place = artifacts / MANIFEST
    return bool(shaped(Manifest, read_json(place), str(place), AGAIN).becoming)


def external_files(made: Made) -> list[str]:
    """Return the files and folders of all external models of dbt-duckdb, in a graph or not."""
    raw, manifest = made.read()
    found = _models(raw, manifest.external, made).values()
    return [str(made.way.locate(model)) for model in found]


def _check_run(
    made: Made,
    manifest: Manifest,
    names: Mapping[str, str],
    ours: Mapping[str, Model],
    places: Mapping[str, models.Place],
) -> None:
    """Refuse tables that dbt's last run did not make, if it must have made them."""
    if made.target:
        must_be_built(names, manifest, made.artifacts, made.target)
        how = {names[each]: model.config.materialized for each, model in ours.items()}
        where = {names[each]: at for each, at in places.items()}
        must_be_written(where, how, made.artifacts, made.target)


def _ids(name: str, manifest: Manifest) -> list[str]:
    """Return the unique ids of what has a name; a unique id is a name, too."""
    known = manifest.with_rows
    return [name] if name in known else [each for each, own in known.items() if own == name]


def _unfound(ids: Mapping[str, list[str]], manifest: Manifest) -> Iterator[str]:
    known, off = sorted(set(manifest.with_rows.values())), set(map(_last, manifest.disabled))
    for name, found in ids.items():
        if not found and name in off:
            yield f"tables.{name}: is disabled in the dbt project"
        elif not found:
            yield f"tables.{name}: dbt has no model, seed or snapshot {name}{instead(name, known)}"
        elif len(found) > 1:
            yield f"tables.{name}: may be {' or '.join(found)}; write one of these names"


def _last(unique_id: str) -> str:
    """Return the name in a unique id: `model.PACKAGE.NAME`, with `.vN` if it has versions."""
    return "".join(unique_id.split(".")[2:3])


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
            f"no model in {at} declares a graph",
            "add config.meta.kgimport to its graph models, or write a graph.yml in the project's "
            "folder",
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
        if not manifest.has_rows(unique_id):
            yield f"{unique_id}: is not a model, a seed or a snapshot, so it has no rows of its own"


def _models(raw: Any, ids: Iterable[str], made: Made) -> Mapping[str, Model]:
    chosen = {"nodes": {each: raw["nodes"][each] for each in ids}}
    return shaped(Models, chosen, made.place, AGAIN).nodes


def _places(
    made: Made,
    raw: Any,
    manifest: Manifest,
    ours: Mapping[str, Model],
    mistakes: Iterable[str],
) -> dict[str, models.Place]:
    """Return where the rows of models are, by unique id; refuse what cannot be read."""
    way = made.way
    others = _models(raw, manifest.external if way.adapter == "duckdb" else (), made)
    refuse(made.place, chain(_hindrances(ours, way), mistakes, _shared(ours, others, way)), _FIX)
    return {each: way.locate(model) for each, model in ours.items()}


def _hindrances(ours: Mapping[str, Model], way: Way) -> Iterator[str]:
    for unique_id, model in ours.items():
        if reason := way.hindrance(model):
            yield f"{unique_id}: {reason}"


def _shared(ours: Mapping[str, Model], others: Mapping[str, Model], way: Way) -> Iterator[str]:
    """Yield the names that two models of the graph share, and the files that one shares at all."""
    yield from models.doubled({each: model.name for each, model in ours.items()}, "name")
    places = {each: _one(way.locate(model)) for each, model in {**others, **ours}.items()}
    taken = {places[each] for each in ours}
    yield from models.doubled({each: at for each, at in places.items() if at in taken}, "place")


def _one(place: models.Place) -> str:
    return normpath(place.path) if isinstance(place, LocalPath) else str(place)


def _table(model: Model, becomes: Becoming) -> dict[str, Any]:
    columns = becomes.more.get("columns", {})
    merged = {**model.rules, **columns} if isinstance(columns, dict) else columns
    return {**becomes.more, "columns": merged}
