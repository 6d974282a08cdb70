"""What a user may choose for each command."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kgimport.aws import ENVIRONMENT, Session
from kgimport.neo4j.runtime.config import Limits

if TYPE_CHECKING:
    from kgimport.choices import Format, Ids


# Of each table, to be compared with the store property by property.
SAMPLED_ROWS = 100


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a user may choose for `export`.

    `memory_mb` bounds the joins that resolve the ends; as `session`, a destination in S3 is met.
    """

    ids: Ids = "dense"
    format: Format = "csv"
    memory_mb: int = 1024
    session: Session = ENVIRONMENT


DEFAULTS = ExportOptions()


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a user may choose for `build-db`; as `session`, the tables in S3 are looked at again."""

    keep: int = 2
    if_changed: bool = False
    heap_mb: int | None = None
    samples: int = SAMPLED_ROWS
    session: Session = ENVIRONMENT


BUILD_DEFAULTS = BuildOptions()


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What a user may choose for `serve`; without a password, anyone on this machine may read.

    Port 0 takes any that is free. Without an HTTP port there is no Neo4j Browser.
    """

    bolt_port: int = 0
    http_port: int | None = None
    writable: bool = False
    password: str | None = None
    limits: Limits = field(default_factory=Limits)
    heap_mb: int | None = None
    pagecache_mb: int | None = None


SERVE_DEFAULTS = ServeOptions()
