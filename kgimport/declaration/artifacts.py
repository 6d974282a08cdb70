"""The parts of dbt's two artifacts that kgimport reads, as pydantic models.

`manifest.json` holds what the project declares, `run_results.json` what the last command did. Both
hold far more than this, which is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

MANIFEST, RUN_RESULTS = "manifest.json", "run_results.json"
WITH_ROWS = ("model", "seed", "snapshot")  # what dbt makes relations of
Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]  # no file name holds U+0000


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("should be text")  # noqa: TRY004  (pydantic reports a ValueError)
    return value


# From text only: a number would be read as seconds.
Instant = Annotated[AwareDatetime, BeforeValidator(_text)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _GraphOf(BaseModel):
    """A graph in the meta of a model: its name, its defaults and its features."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    defaults: dict[Text, Any] = {}
    features: list[Any] | None = None


def _named(value: object) -> object:
    """Return a mapping for a graph that only has a name."""
    return value if isinstance(value, dict) else {"name": _text(value)}


class Becoming(BaseModel):
    """What becomes part of which graph; everything but the graph's name is checked later."""

    model_config = ConfigDict(extra="allow", frozen=True)

    # The graph's name, or that and what is declared for all of it.
    declared: Annotated[_GraphOf, BeforeValidator(_named)] = Field(alias="graph")

    @property
    def graph(self) -> str:
        """The graph's name."""
        return self.declared.name

    @property
    def more(self) -> Mapping[str, Any]:
        """Everything but the graph's name."""
        return self.model_extra or {}


class Meta(_Part):
    """The free part of a declaration."""

    kgimport: Becoming | None = None


class Config(_Part):
    """The part of a configuration that shows what belongs to a graph."""

    meta: Meta | None = None
    materialized: str | None = None


class Declared(_Part):
    """A model, seed, source or the like; dbt 1.10 moved `meta` to `config`, and fills both."""

    resource_type: Text
    name: Text | None = None
    meta: Meta | None = None
    config: Config | None = None

    @property
    def becomes(self) -> Becoming | None:
        """The value of `kgimport`, if there is one."""
        parts = (self.config.meta if self.config else None, self.meta)
        return next((part.kgimport for part in parts if part and part.kgimport), None)


class ManifestMetadata(_Part):
    """The command and the kind of warehouse that a manifest is from."""

    adapter_type: str | None = None
    invocation_id: str | None = None


class Manifest(_Part):
    """The part of a manifest that shows what belongs to a graph."""

    metadata: ManifestMetadata = ManifestMetadata()
    nodes: dict[str, Declared]
    sources: dict[str, Declared] = {}
    exposures: dict[str, Declared] = {}
    disabled: dict[str, Any] = {}

    @property
    def becoming(self) -> dict[str, Becoming]:
        """Everything that becomes part of a graph, by unique id and sorted by it.

        dbt promises no order, but the order of tables is part of a build's identity.
        """
        found = sorted({**self.exposures, **self.sources, **self.nodes}.items())
        return {unique_id: each.becomes for unique_id, each in found if each.becomes}

    @property
    def external(self) -> list[str]:
        """The unique ids of the models that dbt-duckdb writes to files."""
        return [
            unique_id
            for unique_id, each in self.nodes.items()
            if self.has_rows(unique_id) and each.config and each.config.materialized == "external"
        ]

    def has_rows(self, unique_id: str) -> bool:
        """Return whether a unique id names a model, a seed or a snapshot."""
        node = self.nodes.get(unique_id)
        return node is not None and node.resource_type in WITH_ROWS

    @property
    def with_rows(self) -> dict[str, str]:
        """The names of all models, seeds and snapshots, by unique id and sorted by it."""
        found = {each: node.name for each, node in self.nodes.items() if self.has_rows(each)}
        return {each: name for each, name in sorted(found.items()) if name}


class ModelConfig(_Part):
    """How dbt makes a model."""

    materialized: Text
    location: Text | None = None
    format: Text | None = None
    options: dict[str, Any] | None = None


class Rule(_Part):
    """The free part of a column: what the column becomes."""

    kgimport: dict[str, Any] | None = None


class ColumnConfig(_Part):
    """A column's configuration."""

    meta: Rule | None = None


class Column(_Part):
    """A column; its `meta` is in the same two places as a model's."""

    meta: Rule | None = None
    config: ColumnConfig | None = None

    @property
    def rule(self) -> Mapping[str, Any]:
        """The value of `kgimport`; empty if there is none."""
        parts = (self.config.meta if self.config else None, self.meta)
        return next((part.kgimport for part in parts if part and part.kgimport), {})


class Model(_Part):
    """A model, seed or snapshot; `relation_name` is its relation, quoted for SQL."""

    name: Text
    alias: Text
    database: Text | None = None
    db_schema: Text | None = Field(default=None, alias="schema")
    relation_name: Text | None = None
    config: ModelConfig
    columns: dict[Text, Column] = {}

    @property
    def rules(self) -> dict[str, Mapping[str, Any]]:
        """The rules of the columns that have one."""
        return {name: column.rule for name, column in self.columns.items() if column.rule}


class Models(_Part):
    """The models of a manifest that are needed, by their unique ids."""

    nodes: dict[str, Model]


class RunMetadata(_Part):
    """The command that the results are from, and when it began."""

    invocation_id: Text
    invocation_started_at: Instant | None = None


class RunArguments(_Part):
    """The arguments of the command."""

    which: Text
    profile: Text | None = None
    target: Text | None = None
    vars: dict[str, Any] | None = None
    empty: bool | None = None
    sample: Any = None
    full_refresh: bool | None = None
    event_time_start: Any = None
    event_time_end: Any = None
    project_dir: str | None = None
    profiles_dir: str | None = None
    invocation_command: str | None = None

    @property
    def started_in_the_project(self) -> bool:
        """Whether dbt was started in the project's folder, where relative paths then begin.

        `project_dir` is absolute if it was not given, else as it was given.
        """
        if self.project_dir is None or self.project_dir == ".":
            return self.project_dir == "."
        given = "--project-dir" in (self.invocation_command or "--project-dir")
        return self.project_dir.startswith("/") and not given

    @property
    def part(self) -> str | None:
        """What the arguments make of the tables if it is not all of their rows."""
        if self.empty:
            return "it was with --empty, so they have no rows"
        if self.sample:
            return "it was with --sample, so they have a part of their rows"
        if self.full_refresh and (self.event_time_start or self.event_time_end):
            return "it was with --full-refresh and --event-time-…, so they lack rows"
        return None


class Result(_Part):
    """The result for one model, test or the like."""

    unique_id: Text
    status: Text


class RunResults(_Part):
    """What a command did."""

    metadata: RunMetadata
    args: RunArguments
    results: list[Result]
