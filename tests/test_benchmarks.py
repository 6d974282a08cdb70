"""The benchmarks measure what they say, and each contestant does the whole work."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import (
    contest,
    data,
    document,
    export,
    importer_settings,
    measure,
    ours,
    postgres,
    results,
    tables,
)
from tests.benchmarks.contest import Contestant, Step
from tests.benchmarks.measure import Program
from tests.benchmarks.setting import ROOT, Setting

if TYPE_CHECKING:
    from tests.benchmarks.data import People

# A child that starts a grandchild, which holds 150 MB and computes for a second.
GRANDCHILD = """
import time
held = bytearray(b"x") * 150_000_000
until = time.process_time() + 1
while time.process_time() < until:
    pass
"""
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {GRANDCHILD!r}])"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """A people graph of a few hundred rows."""
    return data.people(tmp_path_factory.mktemp("data"), 0.0001)


def say(_: str) -> None:
    """News for nobody."""


def test_memory_and_cpu_of_a_grandchild_are_counted(tmp_path: Path) -> None:
    cost = measure.run(Program((sys.executable, "-c", CHILD)), tmp_path / "log")

    assert 150 < cost.peak_mb < 300
    assert cost.own_peak_mb == cost.peak_mb
    assert 1 <= cost.cpu_s < 2
    assert cost.wall_s >= 1


def test_a_java_process_counts_in_the_whole_alone(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.symlink_to(sys.executable)
    starts = f"import subprocess; subprocess.run([{str(java)!r}, '-c', {GRANDCHILD!r}])"

    cost = measure.run(Program((sys.executable, "-c", starts)), tmp_path / "log")

    assert cost.peak_mb > 150
    assert cost.own_peak_mb < 50


def test_a_program_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    program = Program((sys.executable, "-c", "import sys; sys.exit('no room')"))

    with pytest.raises(measure.ProgramError, match="ended with 1:\nno room"):
        measure.run(program, tmp_path / "log")


def test_the_same_scale_gives_the_same_rows(people: People, tmp_path: Path) -> None:
    again = data.people(tmp_path, 0.0001)

    assert (people.nodes, people.relationships) == (100, 1000)
    persons, knows = (pl.read_parquet(people.folder / f"{t}.parquet") for t in ("person", "knows"))
    assert [persons.shape, knows.shape] == [(100, 7), (1000, 4)]
    assert persons.equals(pl.read_parquet(again.folder / "person.parquet"))
    assert knows.equals(pl.read_parquet(again.folder / "knows.parquet"))
    assert set(knows["src"]) | set(knows["dst"]) <= set(persons["user_id"])


def test_every_peer_writes_the_same_values(people: People, tmp_path: Path) -> None:
    written = {name: peer_tables(module, people, tmp_path) for name, module in export.PEERS.items()}

    (persons, knows), *others = written.values()

    assert [persons.shape, knows.shape] == [(100, 7), (1000, 4)]
    assert [persons.equals(each) for each, _ in others] == [True] * 3
    assert [knows.equals(each) for _, each in others] == [True] * 3


def peer_tables(module: str, people: People, place: Path) -> list[pl.DataFrame]:
    """What a writer wrote, as text except for doubles, which each may spell in its own way."""
    folder = place / module
    folder.mkdir()
    step = export.peer(module, people, folder)
    facts = step.inspect(measure.run(step.program, place / "log"))
    assert (facts["nodes"], facts["relationships"]) == (100, 1000)
    doubles = {"person": "column_4", "knows": "column_2"}
    return [
        pl.read_csv(folder / f"{table}.csv", has_header=False, infer_schema=False).with_columns(
            pl.col(double).cast(pl.Float64)
        )
        for table, double in doubles.items()
    ]


def test_biocypher_writes_every_row(people: People, tmp_path: Path) -> None:
    pytest.importorskip("biocypher", reason="uv sync --group bench")
    one = Contestant("export", "biocypher", 100, 1000, partial(export.biocypher, people))

    run = contest.once(one, tmp_path)

    assert set(run["seconds"]) == {"nodes", "relationships"}


def test_an_export_that_is_not_whole_is_no_contestant(people: People, tmp_path: Path) -> None:
    steps = partial(ours.exporting, people.declaration, ours.KEYS_CSV, "")

    run = contest.once(Contestant("export", "whole", 100, 1000, steps), tmp_path)
    assert run["output_mb"] > 0
    assert run["wall_s"] == run["steps"]["export"]["wall_s"]

    with pytest.raises(
        contest.WrongRowsError, match=r"export/less: 1000 relationships instead of 2,000"
    ):
        contest.once(Contestant("export", "less", 100, 2000, steps), tmp_path)


def test_without_the_value_checks_a_bad_value_passes(tmp_path: Path) -> None:
    rows = pl.DataFrame({"user_id": ["a"], "tags": [["x\x1fy"]]})
    rows.write_parquet(tmp_path / "person.parquet")
    (tmp_path / "graph.yml").write_text(
        "graph: one\n"
        "tables: {person: {location: person.parquet, node: {labels: [P], key: [user_id]}}}\n"
    )
    step = ours.export(tmp_path / "graph.yml", tmp_path / "build", ours.KEYS_CSV)
    with pytest.raises(measure.ProgramError, match=r"U\+001F"):
        measure.run(step.program, tmp_path / "log")

    arguments = step.program.argv[step.program.argv.index("export") :]
    measure.run(ours.python("tests.benchmarks.unchecked", "values", *arguments), tmp_path / "log")

    assert ours.exported(tmp_path / "build")["nodes"] == 1


def test_runs_are_taken_in_turn_and_a_contestant_that_is_off_is_kept(tmp_path: Path) -> None:
    told: list[str] = []

    def steps(_: Path) -> list[Step]:
        facts = {"nodes": 1, "relationships": 0, "seconds": {"all": len(told)}}
        return [Step("only", Program((sys.executable, "-c", "")), lambda _: dict(facts))]

    entrants = [
        Contestant("p", "a", 1, 0, steps),
        Contestant("p", "b", 1, 0, steps),
        Contestant("p", "c", 1, 0, steps, off="not here"),
    ]

    entries = contest.compare(entrants, 3, tmp_path, told.append)

    assert [line.split(":")[0] for line in told] == ["p/a", "p/b", "p/b", "p/a", "p/a", "p/b"]
    assert [len(entry.get("runs", [])) for entry in entries] == [3, 3, 0]
    assert entries[0]["median"]["seconds"] == {"all": 3}
    assert entries[2]["off"] == "not here"
    assert not (tmp_path / "run").exists()


def entry(name: str, wall: float, part: str = "export", neo4j: str = "") -> contest.Facts:
    """An entry as `compare` gives it."""
    numbers = {"wall_s": wall, "cpu_s": 2 * wall, "peak_mb": 100.0, "own_peak_mb": 0.0}
    about = {"part": part, "name": name, "neo4j": neo4j, "nodes": 100, "relationships": 900}
    return {**about, "median": numbers, "runs": [{**numbers, "wall_s": wall - 0.1}, numbers]}


def test_a_part_that_is_run_again_replaces_its_own_results(tmp_path: Path) -> None:
    file, parts = tmp_path / "results.json", ("export", "bolt")
    bases = {"export": "bare"}
    results.merge(file, parts, [entry("UNWIND", 9, "bolt", "5.26.30")], bases)
    results.merge(file, parts, [entry("old", 1)], bases)
    results.merge(file, parts, [entry("bare", 2), entry("ours", 5)], bases)

    found = results.read(file)["entries"]

    assert [each["name"] for each in found] == ["bare", "ours", "UNWIND"]
    assert found[1]["ratio"] == {"wall_s": 2.5, "cpu_s": 2.5, "peak_mb": 1.0}
    assert "ratio" not in found[2]


def test_who_was_left_out_keeps_the_results_of_before(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results.merge(file, ("export",), [entry("theirs", 9), entry("ours", 4)], {})

    results.merge(file, ("export",), [entry("ours", 5)], {}, spare=lambda name: name == "theirs")

    found = results.read(file)["entries"]
    assert [(each["name"], each["median"]["wall_s"]) for each in found] == [
        ("theirs", 9),
        ("ours", 5),
    ]


TABLE = """\
up to 100 nodes and 900 relationships, median of 2 runs.

