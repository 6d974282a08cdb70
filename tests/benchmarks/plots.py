"""The results as pictures, in colours that stay apart for colour-blind eyes (Okabe and Ito's)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

from tests.benchmarks import checks_cost, end_to_end, export, growth, importer_settings, old_way
from tests.benchmarks.tables import BASES, per_second

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tests.benchmarks.tables import Entry

BLUE, ORANGE, GREEN, PINK, SKY, GREY = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#999999"),
)
STAGES = {"export": BLUE, "import": ORANGE, "start": GREEN, "verify": SKY, "index": PINK}
GROWTH_STAGES = {"dbt": GREY, "check": GREEN, "write": BLUE, "import": ORANGE, "verify": SKY}
MARKERS = "osD^v"
STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "savefig.dpi": 130,
}


def draw(entries: Sequence[Entry], folder: Path) -> list[Path]:
    """Draws every part that was run; gives the files."""
    made = []
    with plt.rc_context(STYLE):
        for part, picture in PICTURES.items():
            mine = [e for e in entries if e["part"] == part and "median" in e]
            if not mine:
                continue
            path = folder / f"performance-{part}.png"
            figure = picture(mine, entries)
            figure.savefig(path, metadata={"Software": None})
            plt.close(figure)
            made.append(path)
    return made


def rates(mine: Sequence[Entry], _: Sequence[Entry]) -> Figure:
    """Rows per second and peak memory of each writer, the quickest first."""
    ranked = sorted(mine, key=per_second)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 1 + 0.36 * len(ranked)), sharey=True, width_ratios=[3, 2]
    )
    names = [entry["name"] for entry in ranked]
    colours = [BLUE if name.startswith("kgimport") else GREY for name in names]
    speed = left.barh(names, [per_second(entry) / 1e3 for entry in ranked], color=colours)
    left.bar_label(speed, fmt="{:,.0f}", padding=3)
    left.set_title("thousand rows per second")
    memory = right.barh(names, [entry["median"]["peak_mb"] for entry in ranked], color=colours)
    right.bar_label(memory, fmt="{:,.0f}", padding=3)
    right.set_title("peak memory, MB")
    for axes in (left, right):
        _bare(axes)
    return figure


def stages(mine: Sequence[Entry], _: Sequence[Entry]) -> Figure:
    """Seconds of each stage in one bar for each way; a panel for each Neo4j."""
    groups = _by_version(mine)
    heights = [len(group) for group in groups.values()]
    figure, panels = plt.subplots(
        len(groups),
        1,
        figsize=(9, 1.2 + 0.42 * sum(heights) + 0.5 * len(groups)),
        sharex=True,
        squeeze=False,
        height_ratios=heights,
    )
    for axes, (version, group) in zip(panels[:, 0], groups.items(), strict=True):
        _stacked(axes, group)
        axes.set_title(f"Neo4j {version}")
    panels[-1, 0].set_xlabel("seconds, from Parquet to the store")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)
    return figure


def _stacked(axes: Axes, group: Sequence[Entry]) -> None:
    ranked = sorted(group, key=lambda e: -e["median"]["wall_s"])
    names = [entry["name"] for entry in ranked]
    left = [0.0] * len(ranked)
    for stage, colour in STAGES.items():
        widths = [entry["median"]["seconds"].get(stage, 0.0) for entry in ranked]
        axes.barh(names, widths, left=left, color=colour, label=stage)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    # What the stages leave over is the start and end of programs; the number is of the whole.
    whole = [entry["median"]["wall_s"] for entry in ranked]
    rest = [max(0.0, w - at) for w, at in zip(whole, left, strict=True)]
    bars = axes.barh(names, rest, left=left, color="#DDDDDD", label="the rest")
    axes.bar_label(bars, [f"{w:,.1f} s" for w in whole], padding=3)
    axes.margins(x=0.12)
    axes.tick_params(axis="y", length=0)
    for name in axes.get_yticklabels():
        if name.get_text().startswith("kgimport"):
            name.set_fontweight("bold")


def against_bolt(mine: Sequence[Entry], entries: Sequence[Entry]) -> Figure:
    """Rows per second over Bolt and from end to end."""
    rows = [(f"over Bolt, {e['neo4j']}", per_second(e), GREY) for e in mine]
    for entry in entries:
        if entry["part"] == end_to_end.PART and entry["name"].startswith("kgimport"):
            if "median" not in entry:
                continue
            rows.append((f"{entry['name']}, {entry['neo4j']}", per_second(entry), BLUE))
    rows.sort(key=lambda row: row[1])
    figure, axes = plt.subplots(figsize=(9, 1 + 0.36 * len(rows)))
    names, values, colours = zip(*rows, strict=True)
    bars = axes.barh(names, values, color=colours)
    axes.bar_label(bars, fmt="{:,.0f}", padding=3)
    axes.set_title("rows per second into Neo4j")
    _bare(axes)
    return figure


def growing(mine: Sequence[Entry], _: Sequence[Entry]) -> Figure:
    """Seconds of each stage, and memory, against the number of interactions."""
    groups = _by_version(mine)
    figure, panels = plt.subplots(1, len(groups) + 1, figsize=(4 * (len(groups) + 1), 3.8))
    for axes, (version, group) in zip(panels[:-1], groups.items(), strict=True):
        axes.set_yscale("log")
        _lines(axes, group, {stage: _stage(stage) for stage in GROWTH_STAGES}, GROWTH_STAGES)
        axes.set_title(f"seconds, Neo4j {version}")
    kinds = {"kgimport and dbt": _peak("own_peak_mb"), "Java with them": _peak("peak_mb")}
    current, group = next(iter(groups.items()))
    _lines(panels[-1], group, kinds, {"kgimport and dbt": BLUE, "Java with them": ORANGE})
    panels[-1].set_title(f"peak memory, MB, Neo4j {current}")
    panels[-1].set_ylim(bottom=0)
    return figure


def _lines(
    axes: Axes,
    group: Sequence[Entry],
    values: Mapping[str, Callable[[Entry], float]],
    colours: Mapping[str, str],
) -> None:
    ordered = sorted(group, key=lambda e: int(e["interactions"]))
    across = [entry["interactions"] for entry in ordered]
    for marker, (name, value) in zip(MARKERS, values.items(), strict=False):
        heights = [value(entry) for entry in ordered]
        axes.plot(across, heights, marker=marker, color=colours[name], label=name)
    axes.set_xscale("log")
    axes.set_xlabel("interactions")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,g}"))
    axes.legend(frameon=False)


def _stage(stage: str) -> Callable[[Entry], float]:
    members = {"check": ("scan", "check", "resolve")}.get(stage, (stage,))
    return lambda e: sum(e["median"]["seconds"].get(member, 0.0) for member in members)


def _peak(unit: str) -> Callable[[Entry], float]:
    return lambda e: float(e["median"][unit])


def ratios(mine: Sequence[Entry], _: Sequence[Entry]) -> Figure:
    """Wall and CPU time as ratios to the part's base; a panel for each Neo4j."""
    groups = _by_version(mine)
    longest = max(map(len, groups.values()))
    figure, panels = plt.subplots(
        1, len(groups), figsize=(9, 1.2 + 0.3 * longest), sharey=True, squeeze=False
    )
    for axes, (version, group) in zip(panels[0], groups.items(), strict=True):
        base = BASES[group[0]["part"]]
        shown = [e for e in reversed(group) if e["name"] != base and "ratio" in e]
        names = [entry["name"] for entry in shown]
        for unit, colour, marker, text in (
            ("wall_s", BLUE, "o", "wall time"),
            ("cpu_s", ORANGE, "D", "CPU time"),
        ):
            axes.plot([e["ratio"][unit] for e in shown], names, marker, color=colour, label=text)
        axes.axvline(1, color=GREY, linewidth=1)
        axes.set_title(f"Neo4j {version}" if version else "")
        axes.set_xlabel(f"times “{base}”")
        axes.grid(axis="y", color="#EEEEEE")
        axes.set_axisbelow(True)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    return figure


def _by_version(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry["neo4j"]].append(entry)
    return groups


def _bare(axes: Axes) -> None:
    """No axis where each bar carries its number."""
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.16)


PICTURES: dict[str, Callable[[Sequence[Entry], Sequence[Entry]], Figure]] = {
    export.PART: rates,
    checks_cost.PART: rates,
    end_to_end.PART: stages,
    growth.LARGE: stages,
    old_way.PART: against_bolt,
    growth.PART: growing,
    importer_settings.PART: ratios,
}
