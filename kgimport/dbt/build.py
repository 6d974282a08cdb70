"""Running `dbt build`, with its progress, and with its own reason where it fails."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgimport.dbt.settings import Settings, environment, settings
from kgimport.errors import SourceError, UsageError, short
from kgimport.process import Command, run
from kgimport.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kgimport.progress import Progress

STAGE, DEPS = "dbt build", "dbt deps"
_SHOWN, _LINE = 12, 400  # errors of dbt in a message, and characters of each
_STEP = re.compile(r"(?P<number>\d+) of (?P<all>\d+) (?P<what>.+)")
_BEGINS = "START"
# Projects have hundreds of tests, and a log needs no line for each that passes.
_TEST = re.compile(r"PASS\b|START (?:unit_)?test\b")
_DOTS = re.compile(r"\s*\.{3,}\s*|\s+(?=\[)")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_OURS = ("--target", "-t", "--project-dir")
# dbt reports each failure twice: as a step, whose line says little, and at the end with its reason.
_STEPS = re.compile(r"^(Log|EndOfRunSummary|RunResultErrorNoMessage|StatsLine|Compiled|CheckNode)")
# Its log file keeps the form that it has by default.
_FORM = ("--log-format", "json", "--log-format-file", "debug")


def build(
    project: Path | Settings,
    *,
    target: str | None = None,
    data: Path | None = None,
    arguments: Sequence[str] = (),
    progress: Progress = silent,
) -> None:
    """Run `dbt build`, and `dbt deps` before it if the project names packages that are missing.

    Sources that are a folder of Parquet are read from `data`; `arguments` are further ones of `dbt
    build`. Raises `SourceError` with dbt's reasons if it fails.
    """
    chosen = project if isinstance(project, Settings) else settings(project, target, arguments)
    env = {"KGIMPORT_DATA": str(data.absolute())} if data else {}
    if chosen.packages_missing:
        progress(DEPS, None)
        _run(chosen, ("deps",), env, _Output(DEPS, progress))
    words = ("build", *(("--target", target or chosen.target)), *arguments)
    _run(chosen, words, env, _Output(STAGE, progress))


def must_be_for_dbt(arguments: Iterable[str]) -> None:
    """Refuse arguments of `dbt build` for which kgimport has options of its own."""
    for each in arguments:
        if each.split("=", maxsplit=1)[0] in _OURS:
            raise UsageError(
                f"{each} is for kgimport, too, and stands after --",
                "write it before --, as kgimport's own --target or --dbt",
            )


@dataclass(slots=True)
class _Output:
    """What dbt prints: steps become progress, errors are kept."""

    stage: str
    progress: Progress
    ended: int = 0
    errors: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        info = _info(line)
        text = _COLOUR.sub("", str(info.get("msg", line))).strip()
        if step := _STEP.match(text):
            self._step(step)
        if not text:
            return
        failed = info.get("level") == "error" and not _STEPS.match(str(info.get("name")))
        (self.errors if failed else self.others).append(text)
        del self.others[:-_SHOWN]

    def _step(self, step: re.Match[str]) -> None:
        what, every = _DOTS.sub(" ", step["what"]).strip(), int(step["all"])
        self.ended += not what.startswith(_BEGINS)
        done = min(1.0, self.ended / every) if every else None
        shown = "tests" if _TEST.match(what) else f"{step['number']} of {every} {what}"
        self.progress(f"{self.stage}: {shown}", done)


def _info(line: str) -> dict[str, Any]:
    """Return the part of one of dbt's events that all of them have; nothing for other lines."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    info = event.get("info") if isinstance(event, dict) else None
    return info if isinstance(info, dict) else {}


def _run(chosen: Settings, words: Sequence[str], env: dict[str, str], output: _Output) -> None:
    command, *more = words
    argv = (str(chosen.program.dbt), command, "--project-dir", ".", *_FORM, *more)
    made = Command(argv, {**environment(), **env})
    finished = run(made, cwd=chosen.folder, on_line=output.read)
    if finished.exit_code:
        reasons = output.errors or output.others or ["it printed nothing"]
        lines = "\n  ".join(_indented(each) for each in reasons[:_SHOWN])
        more_errors = len(reasons) - _SHOWN
        rest = f"\n  … and {more_errors:,} more" if more_errors > 0 else ""
        raise SourceError(
            f"dbt {command} failed:\n  {lines}{rest}",
            f"fix that in the dbt project; dbt's log is in {chosen.logs}",
        )


def _indented(reason: str) -> str:
    return short(reason, _LINE).replace("\n", "\n  ")
