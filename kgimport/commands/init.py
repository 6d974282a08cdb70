"""`kgimport init`: draft a declaration, from a dbt project's own statements or from files."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kgimport import dbt, surveys
from kgimport.declaration.graph_file import read_json
from kgimport.declaration.parse import shaped
from kgimport.drafting import compose, files, project, yaml_text
from kgimport.drafting.artifacts import Catalog, Manifest
from kgimport.errors import DestinationError, KgimportError, SourceError
from kgimport.progress import silent

if TYPE_CHECKING:
    from kgimport.drafting.draft import Draft
    from kgimport.drafting.evidence import Evidence
    from kgimport.progress import Progress

_MANIFEST, _CATALOG = "manifest.json", "catalog.json"
_AGAIN = "run `dbt parse` again; kgimport reads the files of dbt-core 1.10 and 1.11"
_MEMORY_MB = 1024


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft, and why columns and types are not known from the warehouse, if they are not."""

    draft: Draft
    unknown: str = ""

    @property
    def text(self) -> str:
        """The draft as the text of a `graph.yml`."""
        return yaml_text.text(self.draft)


def from_dbt(folder: Path, home: Path, name: str | None = None) -> Drafted:
    """Draft a declaration from what a dbt project states: tests, constraints, semantic models.

    `home` is the folder of the file that it will be in. Raises `SourceError` if the project has no
    manifest.
    """
    artifacts = dbt.artifacts(folder)
    place = artifacts / _MANIFEST
    if not place.is_file():
        raise SourceError(
            f"dbt has not written {place} yet", "run `dbt build` (or `dbt parse`) in the project"
        )
    manifest = shaped(Manifest, read_json(place), str(place), _AGAIN)
    known, unknown = _known(folder, artifacts, manifest)
    found = project.evidence(manifest, known, _relative(folder, home))
    return Drafted(_named(found, name), unknown)


def from_parquet(
    folder: Path, home: Path, name: str | None = None, progress: Progress = silent
) -> Drafted:
    """Draft a declaration from the Parquet files and folders in a folder, by what they hold.

    `home` is the folder of the file that it will be in. Raises `SourceError` if there are none.
    """
    found = surveys.tables(folder)
    with surveys.survey(found, _MEMORY_MB) as survey:
        counted = {}
        for each in found:
            progress(f"count {each.name}", None)
            counted[each.name] = survey.count(each.name, files.likely_keys)
        progress("compare columns with keys", None)
        places = {each.name: _relative(each.place, home) for each in found}
        named = name or folder.resolve().name
        evidence = files.evidence(named, f"the files in {folder}", counted, places, survey.missing)
    return Drafted(_named(evidence, name))


def _named(found: Evidence, name: str | None) -> Draft:
    return compose.compose(replace(found, name=name) if name else found)


def _relative(place: Path, home: Path) -> str:
    return Path(os.path.relpath(place, home)).as_posix()


def _known(
    folder: Path, artifacts: Path, manifest: Manifest
) -> tuple[dict[str, dict[str, str]], str]:
    """Return the types of columns by unique id, or why they are not known.

    They come from DuckDB's own file, or else from dbt's catalog, which may be older.
    """
    reason = f"dbt wrote no {_CATALOG}"
    try:
        if found := _in_warehouse(folder, manifest):
            return found, ""
    except KgimportError as error:  # a draft can do without them
        reason = f"{error.message}, and {reason}"
    place = artifacts / _CATALOG
    if not place.is_file():
        return {}, reason
    return shaped(Catalog, read_json(place), str(place), "run `dbt docs generate` again").types, ""


def _in_warehouse(folder: Path, manifest: Manifest) -> dict[str, dict[str, str]]:
    if manifest.metadata.adapter_type != "duckdb":
        return {}
    path = folder / dbt.settings(folder).texts({"path": "path"}).get("path", ":memory:")
    found = surveys.in_duckdb(path) if path.is_file() else {}
    nodes = (*manifest.nodes.values(), *manifest.sources.values())
    places = {
        node.unique_id: (node.db_schema or "", node.alias or node.identifier or node.name)
        for node in nodes
    }
    return {unique_id: found[at] for unique_id, at in places.items() if at in found}


def must_be_new(out: Path) -> None:
    """Refuse a file that exists: a draft never replaces what a person may have edited."""
    if out.exists() or out.is_symlink():
        raise DestinationError(
            f"{out} exists, and a draft replaces no file", "choose another --out, or compare both"
        )


def write(text: str, out: Path) -> None:
    """Write a draft to a new file.

    Raises `DestinationError` if it exists, or if it cannot be written.
    """
    must_be_new(out)
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise DestinationError(
            f"{out} cannot be written: {error.strerror}", "choose another --out"
        ) from error
