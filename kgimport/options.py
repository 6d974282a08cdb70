"""The options of each command."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from kgimport.aws import ENVIRONMENT, Session
from kgimport.choices import Dialect, Ids, target_name
from kgimport.errors import UsageError, listed
from kgimport.neo4j.runtime.config import Limits

if TYPE_CHECKING:
    from kgimport.choices import Compression, Format, LoadMode, Parallelism, TargetName


# Of each table, to be compared with the store property by property.
SAMPLED_ROWS = 100


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The options of `export`.

    `ids` is "dense" for Neo4j by default; for Neptune ids are always keys. `memory_mb` limits the
    joins that resolve the ends; `session` is used for a destination in S3.
    """

    ids: Ids | None = None
    format: Format = "csv"
    memory_mb: int = 1024
    session: Session = ENVIRONMENT
    dialect: Dialect = "neo4j"
    compress: Compression = "none"

    def __post_init__(self) -> None:
        words = get_args(Ids)
        if self.ids not in {None, *words}:
            raise UsageError(f"there are no ids {self.ids!r}", f"choose one of {listed(words)}")
        if self.dialect not in (dialects := get_args(Dialect)):
            raise UsageError(
                f"there is no dialect {self.dialect!r}", f"choose one of {listed(dialects)}"
            )
        if self.dialect != "neo4j":
            _must_be_for_neptune(self)
        elif self.compress != "none":
            raise UsageError(
                "files for Neo4j are not compressed", "leave out --compress, or choose a --dialect"
            )

    @property
    def id_kind(self) -> Ids:
        """How files identify nodes and ends."""
        return self.ids or ("dense" if self.dialect == "neo4j" else "keys")

    @property
    def target(self) -> TargetName:
        """The name of the target that is written."""
        return target_name(self.dialect, self.format)


def _must_be_for_neptune(options: ExportOptions) -> None:
    if options.format != "csv":
        raise UsageError(
            f"Neptune's loader does not read {options.format}", "leave out --format, or choose csv"
        )
    if options.ids == "dense":
        raise UsageError(
            "dense ids are the record ids of Neo4j", "leave out --ids: for Neptune they are keys"
        )


DEFAULTS = ExportOptions()


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The options of `build-db`.

    `session` is used to fetch a build directory from S3, and to check that tables there are
    unchanged.
    """

    keep: int = 2
    if_changed: bool = False
    heap_mb: int | None = None
    samples: int = SAMPLED_ROWS
    session: Session = ENVIRONMENT


BUILD_DEFAULTS = BuildOptions()


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The options of `load-neptune`.

    Without `again`, a build that the cluster has is not loaded but only counted. After `timeout_s`
    seconds a job is no longer followed, and goes on.
    """

    mode: LoadMode = "NEW"
    parallelism: Parallelism = "HIGH"
    timeout_s: int | None = None
    again: bool = False
    session: Session = ENVIRONMENT


LOAD_DEFAULTS = LoadOptions()


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of `serve`; without a password, anyone on this machine may read.

    Port 0 stands for any free one. Without an HTTP port there is no Neo4j Browser.
    """

    bolt_port: int = 0
    http_port: int | None = None
    writable: bool = False
    password: str | None = None
    limits: Limits = field(default_factory=Limits)
    heap_mb: int | None = None
    pagecache_mb: int | None = None


SERVE_DEFAULTS = ServeOptions()
