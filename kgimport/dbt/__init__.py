"""A dbt project: what dbt itself makes of its settings, and running it."""

from __future__ import annotations

from kgimport.dbt.build import STAGE, build, must_be_for_dbt
from kgimport.dbt.projects import PROJECT, artifacts, default_project, is_project
from kgimport.dbt.reads import depend_on_more
from kgimport.dbt.settings import Settings, settings

__all__ = [
    "PROJECT",
    "STAGE",
    "Settings",
    "artifacts",
    "build",
    "default_project",
    "depend_on_more",
    "is_project",
    "must_be_for_dbt",
    "settings",
]
