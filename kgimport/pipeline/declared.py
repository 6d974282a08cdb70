"""The graph that a built dbt project declares, its rows where the project's target has put them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kgimport import dbt, declaration
from kgimport.sources.athena import PRIMARY, Warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kgimport.graph import Graph


def of_dbt(
    project: Path, target: str | None = None, name: str | None = None, tables: str | None = None
) -> Graph:
    """The graph of a project; `tables` says where its Parquet lies, if not where the target says.

    Where the target is Athena, the models are tables there, and AWS is met as the profile says.
    """
    settings = dbt.athena(project, target) if tables is None else None
    if settings is None:
        place = tables or dbt.tables(project, target)
        return declaration.load_dbt(dbt.manifest(project), place, name)
    _be(settings)
    return declaration.load_athena(dbt.manifest(project), name)


def warehouse(
    project: Path | None, target: str | None, workgroup: str | None, results: str | None
) -> Warehouse:
    """Where Athena runs our queries: what was said, else what a project's target says."""
    said = (dbt.athena(project, target) or {}) if project else {}
    group = workgroup or said.get("workgroup") or PRIMARY.workgroup
    return Warehouse(group, results or said.get("results"))


def _be(settings: Mapping[str, str]) -> None:
    """Speaks to AWS as the profile wants, unless the environment says otherwise."""
    if "region" in settings and "AWS_DEFAULT_REGION" not in os.environ:
        os.environ.setdefault("AWS_REGION", settings["region"])
    if "profile" in settings:
        os.environ.setdefault("AWS_PROFILE", settings["profile"])
