"""Where the models of a dbt project have their rows, and what prevents their use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kgimport.errors import listed, short
from kgimport.locations import LocalPath, Relation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kgimport.declaration.artifacts import Manifest, Model, RunResults
    from kgimport.locations import Connection, Folder


@dataclass(frozen=True, slots=True)
class Way:
    """How to find a model's rows, and what prevents it, if anything does.

    `adapter` is the type of target that the manifest must be from; None allows any.
    """

    locate: Callable[[Model], str]
    hindrance: Callable[[Model], str | None]
    adapter: str | None = None


def external(root: str) -> Way:
    """Return the way for models that dbt-duckdb writes to files, below `root` by default."""
    return Way(lambda model: external_location(model, root), _not_external, "duckdb")


def external_location(model: Model, root: str) -> str:
    """Return the file or folder of an external model, as dbt-duckdb chooses it."""
    if model.config.location:
        return model.config.location
    partitioned = _options(model).get("partition_by") is not None
    return f"{root}/{model.alias}" + ("" if partitioned else f".{model.config.format or 'parquet'}")


def _not_external(model: Model) -> str | None:
    if model.config.materialized != "external":
        made = short(model.config.materialized)
        return f"is materialised as {made}, so it leaves no Parquet; write materialized: external"
    if any(mark in (model.config.location or "") for mark in ("{{", "{%")):
        return "its location is a template, which only dbt renders; write the location itself"
    if (form := _format(model)) != "parquet":
        return f"is written as {short(form)}; write format: parquet"
    return None


def _format(model: Model) -> str:
    chosen = model.config.format or _options(model).get("format")
    suffix = PurePath(model.config.location or "").suffix.removeprefix(".")
    return str(chosen or suffix or "parquet").lower()


def _options(model: Model) -> Mapping[str, Any]:
    return model.config.options or {}


def in_folder(folder: Folder) -> Way:
    """Return the way for models whose Parquet, a file or folder each, is in a folder by choice."""
    return Way(
        lambda model: str(_in(folder, model)[0]), lambda model: _ambiguous(_in(folder, model))
    )


def _in(folder: Folder, model: Model) -> list[Folder]:
    """Return where a model's Parquet is, or should be; two places only if both exist."""
    file, inner = folder / f"{model.alias}.parquet", folder / model.alias
    if not isinstance(folder, LocalPath):
        partitioned = _options(model).get("partition_by") is not None
        return [inner if partitioned else file]
    return [each for each in (file, inner) if _is_there(Path(str(each)))] or [file]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, or a folder that we may not read
        return False


def _ambiguous(places: list[Folder]) -> str | None:
    if len(places) == 1:
        return None
    return f"is in {' and in '.join(short(each, 150) for each in places)}; remove the old one"


def relations(connection: Connection) -> Way:
    """Return the way for tables or views of a warehouse, whose scheme is its adapter's name."""

    def locate(model: Model) -> str:
        return str(Relation((str(model.database), str(model.db_schema), model.alias), connection))

    return Way(locate, _no_relation, connection.scheme)


def _no_relation(model: Model) -> str | None:
    if model.config.materialized == "ephemeral":
        return "is ephemeral, so it has no table; write materialized: table"
    if not model.database or not model.db_schema:
        return "has no database and schema in the manifest; run `dbt build` again"
    return None


def contradictions(model: Model, says: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a model declares twice, for itself or for a column."""
    if "location" in says:
        yield "names a location, but dbt knows where a model is; remove it"
    columns = says.get("columns")
    twice = model.rules.keys() & (columns.keys() if isinstance(columns, dict) else ())
    for column in sorted(twice):
        yield f"declares twice what column {short(column)} becomes; keep the one below the column"


def doubled(values: Mapping[str, str], what: str) -> Iterator[str]:
    """Yield names or files that several models share, given each model's by unique id."""
    for value, count in Counter(values.values()).items():
        if count > 1:
            sharing = [unique_id for unique_id, each in values.items() if each == value]
            yield f"{listed(sharing)}: have the same {what}, {short(value, 200)}"


def unbuilt(
    names: Mapping[str, str], manifest: Manifest, results: RunResults | None
) -> Mapping[str, list[str]]:
    """Return the names of the models that dbt's last run did not make, by reason.

    `names` has each model's name, by unique id.
    """
    if reason := _no_run(manifest, results):
        return {reason: list(names.values())}
    # If one model has two results, the worse one counts.
    ran = sorted(results.results if results else [], key=lambda each: each.status != "success")
    fates = {each.unique_id: each.status for each in ran}
    found: dict[str, list[str]] = {}
    for unique_id, name in names.items():
        fate = fates.get(unique_id, "not selected")
        if fate != "success":
            found.setdefault("failed" if fate == "error" else fate, []).append(name)
    return found


def _no_run(manifest: Manifest, results: RunResults | None) -> str | None:
    if results is None:
        return "there is no run_results.json"
    command = {"generate": "docs generate"}.get(results.args.which, results.args.which)
    if command not in ("build", "run"):
        return f"the last command was `dbt {short(command)}`"
    if results.metadata.invocation_id != manifest.metadata.invocation_id:
        return "manifest.json and run_results.json are of different runs, as after `dbt parse`"
    return None
