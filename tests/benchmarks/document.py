"""Writes docs/performance.json, the tables of docs/performance.md and its pictures.

python -m tests.benchmarks.document RESULTS.json
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import results, tables
from tests.benchmarks.setting import ROOT

if TYPE_CHECKING:
    from collections.abc import Container, Sequence


def write(found: Path, docs: Path) -> None:
    """Brings the documents up to the results; the prose between the tables stays."""
    from tests.benchmarks import plots  # noqa: PLC0415  (the bench group has what draws)

    kept = docs / "performance.json"
    if found.resolve() != kept.resolve():
        shutil.copyfile(found, kept)
    whole = results.read(kept)
    entries = whole["entries"]
    drawn = {path.stem.removeprefix("performance-") for path in plots.draw(entries, docs)}
    texts = {part: section(entries, part, drawn) for part in tables.PARTS}
    page = docs / "performance.md"
    texts["machine"] = machine(whole["machine"]) if whole["machine"] else ""
    page.write_text(tables.fill(page.read_text(encoding="utf-8"), texts), encoding="utf-8")


def section(entries: Sequence[tables.Entry], part: str, drawn: Container[str]) -> str:
    """A part's tables and its picture, or how to come by them."""
    text = tables.render(entries, part)
    if not text:
        return f'Not measured yet: `make bench BENCH="--only {part}"`.'
    return f"{text}\n\n![{CAPTIONS[part]}](performance-{part}.png)" if part in drawn else text


CAPTIONS = {
    "export": "Rows per second and memory of each writer",
    "checks": "The export with and without the checks",
    "end-to-end": "Seconds of each stage",
    "large": "Seconds of each stage at five times the size",
    "bolt": "Rows per second",
    "growth": "Seconds and memory against the number of interactions",
    "settings": "Ratios to the base",
}


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
