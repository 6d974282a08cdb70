"""The words that options accept, in Python and on the command line.

This module imports nothing that is slow to import, because the command line's help needs it.
"""

from __future__ import annotations

from typing import Literal

# How files identify nodes and ends: `dense` by Neo4j's record ids, `keys` by the keys as text.
Ids = Literal["dense", "keys"]
# The format of a build directory's files.
Format = Literal["csv", "parquet"]
# The store that files are written for; Amazon Neptune's loader reads two kinds of CSV.
Dialect = Literal["neo4j", "neptune-gremlin", "neptune-opencypher"]
# How files of rows are compressed; Neo4j's importer takes longer to read compressed ones.
Compression = Literal["none", "gzip"]
# The name of a target: Neo4j's are named by their format, Neptune's by their dialect.
TargetName = Literal["csv", "parquet", "neptune-gremlin", "neptune-opencypher"]
# How Neo4j's programs are run; "auto" is the first of installed, docker, embedded that is there.
Runtime = Literal["embedded", "installed", "docker", "auto"]
# How Neptune's loader treats files of an earlier load: NEW loads all of them again.
LoadMode = Literal["NEW", "RESUME", "AUTO"]
# How many threads Neptune's loader uses.
Parallelism = Literal["LOW", "MEDIUM", "HIGH", "OVERSUBSCRIBE"]


def target_name(dialect: Dialect, form: Format) -> TargetName:
    """Return the name of the target that writes files of a format for a dialect."""
    return form if dialect == "neo4j" else dialect
