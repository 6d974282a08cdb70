"""The patterns of names, paths and numbers in a record; anything else means it is damaged."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from kgimport.graph import GRAPH_NAME
from kgimport.targets import TARGETS

GraphName = Annotated[str, Field(pattern=GRAPH_NAME)]
BuildId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# As the writer names files: the importer reads paths as lists, and names as regular expressions.
_SUFFIXES = "|".join(re.escape(target.files.suffix) for target in TARGETS.values())
_NAMES = rf"[A-Za-z0-9_-]+/[A-Za-z0-9_-]+\.({_SUFFIXES})"
FilePath = Annotated[str, Field(pattern=rf"^({'|'.join(TARGETS)})/{_NAMES}$")]
# A part of the names of a store's folder, a lock and an image.
Release = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+_-]*$")]
Count = Annotated[int, Field(ge=0, lt=2**63)]
