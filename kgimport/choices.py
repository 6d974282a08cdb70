"""The words that a user may choose from, in Python and on the command line.

This module imports nothing heavy: the command line reads it to print its help.
"""

from __future__ import annotations

from typing import Literal

# How files name nodes and ends: `dense` are Neo4j's record ids, `keys` the keys as text.
Ids = Literal["dense", "keys"]
# The files that a build directory carries the rows in.
Format = Literal["csv", "parquet"]
# How Neo4j's programs are run; "auto" is the first of the others that is there.
Runtime = Literal["embedded", "installed", "docker", "auto"]
