"""DuckDB's COPY, in the order of the source."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

COLUMNS = {"person": "* REPLACE (array_to_string(interests, ';') AS interests)", "knows": "*"}


def main(source: Path, out: Path) -> None:
    """Writes both tables."""
    for name, columns in COLUMNS.items():
        duckdb.execute(
            f"COPY (SELECT {columns} FROM read_parquet('{source}/{name}.parquet')) "
            f"TO '{out}/{name}.csv' (HEADER false, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%f')"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
