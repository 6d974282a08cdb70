"""The arithmetic of docs/capacity.md: `python -m tests.infra.capacity` writes its tables.

Inputs are read from the page, which is the one place where they stand. Bytes are decimal (GB is
10**9), as prices count them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tests.infra.configuration import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PAGE = ROOT / "docs" / "capacity.md"
SCALES = (1, 100, 10_000)
NIGHTS, HOURS, CUSTOMERS, IMAGES = 30.4, 730, 3, 14

GB, MB = 1e9, 1e6
LAYER = 52_000 * 2**20  # the largest layer that ECR takes
FARGATE_DISK = 200 * 2**30
WINDOW_S = 3.5 * 3600  # from 03:00 to 06:30
# Cores and GB that Fargate offers, smallest first: for the loader, and for a replica, which wants
# as much memory as there is for a core.
TASKS = ((2, 8), (4, 16), (8, 32), (16, 120))
REPLICAS = ((1, 2), (1, 4), (1, 8), (2, 16), (4, 30), (8, 60), (16, 120))


@dataclass(frozen=True, slots=True)
class Load:
    """What one scale needs; bytes and seconds."""

    nodes: float
    relationships: float
    landed: float
    tables: float
    scanned: float
    build: float
    store: float
    athena_s: float
    export_s: float
    import_s: float
    handover_s: float
    bake_s: float

    @property
    def rows(self) -> float:
        """Nodes and relationships."""
        return self.nodes + self.relationships

    @property
    def disk(self) -> float:
        """Build directory, store, spilled ids (24 bytes a row), and a third more."""
        return (self.build + self.store + 24 * self.rows) * 4 / 3

    @property
    def task_s(self) -> float:
        """The Fargate task."""
        return self.athena_s + self.export_s + self.import_s + self.handover_s

    @property
    def night_s(self) -> float:
        """All, with ten minutes for crawlers and starts."""
        return 600 + self.task_s + self.bake_s


def inputs(page: str) -> SimpleNamespace:
    """The numbers of the page's three tables of inputs, by name."""
    found = re.findall(r"^\| (\w+) \| ([\d.]+) \|", page, re.MULTILINE)
    return SimpleNamespace(**{name: float(value) for name, value in found})


def load(scale: float, given: SimpleNamespace) -> Load:
    """What the build of `scale` times the sample needs."""
    users = given.sample_users * scale
    nodes = users + given.sample_fixed_nodes * math.sqrt(scale)
    relationships = users * given.relationships_per_user
    rows = nodes + relationships
    landed, tables = given.sample_bytes * scale, given.table_bytes_per_row * rows
    read = given.landing_reads * landed + given.statements * given.test_share * tables
    store = given.store_bytes_per_row * rows
    imported = given.import_fixed_s + given.import_us_per_row * rows / 1e6
    return Load(
        nodes=nodes,
        relationships=relationships,
        landed=landed,
        tables=tables,
        scanned=max(given.statements * 10 * MB, read),
        build=given.build_bytes_per_row * rows,
        store=store,
        athena_s=given.statements * given.statement_s / given.statements_at_once
        + read / GB / given.athena_gb_per_s,
        export_s=given.export_us_per_row * rows / 1e6,
        import_s=imported * (1 + given.verify_share),
        handover_s=store / MB / given.s3_mb_per_s,
        bake_s=120 + store / MB * (1 / given.s3_mb_per_s + 1 / given.registry_mb_per_s),
    )


def task(need: Load) -> tuple[int, int]:
    """Cores and GB of memory: a tenth of the store as memory is ample for the importer."""
    return _smallest(TASKS, need.store / GB / 10)


def _smallest(sizes: tuple[tuple[int, int], ...], memory: float) -> tuple[int, int]:
    return next((size for size in sizes if size[1] >= memory), sizes[-1])


def replicas(given: SimpleNamespace) -> int:
    """How many answer all sessions, and one more for when one is lost."""
    asked = given.sessions * given.queries_per_session_per_s
    needed: int = math.ceil(asked / given.replica_queries_per_s)
    return needed + 1


def replica(need: Load) -> tuple[int, int, int]:
    """Cores, GB of memory, GB of disk of a replica: the disk holds the image and a copy."""
    cores, memory = _smallest(REPLICAS, need.store / GB * 8 / 3)
    return cores, memory, math.ceil(max(21, _copies(need) / GB))


def month(need: Load, given: SimpleNamespace) -> dict[str, float]:
    """Dollars by item."""
    cores, memory = task(need)
    small = _machine(given, cores, memory, need.disk / GB)
    served = _machine(given, *replica(need))
    return {
        "S3": given.s3_gb_month * (2 * need.landed + 30 * need.tables + 14 * need.store) / GB,
        "Athena": given.athena_tb * NIGHTS * need.scanned / 1e12,
        "crawlers": given.crawler_h * NIGHTS * CUSTOMERS * 2 / 6,
        "loader": NIGHTS * need.task_s / 3600 * small,
        "bake": given.bake_min * NIGHTS * need.bake_s / 60,
        "registry": given.ecr_gb_month * IMAGES * need.store / GB * 0.4,
        "readers": HOURS * replicas(given) * served,
        "balancer": HOURS * given.balancer_h,
        "fixed": given.fixed_month,
    }


