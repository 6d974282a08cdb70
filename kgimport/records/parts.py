"""The patterns of names, paths and numbers in a record; anything else means it is damaged."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kgimport.graph import GRAPH_NAME

GraphName = Annotated[str, Field(pattern=GRAPH_NAME)]
BuildId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# As the writer names files: the importer reads paths as lists, and names as regular expressions.
FilePath = Annotated[
    str, Field(pattern=r"^[a-z0-9-]+/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+\.[a-z]+(\.gz)?$")
]
# Labels or a type that stand in an argument of a program, joined by colons: plain names.
_NAME = r"[A-Za-z0-9_]([A-Za-z0-9_.\- ]*[A-Za-z0-9_.\-])?"
Argument = Annotated[str, Field(pattern=rf"^({_NAME}(:{_NAME})*)?$")]
# A part of the names of a store's folder, a lock and an image.
Release = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+_-]*$")]
Count = Annotated[int, Field(ge=0, lt=2**63)]
