"""The results as Markdown tables, on stdout and between markers in docs/performance.md."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.benchmarks import (
    checks_cost,
    contest,
    end_to_end,
    export,
    growth,
    importer_settings,
    lake,
    old_way,
    postgres,
)

Entry = contest.Facts
Column = tuple[str, Callable[[Entry], object]]
_MILLION = 1_000_000


def rows(entry: Entry) -> int:
    """Nodes and relationships together."""
    return int(entry["nodes"]) + int(entry["relationships"])


def per_second(entry: Entry) -> float:
    """Rows per second, from start to end; where the seconds of loading are known apart, of them."""
    if entry["part"] == old_way.PART or entry["name"].startswith("biocypher"):
        return rows(entry) / float(sum(entry["median"]["seconds"].values()))
    return rows(entry) / float(entry["median"]["wall_s"])


def median(*names: str) -> Callable[[Entry], object]:
    """The sum of some medians by their path ("seconds.import"); "" where there are none."""

    def cell(entry: Entry) -> object:
        found = [value for name in names if (value := _at(entry["median"], name)) is not None]
        return sum(found) if found else ""

    return cell


def _at(values: Mapping[str, Any], path: str) -> float | None:
    *folders, name = path.split(".")
    for folder in folders:
        values = values.get(folder, {})
    return values.get(name)


def ratio(unit: str) -> Callable[[Entry], object]:
    """How many times the base's, where the same rows were handled."""
    return lambda entry: Times(entry["ratio"][unit]) if "ratio" in entry else ""


def spread(runs: Sequence[float]) -> str:
    """How far apart the quickest and the slowest run were, of their median."""
    if len(runs) == 1:
        return ""
    return f"{(max(runs) - min(runs)) / statistics.median(runs):.0%}"


class Times(float):
    """A ratio, which is shown with two digits."""


NAME: Column = ("", lambda e: e["name"])
NEO4J: Column = ("Neo4j", lambda e: e["neo4j"])
COST: tuple[Column, ...] = (
    ("wall s", median("wall_s")),
    ("spread", lambda e: spread([run["wall_s"] for run in e["runs"]])),
    ("CPU s", median("cpu_s")),
)
PEAKS: tuple[Column, ...] = (
    ("peak MB", median("peak_mb")),
    ("without Java MB", median("own_peak_mb")),
)
RATIOS: tuple[Column, ...] = (("wall ratio", ratio("wall_s")), ("CPU ratio", ratio("cpu_s")))
MEMORY_RATIO: Column = ("memory ratio", ratio("peak_mb"))
STAGES: tuple[Column, ...] = (
    ("export s", median("seconds.export")),
    ("import s", median("seconds.import")),
    ("start s", median("seconds.start")),
    ("verify s", median("seconds.schema", "seconds.verify", "seconds.index")),
)
RATE: Column = ("thousand rows/s", lambda e: per_second(e) / 1000)
WAY = (NAME, *COST, *PEAKS, *STAGES, *RATIOS)


def _per_million(unit: str) -> Callable[[Entry], object]:
    return lambda e: e["median"][unit] / e["interactions"] * _MILLION


COLUMNS: dict[str, tuple[Column, ...]] = {
    export.PART: (
        NAME,
        *COST,
        ("peak MB", median("peak_mb")),
        RATE,
        *RATIOS,
        MEMORY_RATIO,
        ("output MB", median("output_mb")),
    ),
    checks_cost.PART: (NAME, *COST, ("peak MB", median("peak_mb")), *RATIOS),
    postgres.PART: (
        NAME,
        *COST,
        ("peak MB", median("peak_mb")),
        RATE,
        *RATIOS,
        ("output MB", median("output_mb")),
    ),
    lake.PART: (NAME, *COST, ("peak MB", median("peak_mb")), RATE, *RATIOS),
    end_to_end.PART: WAY,
    growth.LARGE: WAY,
    old_way.PART: (
        NAME,
        ("nodes/s", lambda e: e["nodes"] / e["median"]["seconds"]["nodes"]),
        ("relationships/s", lambda e: e["relationships"] / e["median"]["seconds"]["relationships"]),
        ("rows/s", per_second),
        *PEAKS,
    ),
    growth.PART: (
        NAME,
        ("interactions", lambda e: e["interactions"]),
        ("rows", rows),
        *COST,
        ("dbt s", median("seconds.dbt")),
        ("check s", median("seconds.scan", "seconds.check", "seconds.resolve")),
        ("write s", median("seconds.write")),
        *STAGES[1:],
        *PEAKS,
        ("wall s per million", _per_million("wall_s")),
        ("without Java MB per million", _per_million("own_peak_mb")),
    ),
    growth.EXPORT: (
        NAME,
        ("interactions", lambda e: e["interactions"]),
        ("rows", rows),
        *COST,
        ("peak MB", median("peak_mb")),
        ("wall s per million", _per_million("wall_s")),
        ("peak MB per million", _per_million("peak_mb")),
    ),
    importer_settings.PART: (NAME, *COST, ("peak MB", median("peak_mb")), *RATIOS, MEMORY_RATIO),
}
BASES = {
    export.PART: export.BASE,
    checks_cost.PART: checks_cost.BASE,
    lake.PART: lake.BASE,
    postgres.PART: postgres.BASE,
    end_to_end.PART: end_to_end.BASE,
    growth.LARGE: end_to_end.BASE,
    importer_settings.PART: importer_settings.BASE,
}
PARTS = tuple(COLUMNS)


