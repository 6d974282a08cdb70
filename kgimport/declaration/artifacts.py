"""What kgimport reads of the two files that dbt leaves, as pydantic models.

`manifest.json` says what the project declares, `run_results.json` what the last command did. Both
hold far more than this, which is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

MANIFEST, RUN_RESULTS = "manifest.json", "run_results.json"
Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]  # no file's name holds U+0000


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("should be text")  # noqa: TRY004  (what pydantic turns into a mistake)
    return value


# Of text alone: a number would be taken for seconds.
Instant = Annotated[AwareDatetime, BeforeValidator(_text)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Becoming(BaseModel):
    """What is to become part of which graph; all but the graph's name is looked at later."""

    model_config = ConfigDict(extra="allow", frozen=True)

    graph: Text

    @property
    def more(self) -> Mapping[str, Any]:
        """All but the graph's name."""
        return self.model_extra or {}


class Meta(_Part):
    """The free part of a declaration."""

    kgimport: Becoming | None = None


class Config(_Part):
    """A configuration, as far as it takes to find what belongs to a graph."""

    meta: Meta | None = None
    materialized: str | None = None


class Declared(_Part):
    """A model, seed, source or the like; dbt 1.10 moved `meta` below `config` and fills both."""

    resource_type: Text
    meta: Meta | None = None
    config: Config | None = None

    @property
    def becomes(self) -> Becoming | None:
        """What stands under `kgimport`."""
        parts = (self.config.meta if self.config else None, self.meta)
        return next((part.kgimport for part in parts if part and part.kgimport), None)


class ManifestMetadata(_Part):
    """Of which command and which warehouse a manifest is."""

    adapter_type: str | None = None
    invocation_id: str | None = None


class Manifest(_Part):
    """A manifest, as far as it takes to find what belongs to a graph."""

    metadata: ManifestMetadata = ManifestMetadata()
    nodes: dict[str, Declared]
    sources: dict[str, Declared] = {}
    exposures: dict[str, Declared] = {}

    @property
    def becoming(self) -> dict[str, Becoming]:
        """All that is to become part of a graph, by unique id and in the order of these.

        dbt promises no order, and the order of tables is part of what a build is.
        """
        found = sorted({**self.exposures, **self.sources, **self.nodes}.items())
        return {unique_id: each.becomes for unique_id, each in found if each.becomes}

    @property
    def external(self) -> list[str]:
        """The unique ids of the models that dbt-duckdb writes to files."""
        return [
            unique_id
            for unique_id, each in self.nodes.items()
            if self.is_model(unique_id) and each.config and each.config.materialized == "external"
        ]

    def is_model(self, unique_id: str) -> bool:
        """Whether a unique id names a model."""
        node = self.nodes.get(unique_id)
        return node is not None and node.resource_type == "model"


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
    """A column; its `meta` stands in the same two places as a model's."""

    meta: Rule | None = None
    config: ColumnConfig | None = None

    @property
    def rule(self) -> Mapping[str, Any]:
        """What stands under `kgimport`; nothing where there is none."""
        parts = (self.config.meta if self.config else None, self.meta)
        return next((part.kgimport for part in parts if part and part.kgimport), {})


class Model(_Part):
    """A model."""

    name: Text
    alias: Text
    database: Text | None = None
    db_schema: Text | None = Field(default=None, alias="schema")
    config: ModelConfig
    columns: dict[Text, Column] = {}

    @property
    def rules(self) -> dict[str, Mapping[str, Any]]:
        """What the columns become that say so."""
        return {name: column.rule for name, column in self.columns.items() if column.rule}


class Models(_Part):
    """The models of a manifest that something is asked of, by their unique ids."""

    nodes: dict[str, Model]


class RunMetadata(_Part):
    """Of which command the results are, and when it began."""

    invocation_id: Text
    invocation_started_at: Instant | None = None


class RunArguments(_Part):
    """What the command was told."""

    which: Text


class Result(_Part):
    """How one thing fared."""

    unique_id: Text
    status: Text


class RunResults(_Part):
    """What a command did."""

    metadata: RunMetadata
    args: RunArguments
    results: list[Result]
