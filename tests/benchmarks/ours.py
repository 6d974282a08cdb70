"""kgimport's own command lines. What this kgimport cannot do yet is said, not guessed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.contest import Facts, Step
from tests.benchmarks.measure import Cost, Program
from tests.benchmarks.setting import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

PYTHON = (sys.executable, "-m")
# Modes of the export: ids, format.
KEYS_CSV, DENSE_CSV, DENSE_PARQUET = ("keys", "csv"), ("dense", "csv"), ("dense", "parquet")
Mode = tuple[str, str]
MODES = (KEYS_CSV, DENSE_CSV, DENSE_PARQUET)


def named(mode: Mode) -> str:
    """A mode in the words of its options."""
    ids, form = mode
    return f"--ids {ids}" if form == "csv" else f"--ids {ids} --format {form}"


def export_arguments(graph: Path, out: Path, mode: Mode, memory: str = "") -> tuple[str, ...]:
    """`kgimport export` of a graph.yml."""
    ids, form = mode
    more = ("--memory", memory) if memory else ()
    chosen = ("--ids", ids, "--format", form, *more)
    return ("export", "--graph", str(graph), "--out", str(out), *chosen)


def export(graph: Path, out: Path, mode: Mode, memory: str = "") -> Step:
    """The step that makes a build directory."""
    program = Program((*PYTHON, "kgimport", *export_arguments(graph, out, mode, memory)))
    return Step("export", program, lambda _: exported(out))


def exporting(graph: Path, mode: Mode, memory: str, out: Path) -> list[Step]:
    """An export into `out` as all of a contestant's steps."""
    return [export(graph, out / "build", mode, memory)]


def exported(build: Path) -> Facts:
    """What export.json says, and the size of what was written."""
    record = json.loads((build / "export.json").read_text())
    rows = {"node": 0, "relationship": 0}
    for table in record["tables"]:
        rows[table["kind"]] += table["written"]
    size = sum(file.stat().st_size for file in build.rglob("*") if file.is_file())
    return {
        "nodes": rows["node"],
        "relationships": rows["relationship"],
        "output_mb": round(size / 1e6, 1),
        "seconds": record["seconds"],
    }


def build_db(build: Path, stores: Path, version: str) -> Step:
    """The step that makes a store of a build directory."""
    argv = ("build-db", str(build), "--stores", str(stores), "--neo4j", version, "--json")
    return Step("build-db", Program((*PYTHON, "kgimport", *argv)), built)


def built(cost: Cost) -> Facts:
    """What store.json says."""
    record = json.loads(cost.output)
    return {
        "nodes": sum(record["labels"].values()),
        "relationships": sum(record["types"].values()),
        "store_mb": round(record["bytes"] / 1e6, 1),
        "seconds": record["seconds"],
    }


def python(module: str, *arguments: str | Path, cwd: Path | None = None) -> Program:
    """A module of this repository as a program, wherever it is started."""
    argv: Sequence[str] = (*PYTHON, module, *map(str, arguments))
    return Program(tuple(argv), {"PYTHONPATH": str(ROOT)}, cwd)