def _machine(given: SimpleNamespace, cores: float, memory: float, disk: float) -> float:
    extra = given.disk_gb_h * max(0, disk - 20)
    return float(given.vcpu_h * cores + given.memory_gb_h * memory + extra)


def limits(given: SimpleNamespace) -> list[tuple[str, float]]:
    """What ends first, with the scale at which it does."""
    ends: list[tuple[str, Callable[[Load], float], float]] = [
        ("a replica's page cache no longer holds the store (120 GB of memory)", _store, 45 * GB),
        ("the store is larger than a layer of an image may be in ECR", _store, LAYER),
        (
            "the replica's disk, 200 GB, no longer holds both the image and its copy",
            _copies,
            FARGATE_DISK,
        ),
        ("the task's disk, 200 GB, is full", lambda need: need.disk, FARGATE_DISK),
        ("the night is longer than from 03:00 to 06:30", lambda need: need.night_s, WINDOW_S),
    ]
    found = [(words, _reached(of, limit, given)) for words, of, limit in ends]
    return sorted(found, key=lambda end: end[1])


def _store(need: Load) -> float:
    return need.store


def _copies(need: Load) -> float:
    return 10 * GB + 2 * need.store


def _reached(of: Callable[[Load], float], limit: float, given: SimpleNamespace) -> float:
    low, high = 1.0, 1e7
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if of(load(middle, given)) < limit else (low, middle)
    return low


def tables(given: SimpleNamespace) -> dict[str, str]:
    """The page's tables by the name of their markers."""
    loads = [load(scale, given) for scale in SCALES]
    return {
        "build": _table("", _build(loads, given)),
        "readers": _table("", _readers(loads, given)),
        "month": _table("dollars a month", _months(loads, given)),
        "limits": "\n".join(
            ["| times the sample | what |", "| ---: | --- |"]
            + [f"| {_two(scale)} | {words} |" for words, scale in limits(given)]
        ),
    }


def _build(loads: list[Load], given: SimpleNamespace) -> Iterable[tuple[str, list[str]]]:
    yield "interactions", [_two(given.sample_rows * scale) for scale in SCALES]
    yield "nodes", [_two(need.nodes) for need in loads]
    yield "relationships", [_two(need.relationships) for need in loads]
    yield "landed in S3", [_bytes(need.landed) for need in loads]
    yield "graph tables", [_bytes(need.tables) for need in loads]
    yield "UNLOAD, at most", [_bytes(need.tables) for need in loads]
    yield "Athena scans a night", [_bytes(need.scanned) for need in loads]
    yield "store, and tar", [_bytes(need.store) for need in loads]
    yield "dbt build", [_time(need.athena_s) for need in loads]
    yield "export", [_time(need.export_s) for need in loads]
    yield "import, indexes, verification", [_time(need.import_s) for need in loads]
    yield "hand-over", [_time(need.handover_s) for need in loads]
    yield "bake", [_time(need.bake_s) for need in loads]
    yield "night", [_time(need.night_s) for need in loads]
    yield "task", [_size(*task(need)) for need in loads]
    yield "its disk", [_bytes(need.disk) for need in loads]


def _readers(loads: list[Load], given: SimpleNamespace) -> Iterable[tuple[str, list[str]]]:
    sizes = [replica(need) for need in loads]
    asked = given.sessions * given.queries_per_session_per_s
    yield "queries a second", [_two(asked) for _ in loads]
    yield "replicas, one of them to spare", [str(replicas(given)) for _ in loads]
    yield "a replica", [_size(cores, memory) for cores, memory, _ in sizes]
    yield "its disk", [_disk(disk) for _, _, disk in sizes]


def _size(cores: int, memory: int) -> str:
    return f"{cores} core{'s' if cores > 1 else ''}, {memory} GB"


def _disk(size: int) -> str:
    return f"{size} GB" + (", which is too much" if size * GB > FARGATE_DISK else "")


def _months(loads: list[Load], given: SimpleNamespace) -> Iterable[tuple[str, list[str]]]:
    months = [month(need, given) for need in loads]
    for item in months[0]:
        yield item, [f"{each[item]:,.2f}" for each in months]
    yield "**all**", [f"**{sum(each.values()):,.0f}**" for each in months]


def _table(corner: str, rows: Iterable[tuple[str, list[str]]]) -> str:
    head = [f"| {corner} | " + " | ".join(_scale(scale) for scale in SCALES) + " |"]
    rule = ["| --- |" + " ---: |" * len(SCALES)]
    return "\n".join(head + rule + [f"| {name} | {' | '.join(cells)} |" for name, cells in rows])


def _scale(scale: int) -> str:
    return "the sample" if scale == 1 else f"{scale:,} times"


def _two(number: float) -> str:
    """Two significant digits, which is more than is known."""
    if number == 0:
        return "0"
    digits = 1 - math.floor(math.log10(abs(number)))
    return f"{round(number, digits):,.{max(0, min(1, digits)) if number < 10 else 0}f}"


def _bytes(number: float) -> str:
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 1000:
            return f"{_two(number)} {unit}"
    return f"{_two(number / 1000)} TB"


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{_two(max(seconds, 0.1))} s"
    minutes = seconds / 60
    return f"{_two(minutes)} min" if minutes < 100 else f"{_two(minutes / 60)} h"


def current(page: str) -> str:
    """The page with its tables as its inputs say."""
    for name, table in tables(inputs(page)).items():
        before, start, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        page = f"{before}{start}{table}\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
