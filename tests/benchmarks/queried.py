"""A table of Postgres, read as `kgimport export` reads it: `python -m … TABLE OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

from kgimport.locations import Relation
from kgimport.progress import silent
from kgimport.sources.contract import Wanted
from kgimport.sources.postgres import SOURCE


def main(table: str, out: Path) -> None:
    """Writes the table's rows; libpq's variables state where the server is."""
    connection = SOURCE.connect({}, out)
    location = Relation(("postgres", "public", table), connection)
    with SOURCE.open(connection) as opened:
        SOURCE.locate(opened, Wanted(table, location, out, silent))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
