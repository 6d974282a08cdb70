"""Whether dbt's last run made the tables, by what it says itself.

Three things must hold: the command was one that makes tables, it wrote the manifest that is read,
and its result for each table is a success. `dbt docs generate`, for one, writes new results, with a
success for tables whose build had failed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgimport.declaration.artifacts import RUN_RESULTS, RunResults
from kgimport.declaration.graph_file import read_json
from kgimport.declaration.parse import shaped
from kgimport.errors import SourceError, listed, short
from kgimport.locations import LocalPath, Relation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.declaration.artifacts import Manifest, RunArguments
    from kgimport.declaration.models import Place

AGAIN = "run `dbt build` again; kgimport reads the files of dbt-core 1.10 and 1.11"
_MAY_WRITE_NOTHING = ("incremental", "snapshot")
_MAKING = ("build", "run", "retry", "seed", "snapshot")
_NAMES = {"generate": "docs generate"}
_SHOWN = 12
_GRACE_S = 2.0  # some file systems keep times no finer
_HINT = "run `kgimport run`, or `dbt build` for all of them, or name the folder of their Parquet "


@dataclass(frozen=True, slots=True)
class Target:
    """The target whose tables are wanted, and the one that dbt takes if none is named.

    The same holds for `profile`, which is in the folder `profiles`; a project may name no default.
    `variables` are those of the command line, as which dbt's are read.
    """

    name: str
    default: str
    profile: str
    default_profile: str | None
    profiles: Path
    project: Path
    variables: Mapping[str, Any] = field(repr=False)


def must_be_built(
    names: Mapping[str, str], manifest: Manifest, artifacts: Path, target: Target
) -> None:
    """Raise `SourceError` with the tables that dbt's last run did not make, and the reasons.

    `names` has the name of each table by its unique id.
    """
    results = run_results(artifacts)
    if unknown := _unknown(manifest, results):
        raise SourceError(
            f"it is not known whether dbt made the tables of the graph: {unknown}",
            f"{_HINT}with --tables",
        )
    missing = _unbuilt(names, results, target) if results else {}
    if missing:
        first = islice(missing.items(), 10)  # dbt knows only a few kinds of results
        lines = "\n  ".join(f"{short(why)}: {listed(them, 20)}" for why, them in first)
        raise SourceError(
            f"dbt's last run did not make all tables of the graph:\n  {lines}",
            f"{_HINT}with --tables",
        )


def must_be_written(
    places: Mapping[str, Place], materialized: Mapping[str, str], artifacts: Path, target: Target
) -> None:
    """Refuse tables whose files dbt's last run cannot have written; both mappings are by table.

    A profile's relative paths are relative to where dbt was started. If that was not the project's
    folder, files at the paths that kgimport expects may be those of an earlier run. A run may leave
    a DuckDB file as it is if it finds no new rows; then it matters where dbt was started, and what
    else decides about the profile's paths.
    """
    results = run_results(artifacts)
    began = results.metadata.invocation_started_at if results else None
    since = began.timestamp() - _GRACE_S if began else 0.0
    is_ours = results is not None and _has_our_paths(results.args, target)
    files = {
        name: path
        for name, at in places.items()
        if (path := _file(at)) and not (is_ours and materialized[name] in _MAY_WRITE_NOTHING)
    }
    unwritten = [f"{name}: {why}" for name, at in files.items() if (why := _unwritten(at, since))]
    if unwritten:
        more = f"\n  … and {len(unwritten) - _SHOWN:,} more" if len(unwritten) > _SHOWN else ""
        lines = "\n  ".join(short(line, 300) for line in unwritten[:_SHOWN])
        raise SourceError(
            f"dbt's last run did not write the files of these tables:\n  {lines}{more}",
            "run `kgimport run`, or `dbt build` in the project's own folder, where the profile's "
            "relative paths start; or name the place of the Parquet with --tables",
        )


def _has_our_paths(args: RunArguments, target: Target) -> bool:
    """Return whether a path of the profile meant the same file to a run as it means to us."""
    same_variables = (args.vars or {}) == target.variables
    return args.started_in_the_project and same_variables and _is_our_profile(args, target)


def _is_our_profile(args: RunArguments, target: Target) -> bool:
    if args.profiles_dir is None:
        return False
    # A project that was built in a container has another path there; its profile may be in it.
    given = "." if args.profiles_dir == args.project_dir else args.profiles_dir
    return (target.project / given).resolve() == target.profiles.resolve()


def _file(place: Place) -> str | None:
    """Return the local file or folder that holds a table's rows, if there is one."""
    if isinstance(place, Relation) and place.connection.in_files:
        return place.names[0]
    return place.path if isinstance(place, LocalPath) else None


def _unwritten(location: str, since: float) -> str | None:
    try:
        newest = _newest(Path(location))
    except OSError as error:
        return f"there is no {short(location, 200)}: {error.strerror}"
    return None if newest >= since else f"{short(location, 200)} is older than that run"


def _newest(path: Path) -> float:
    """Return when the last file of a table was written, in seconds since 1970."""
    own = path.stat().st_mtime
    log = path.with_name(f"{path.name}.wal")  # of a DuckDB file
    more = [log] if log.is_file() else path.rglob("*")
    return max((own, *(each.stat().st_mtime for each in more if each.is_file())))


def run_results(artifacts: Path) -> RunResults | None:
    """Return what dbt's last command did; None if it left no results."""
    place = artifacts / RUN_RESULTS
    return shaped(RunResults, read_json(place), str(place), AGAIN) if place.is_file() else None


def _unknown(manifest: Manifest, results: RunResults | None) -> str | None:
    if results is None:
        return "there is no run_results.json, which dbt's runs leave"
    command = _NAMES.get(results.args.which, results.args.which)
    if command not in _MAKING:
        return f"its last command was `dbt {short(command)}`, whose results do not show that"
    if results.metadata.invocation_id != manifest.metadata.invocation_id:
        return (
            "manifest.json was written after its last run, as by `dbt parse`, or is of another run"
        )
    return None


def _unbuilt(
    names: Mapping[str, str], results: RunResults, target: Target
) -> Mapping[str, list[str]]:
    """Return the names of the tables that a run did not make, by reason."""
    if reason := _another(results, target):
        return {reason: list(names.values())}
    # If one table has two results, the worse one counts.
    ran = sorted(results.results, key=lambda each: each.status != "success")
    fates = {each.unique_id: each.status for each in ran}
    found: dict[str, list[str]] = {}
    for unique_id, name in names.items():
        fate = fates.get(unique_id, "not selected")
        if fate != "success":
            found.setdefault("failed" if fate == "error" else fate, []).append(name)
    return found


def _another(results: RunResults, target: Target) -> str | None:
    """Return why a run made none of the tables that are wanted, although it succeeded."""
    profile = results.args.profile or target.default_profile or target.profile
    if profile != target.profile:
        return f"it was with the profile {short(profile)}, not {short(target.profile)}"
    ran_for = results.args.target or target.default
    if ran_for != target.name:
        return f"it was for the target {short(ran_for)}, not {short(target.name)}"
    return results.args.part