|                | wall s | spread | CPU s | peak MB | wall ratio | CPU ratio |
| -------------- | -----: | -----: | ----: | ------: | ---------: | --------: |
| without either |    2.0 |     5% |   4.0 |     100 |       1.00 |      1.00 |
| ours           |    5.5 |     2% |  11.0 |     100 |       2.75 |      2.75 |

Not run: theirs (no jars)."""


def test_a_table_says_who_was_not_run_and_why() -> None:
    ran = [entry("without either", 2.0, "checks"), entry("ours", 5.5, "checks")]
    off = {**entry("theirs", 1, "checks"), "off": "no jars"}
    del off["median"], off["runs"]

    shown = tables.render([*results.with_ratios(ran, tables.BASES), off], "checks")

    assert shown == TABLE


def test_only_what_stands_between_markers_is_written_anew() -> None:
    page = "before\n<!-- bench:export -->\nold\n<!-- /bench:export -->\nafter\n"

    filled = tables.fill(page, {"export": r"new \1", "bolt": "nowhere"})

    assert filled == page.replace("old", "\nnew \\1\n")


def test_what_takes_hours_is_run_when_it_is_named() -> None:
    assert bench.chosen_parts((), large=False) == [
        "export",
        "checks",
        "s3",
        "postgres",
        "end-to-end",
        "bolt",
        "growth",
        "growth-export",
    ]
    assert bench.chosen_parts(("bolt",), large=True) == ["bolt", "large"]
    assert bench.chosen_parts(("settings", "export"), large=False) == ["export", "settings"]


def test_every_part_is_drawn(tmp_path: Path) -> None:
    plots = pytest.importorskip("tests.benchmarks.plots", reason="uv sync --group bench")
    every = [
        {**entry(name, 3, part, "5.26.30"), "interactions": 10}
        for part in tables.PARTS
        for name in (tables.BASES.get(part, "kgimport"), "other")
    ]
    for each in every:
        seconds = {"nodes": 1, "relationships": 2, "export": 1, "import": 2}
        each["median"] = {**each["median"], "seconds": seconds}
    drawn = plots.draw(results.with_ratios(every, tables.BASES), tmp_path)

    assert [path.name for path in drawn] == [f"performance-{part}.png" for part in plots.PICTURES]
    assert all(path.stat().st_size > 5_000 for path in drawn)


@pytest.mark.neo4j
@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "scale", "version", "least"),
    [("end-to-end", 0.0001, "2026.08.1", 3), ("bolt", 0.005, "5.26.30", 1)],
)
def test_contestants_fill_a_real_store(
    part: str, scale: float, version: str, least: int, tmp_path: Path
) -> None:
    setting = Setting(tmp_path / "cache", scale=scale, runs=1, versions=(version,))

    bench.run(part, setting, tmp_path / "results.json")

    entries = results.read(tmp_path / "results.json")["entries"]
    assert {each["neo4j"] for each in entries} == {version}
    assert len([each for each in entries if "median" in each]) >= least
    assert not setting.work.exists()


def test_rows_of_postgres_are_all_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = Path(tempfile.mkdtemp(prefix="kgimport-bench-"))  # PostgreSQL's user must reach it
    place.chmod(0o755)
    setting = Setting(place, scale=0.0001, runs=1)
    try:
        entrants = [one for one in postgres.contestants(setting) if "psycopg" not in one.name]
        entries = contest.compare(entrants, 1, tmp_path_factory.mktemp("work"), say)
    finally:
        shutil.rmtree(place)

    assert [each["name"] for each in entries] == ["kgimport, to Parquet", postgres.BASE]
    assert all("median" in each or "no wheel" in each["off"] for each in entries)


@pytest.mark.neo4j
@pytest.mark.slow
def test_every_form_of_the_input_is_imported_whole(tmp_path: Path) -> None:
    setting = Setting(tmp_path, scale=0.0001, runs=1, versions=("2026.08.1",))
    forms = {one.name for one in importer_settings.VARIANTS if one.form != importer_settings.Form()}
    entrants = [one for one in importer_settings.contestants(setting) if one.name in forms]

    entries = contest.compare(entrants, 1, setting.work, say)

    assert {each["name"] for each in entries} == forms


def test_the_committed_results_are_what_the_page_shows() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    entries = json.loads((ROOT / "docs" / "performance.json").read_text())["entries"]
    drawn = {part for part in tables.PARTS if (ROOT / f"docs/performance-{part}.png").exists()}
    texts = {part: document.section(entries, part, drawn) for part in tables.PARTS}

    assert tables.fill(page, texts) == page
