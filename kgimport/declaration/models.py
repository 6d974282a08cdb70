"""Where the models, seeds and snapshots of a dbt project have their rows, and what prevents use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kgimport.errors import listed, short
from kgimport.locations import Context, Foreign, LocalPath, Query, Relation, S3Path, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kgimport.declaration.artifacts import Model
    from kgimport.locations import Connection, Folder

Place = LocalPath | S3Path | Relation | Query | Foreign


@dataclass(frozen=True, slots=True)
class Way:
    """How to find a model's rows, and what prevents it, if anything does.

    `adapter` is the type of target that the manifest must be from; None allows any.
    """

    locate: Callable[[Model], Place]
    hindrance: Callable[[Model], str | None]
    adapter: str | None = None


@dataclass(frozen=True, slots=True)
class DuckDBTarget:
    """A target of dbt-duckdb: the folder of external models, and the databases that it opens.

    `files` has the path of each database that is a file here, by its name in the manifest, and
    `elsewhere` what the others are. Relative paths start at `base`.
    """

    base: LocalPath
    external_root: str
    files: Mapping[str, str]
    elsewhere: Mapping[str, str] = field(default_factory=dict)


def in_duckdb(target: DuckDBTarget, connection: Connection) -> Way:
    """Return the way for models of dbt-duckdb: external ones are files, others are in a DuckDB."""
    context = Context(target.base)

    def locate(model: Model) -> Place:
        if _is_external(model):
            return parse(external_location(model, target.external_root), context)
        file = target.files.get(str(model.database), str(model.database))
        names = (file, str(model.db_schema), model.alias)
        return Relation(names, connection, model.relation_name)

    def hindrance(model: Model) -> str | None:
        return _no_parquet(model) if _is_external(model) else _not_in_a_file(model, target)

    return Way(locate, hindrance, "duckdb")


def _is_external(model: Model) -> bool:
    return model.config.materialized == "external"


def external_location(model: Model, root: str) -> str:
    """Return the file or folder of an external model, as dbt-duckdb chooses it."""
    if model.config.location:
        return model.config.location
    partitioned = _options(model).get("partition_by") is not None
    return f"{root}/{model.alias}" + ("" if partitioned else f".{model.config.format or 'parquet'}")


def _no_parquet(model: Model) -> str | None:
    if any(mark in (model.config.location or "") for mark in ("{{", "{%")):
        return "its location is a template, which only dbt renders; write the location itself"
    if (form := _format(model)) != "parquet":
        return f"is written as {short(form)}; write format: parquet"
    return None


def _not_in_a_file(model: Model, target: DuckDBTarget) -> str | None:
    database = str(model.database)
    if reason := _no_relation(model):
        return reason
    if database in target.files:
        return None
    where = target.elsewhere.get(database, "which the target's profile does not name")
    return (
        f"is in the database {short(database)}, {where}; "
        "write materialized: external, or put it into a DuckDB file"
    )


def _format(model: Model) -> str:
    chosen = model.config.format or _options(model).get("format")
    suffix = PurePath(model.config.location or "").suffix.removeprefix(".")
    return str(chosen or suffix or "parquet").lower()


def _options(model: Model) -> Mapping[str, Any]:
    return model.config.options or {}


def in_folder(folder: Folder) -> Way:
    """Return the way for models whose Parquet, a file or folder each, is in a folder by choice."""
    return Way(lambda model: _in(folder, model)[0], lambda model: _ambiguous(_in(folder, model)))


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


def in_warehouse(connection: Connection) -> Way:
    """Return the way for relations of a warehouse, whose scheme is its adapter's name."""

    def locate(model: Model) -> Place:
        names = (str(model.database), str(model.db_schema), model.alias)
        return Relation(names, connection, model.relation_name)

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
    """Yield names or places that several models share, given each model's by unique id."""
    for value, count in Counter(values.values()).items():
        if count > 1:
            sharing = [unique_id for unique_id, each in values.items() if each == value]
            yield f"{listed(sharing)}: have the same {what}, {short(value, 200)}"
