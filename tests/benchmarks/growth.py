"""Parts "growth", "growth-export" and "large": how time and memory grow with the rows."""

from __future__ import annotations

import json
import re
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgimport import dbt
from tests.benchmarks import end_to_end, measure, ours
from tests.benchmarks.contest import Contestant, Facts, Step
from tests.benchmarks.measure import Cost, Program
from tests.benchmarks.setting import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.setting import Setting

PART, EXPORT, LARGE = "growth", "growth-export", "large"
SCALES = (1, 10, 100)
TIMES_AS_LARGE = 5


def contestants(setting: Setting) -> Iterator[Contestant]:
    """`kgimport run` on LMS samples, each ten times the one before."""
    for scale in SCALES:
        for version in setting.versions:
            yield _contestant(setting, scale, PART, partial(running, version=version), version)


def exports(setting: Setting) -> Iterator[Contestant]:
    """The export alone of each of these samples: `run` has dbt's memory beside it."""
    for scale in SCALES:
        yield _contestant(setting, scale, EXPORT, partial(exporting, setting))


def _contestant(
    setting: Setting,
    scale: int,
    part: str,
    steps: Callable[[Path, Path], list[Step]],
    version: str = "",
) -> Contestant:
    """One on the sample of a scale; `steps` takes the sample's folder, and the one to work in."""
    sample = lms(setting, scale * setting.scale)
    rows = expected(setting, sample)
    return Contestant(
        part,
        f"LMS at scale {scale * setting.scale:g}",
        rows["nodes"],
        rows["relationships"],
        partial(steps, sample),
        neo4j=version,
        facts={"interactions": interactions(sample)},
    )


def large(setting: Setting) -> Iterator[Contestant]:
    """The people graph at five times its size, through kgimport and by hand."""
    people = setting.people(TIMES_AS_LARGE)
    for version in setting.versions:
        for one in end_to_end.kgimport(setting, people, version, part=LARGE):
            if not one.name.endswith(ours.named(ours.KEYS_CSV)):
                yield one
        yield end_to_end.by_hand_made(people, version, part=LARGE)


def lms(setting: Setting, scale: float) -> Path:
    """The folder of a sample, made where it is not in the cache yet."""
    folder = setting.cache / f"lms-{scale:g}"
    if not folder.exists():
        aside = folder.with_name(f".{folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        argv = ("generate", "lms", "--scale", str(scale), "--out", str(aside / "data"))
        cost = measure.run(Program((*ours.PYTHON, "kgimport", *argv)), setting.cache / "lms.log")
        (aside / "generated.txt").write_text(cost.output)
        aside.rename(folder)
    return folder


def interactions(sample: Path) -> int:
    """How many interactions the generator says it wrote."""
    found = re.search(r"([\d,]+) interactions", (sample / "generated.txt").read_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def expected(setting: Setting, sample: Path) -> dict[str, int]:
    """The rows that the sample becomes: what an unmeasured export wrote, kept beside it."""
    note = sample / "rows.json"
    if not note.exists():
        work = setting.work / "expected"
        build = _dbt_and_export(sample, work)
        note.write_text(json.dumps({k: build[k] for k in ("nodes", "relationships")}))
        shutil.rmtree(work)
    rows: dict[str, int] = json.loads(note.read_text())
    return rows


def _dbt_and_export(sample: Path, work: Path) -> Facts:
    _shape(sample, work)
    program = Program((*ours.PYTHON, "kgimport", "export", "--out", "build"), cwd=work)
    measure.run(program, work / "export.log")
    return ours.exported(work / "build")


def _shape(sample: Path, work: Path) -> None:
    work.mkdir(parents=True)
    dbt.build(project(work), data=(sample / "data").absolute())


def exporting(setting: Setting, sample: Path, out: Path) -> list[Step]:
    """`kgimport export` of tables that dbt has made before."""
    work = setting.work / "shaped" / sample.name
    if not work.exists():
        _shape(sample, work)
    build = out.absolute() / "build"
    program = Program((*ours.PYTHON, "kgimport", "export", "--out", str(build)), cwd=work)
    return [Step("export", program, lambda _: ours.exported(build))]


def project(out: Path) -> Path:
    """A copy of the dbt project: what dbt makes lies within, so it is removed with the rest."""
    made = shutil.ignore_patterns("target", "logs", "dbt_packages")
    return Path(shutil.copytree(ROOT / "dbt", out / "dbt", ignore=made))


def running(sample: Path, out: Path, *, version: str) -> list[Step]:
    """`kgimport run`; it leaves its build directory where it is started."""
    project(out)
    places = ("--dbt", "dbt", "--name", "lms", "--data", str((sample / "data").absolute()))
    argv = ("run", *places, "--stores", "stores", "--neo4j", version, "--json")
    program = Program((*ours.PYTHON, "kgimport", *argv), cwd=out)

    def look(cost: Cost) -> Facts:
        built = ours.built(cost)
        (build,) = (out / "build").glob("*/export.json")
        exported = ours.exported(build.parent)
        return {**built, **_tables(exported), "seconds": _stages(cost, exported, built)}

    return [Step("run", program, look)]


def _tables(exported: dict[str, Any]) -> Facts:
    return {key: exported[key] for key in ("nodes", "relationships", "output_mb")}


def _stages(cost: Cost, exported: Facts, built: Facts) -> dict[str, float]:
    """Each stage's seconds; `dbt` is what the records do not account for, Python's start too."""
    known = {**exported["seconds"], **built["seconds"]}
    return {"dbt": round(cost.wall_s - sum(known.values()), 3), **known}
