"""pandas' `to_csv`, batch by batch."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq


def main(source: Path, out: Path) -> None:
    """Writes both tables."""
    for name in ("person", "knows"):
        batches = pq.ParquetFile(source / f"{name}.parquet").iter_batches(batch_size=100_000)
        with (out / f"{name}.csv").open("w", newline="") as file:
            for batch in batches:
                frame = batch.to_pandas()
                if "interests" in frame:
                    frame["interests"] = frame["interests"].map(";".join)
                frame.to_csv(file, header=False, index=False, date_format="%Y-%m-%dT%H:%M:%S.%f")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
