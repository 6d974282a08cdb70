"""Writes docs/performance.json, the tables of docs/performance.md and its pictures.

python -m tests.benchmarks.document RESULTS.json
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.benchmarks import plots, results, tables
from tests.benchmarks.setting import ROOT


def write(found: Path, docs: Path) -> None:
    """Brings the documents up to the results; the prose between the tables stays."""
    kept = docs / "performance.json"
    if found.resolve() != kept.resolve():
        shutil.copyfile(found, kept)
    whole = results.read(kept)
    entries = whole["entries"]
    texts = {part: tables.render(entries, part) for part in tables.PARTS}
    page = docs / "performance.md"
    texts["machine"] = machine(whole["machine"])
    page.write_text(tables.fill(page.read_text(encoding="utf-8"), texts), encoding="utf-8")
    plots.draw(entries, docs)


def machine(facts: dict[str, object]) -> str:
    """What it was measured on, in a sentence."""
    versions = ", ".join(f"{name} {facts[name]}" for name in results.PACKAGES if name in facts)
    return (
        f"{facts['cores']} cores ({facts['architecture']}), {facts['memory_gb']} GB, "
        f"{facts['system']}, Python {facts['python']}; {versions}."
    )


if __name__ == "__main__":
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs"
    write(Path(sys.argv[1]), folder)
