"""A learning management system with three customers.

People, courses and assets are made up and carry opaque keys only. The files are
`customer_<n>/<table>/part-0.parquet`, and for the histories
`customer_<n>/<table>/event_month=2026-01/part-0.parquet` to `2026-06`. Users and their interactions
grow with the scale, courses and assets with its square root: 1 gives 1,500 users and about 130,000
interactions, 100 a hundred times as many users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.samples.lms.journeys import MONTHS, TENANTS, World, build_world
from kgimport.samples.lms.tables import DETAILS, HISTORIES, schemas_of
from kgimport.samples.sample import Sample, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kgimport.samples.sample import Columns

_DELTAS = frozenset({"event_at", "created_at", "last_login_at", "size_bytes"})


def _tables(scale: float, seed: int) -> Iterator[Table]:
    for world in (build_world(tenant, scale, seed) for tenant in TENANTS):
        for name, schema in schemas_of(world.tenant).items():
            yield Table(f"{world.tenant.name}/{name}", schema, _files(world, name), _DELTAS)


def _files(world: World, table: str) -> dict[str, Iterable[Columns]]:
    if table in DETAILS:
        return {"part-0.parquet": DETAILS[table](world)}
    return {
        f"event_month={name}/part-0.parquet": HISTORIES[table](world, month)
        for month, name in enumerate(MONTHS)
    }


# Above it, keys would need more digits.
SAMPLE = Sample("lms", 100_000, _tables)