def render(entries: Sequence[Entry], part: str) -> str:
    """One part's tables, one for each Neo4j, and what was not run; "" where there is nothing."""
    mine = [entry for entry in entries if entry["part"] == part]
    versions: dict[str, list[Entry]] = defaultdict(list)
    for entry in mine:
        versions[entry["neo4j"]].append(entry)
    blocks = [_block(version, group, COLUMNS[part]) for version, group in versions.items()]
    if part == old_way.PART:
        blocks += [text for version in versions if (text := _against_bolt(entries, version))]
    return "\n\n".join(blocks)


def _block(version: str, entries: Sequence[Entry], columns: Sequence[Column]) -> str:
    ran = [entry for entry in entries if "median" in entry]
    parts = [_caption(version, ran)] if ran else []
    if ran:
        heads = [head for head, _ in columns]
        cells = [[value(entry) for _, value in columns] for entry in ran]
        parts.append(markdown(*_without_empty(heads, cells)))
    parts += [f"Not run: {e['name']} ({e['off']})." for e in entries if "off" in e]
    return "\n\n".join(parts)


def _caption(version: str, ran: Sequence[Entry]) -> str:
    where = f"Neo4j {version}: " if version else ""
    sizes = {(e["nodes"], e["relationships"]) for e in ran}
    most = max(sizes)
    uneven = len(sizes) > 1 and "ratio" in ran[0]
    fewer = "; the ratios leave out contestants with fewer" if uneven else ""
    runs = min(len(e["runs"]) for e in ran)
    medians = f"median of {runs} runs" if runs > 1 else "one run"
    counted = f"{most[0]:,} nodes and {most[1]:,} relationships" if most[1] else f"{most[0]:,} rows"
    return f"{where}up to {counted}, {medians}{fewer}."


def _against_bolt(entries: Sequence[Entry], version: str) -> str:
    """One sentence: kgimport's rate on the same Neo4j, from Parquet to a verified store."""
    ours = [
        e
        for e in entries
        if e["part"] == end_to_end.PART
        and e["neo4j"] == version
        and e["name"].startswith("kgimport")
        and "median" in e
    ]
    bolt = [e for e in entries if (e["part"], e["neo4j"]) == (old_way.PART, version)]
    if not ours or not bolt:
        return ""
    best = max(ours, key=per_second)
    times = per_second(best) / per_second(bolt[0])
    return (
        f"On Neo4j {version}, {best['name']} takes {per_second(best):,.0f} rows per second from "
        f"Parquet to the verified store: {times:,.0f} times as many."
    )


def _without_empty(
    heads: Sequence[str], cells: Sequence[Sequence[object]]
) -> tuple[list[str], list[list[object]]]:
    used = [at for at in range(len(heads)) if any(row[at] != "" for row in cells)]
    return [heads[at] for at in used], [[row[at] for at in used] for row in cells]


def markdown(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table that is aligned as text too; numbers stand to the right."""
    texts = [[_cell(value) for value in row] for row in rows]
    widths = [max(3, *(len(row[at]) for row in [heads, *texts])) for at in range(len(heads))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [_line(heads, widths), _line(rule, widths), *(_line(row, widths) for row in texts)]
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    rest = (text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))
    return f"| {' | '.join([first, *rest])} |"


def _cell(value: object) -> str:
    if isinstance(value, Times):
        return f"{value:.2f}"
    if isinstance(value, int | float):
        return f"{value:,.1f}" if isinstance(value, float) and value < _SMALL else f"{value:,.0f}"
    return str(value)


_SMALL = 100


def fill(document: str, texts: Mapping[str, str]) -> str:
    """The document with each `<!-- bench:NAME -->` … `<!-- /bench:NAME -->` filled anew."""
    for name, text in texts.items():
        form = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)", re.DOTALL)
        if found := form.search(document):
            filled = f"{found[1]}\n{text}\n\n{found[2]}" if text else found[1] + found[2]
            document = document[: found.start()] + filled + document[found.end() :]
    return document
