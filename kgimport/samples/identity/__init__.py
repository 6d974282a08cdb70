"""Identity: what a company knows of its customers, in four sets, and who they really are.

The sets are the accounts (`first_party`), the web sessions with a cookie (`cookie`), all sessions
(`clickstream`) and the purchases (`transactional`). The initial load is `initial/<set>/`, each
increment `incremental/<set>/<YYYYMMDD_HHMMSS>/`: new rows, changed ones and some that are the same
as before. `truth/` has the person of each account and of each session. Everything is made up.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from kgimport.errors import UsageError
from kgimport.samples.draws import Lots
from kgimport.samples.identity.people import World
from kgimport.samples.identity.tables import SETS, TRUTH, Set, batches, columns
from kgimport.samples.sample import Sample, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kgimport.samples.sample import Columns

Format = Literal["parquet", "csv"]
RECORDS, UNIQUENESS = 10_000, 30
_MOST: Final = 50_000_000  # above it, numbers of purchases would repeat after some increments
_INCREMENTS: Final = 99
_FILE: Final = 1_000_000  # records
_FIRST: Final = datetime(2026, 7, 1, 2, tzinfo=UTC)  # the time of the first increment


def made(
    records: int = RECORDS,
    uniqueness: int = UNIQUENESS,
    incremental: int = 0,
    format: Format = "parquet",  # noqa: A002
) -> Sample:
    """Return the initial load, or the increment of a number from 1.

    Args:
        records: how many accounts and purchases the initial load has; an increment has a tenth of
            that in new ones, and brings a tenth of the earlier ones once more.
        uniqueness: how many IP addresses and device ids there are for a hundred records.
        incremental: 0 for the initial load.
        format: of the files.

    Raises `UsageError` for a number outside its bounds.
    """
    for name, value, low, high in (
        ("records", records, 1, _MOST),
        ("uniqueness", uniqueness, 1, 100),
        ("incremental", incremental, 0, _INCREMENTS),
    ):
        if not low <= value <= high:
            raise UsageError(f"--{name} {value} is not between {low} and {high}", "take another")

    def tables(_: float, seed: int) -> Iterator[Table]:
        world = World(records, uniqueness, incremental, Lots(seed))
        for name, each in SETS.items():
            yield _table(world, name, each, _folder(name, incremental), format)
        for name, each in TRUTH.items():
            folder = f"truth/{name}/{stamp(incremental) if incremental else 'initial'}"
            yield _table(world, f"truth/{name}", each, folder, format)

    return Sample(
        "identity",
        1,
        tables,
        settings=f"records={records} uniqueness={uniqueness}",
        part=f"incremental={incremental}" if incremental else "",
    )


def _table(world: World, name: str, each: Set, folder: str, form: Format) -> Table:
    text = form == "csv"
    last, size = world.new()[1], _FILE if world.load == 0 else world.new()[1]
    files: dict[str, Iterable[Columns]] = {
        f"part-{at:05d}.{form}": batches(world, each, first, min(first + size, last), text=text)
        for at, first in enumerate(range(0, last, size))
    }
    return Table(folder, columns(each, text=text), files, name=name)


def stamp(increment: int) -> str:
    """Return the time of an increment, as its folders name it: one each night."""
    return f"{_FIRST + timedelta(days=increment - 1):%Y%m%d_%H%M%S}"


def _folder(name: str, increment: int) -> str:
    return f"incremental/{name}/{stamp(increment)}" if increment else f"initial/{name}"


SAMPLE = made()
