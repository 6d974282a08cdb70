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
from kgimport.errors import DestinationError, KgimportError
from kgimport.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.drafting.draft import Draft
    from kgimport.drafting.evidence import Evidence
    from kgimport.progress import Progress

_MANIFEST, _CATALOG = "manifest.json", "catalog.json"
_AGAIN = "run `dbt parse` again; kgimport reads the files of dbt-core 1.10 and 1.11"
_MEMORY_MB = 1024


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft, and whether the columns of the tables are known from the warehouse."""

    draft: Draft
    knows_columns: bool

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
    manifest = shaped(Manifest, read_json(place), str(place), _AGAIN)
    known = _known(folder, artifacts, manifest)
    found = project.evidence(manifest, known, _relative(folder, home))
    return Drafted(_named(found, name), bool(known))


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
    return Drafted(_named(evidence, name), knows_columns=True)


def _named(found: Evidence, name: str | None) -> Draft:
    return compose.compose(replace(found, name=name) if name else found)


def _relative(place: Path, home: Path) -> str:
    return Path(os.path.relpath(place, home)).as_posix()


def _known(folder: Path, artifacts: Path, manifest: Manifest) -> dict[str, dict[str, str]]:
    """Return the types of columns by unique id: from the catalog, and from DuckDB's own file."""
    known = dict(_in_catalog(artifacts / _CATALOG))
    known.update(_in_warehouse(folder, manifest))
    return known


def _in_catalog(place: Path) -> dict[str, dict[str, str]]:
    if not place.is_file():
        return {}
    return shaped(Catalog, read_json(place), str(place), "run `dbt docs generate` again").types


def _in_warehouse(folder: Path, manifest: Manifest) -> Iterator[tuple[str, dict[str, str]]]:
    if manifest.metadata.adapter_type != "duckdb":
        return
    try:
        path = dbt.database(folder)
        found = surveys.in_duckdb(path) if path and path.is_file() else {}
    except KgimportError:
        return  # a draft does not need types; the report says that they are unknown
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        at = (node.db_schema or "", node.alias or node.identifier or node.name)
        if at in found:
            yield node.unique_id, found[at]


def write(text: str, out: Path) -> None:
    """Write a draft to a file that does not exist yet.

    Raises `DestinationError` if it does, or if it cannot be written.
    """
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise DestinationError(
            f"{out} exists, and is never overwritten", "choose another --out, or compare with it"
        ) from None
    except OSError as error:
        raise DestinationError(
            f"{out} cannot be written: {error.strerror}", "choose another --out"
        ) from error
