"""The record of a load, in S3 next to the build directory's files and outside their prefixes.

    s3://BUCKET/BUILD/loads/HOST-PORT.json

It is written when a job starts, so a later call can follow that job, and again when the cluster
holds the build, so the build is not loaded twice.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (pydantic reads the annotations)
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from kgimport import s3
from kgimport.errors import DestinationError
from kgimport.records.parts import BuildId  # noqa: TC001  (pydantic reads the annotations)

if TYPE_CHECKING:
    from kgimport.locations import S3Path
    from kgimport.neptune.cluster import Cluster

FOLDER = "loads"
JobId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]  # a part of the path of a call


@dataclass(frozen=True, slots=True)
class Load:
    """A load of a build into a cluster: the last job for each prefix, and whether it is done."""

    build_id: BuildId
    endpoint: str
    jobs: Mapping[str, JobId]  # by prefix: vertices, edges
    complete: bool = False
    version: Literal[1] = 1  # the number of the record's form

    def with_job(self, prefix: str, job: str) -> Load:
        """Return the load with another job for a prefix."""
        return replace(self, jobs={**self.jobs, prefix: job})


@cache
def _adapter() -> TypeAdapter[Load]:
    return TypeAdapter(Load)


def place(home: S3Path, cluster: Cluster) -> S3Path:
    """Return where the record of the loads of a build directory into a cluster is."""
    return home / FOLDER / f"{cluster.name}.json"


def read(home: S3Path, cluster: Cluster) -> Load | None:
    """Return the last load of a build directory into a cluster; None if there was none.

    Raises `DestinationError` if its record is damaged.
    """
    at = place(home, cluster)
    if (text := s3.read(at)) is None:
        return None
    try:
        return _adapter().validate_json(text, strict=True)
    except ValidationError as error:
        raise DestinationError(f"{at} is damaged", f"delete {at}, and load again") from error


def dump(load: Load) -> str:
    """Return the record as JSON."""
    return _adapter().dump_json(load, indent=2).decode() + "\n"


def write(home: S3Path, cluster: Cluster, load: Load) -> None:
    """Record a load; the record of an earlier one is replaced."""
    s3.write(place(home, cluster), dump(load).encode())
