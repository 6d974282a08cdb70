"""BioCypher's `write_nodes` and `write_edges`, without an ontology; prints its seconds as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from biocypher import BioCypher

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
biocypher:
  dbms: neo4j
  offline: true
  strict_mode: false
  head_ontology: null
  log_to_disk: false
  debug: false
neo4j:
  database_name: neo4j
  file_format: csv
  delimiter: ','
  array_delimiter: ';'
  quote_character: '"'
  skip_duplicate_nodes: false
  skip_bad_relationships: false
"""
SCHEMA = """
person:
  represented_as: node
  input_label: person
  properties:
    {name: str, email: str, age: int, score: float, joined: datetime, interests: 'str[]'}
knows:
  represented_as: edge
  input_label: knows
  source: person
  target: person
  use_id: false
  properties: {weight: float, since: datetime}
"""


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows as Python values, timestamps as the importer's text."""
    frame = pl.scan_parquet(path)
    instants = pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
    for batch in frame.with_columns(instants).collect_batches(chunk_size=50_000):
        yield from batch.iter_rows(named=True)


def nodes(source: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What BioCypher takes for a node: id, label, properties."""
    for row in rows(source / "person.parquet"):
        yield row.pop("user_id"), "person", row


def edges(source: Path) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    """What it takes for an edge: id, both ends, type, properties.

    Without an id, a second edge between the same two nodes would be dropped.
    """
    for number, row in enumerate(rows(source / "knows.parquet")):
        yield str(number), row.pop("src"), row.pop("dst"), "knows", row


def main(source: Path, out: Path) -> None:
    """Writes both tables in BioCypher's own layout of files; its log goes where it is started."""
    (out / "config.yaml").write_text(CONFIG)
    (out / "schema.yaml").write_text(SCHEMA)
    writer = BioCypher(
        biocypher_config_path=str(out / "config.yaml"),
        schema_config_path=str(out / "schema.yaml"),
        output_directory=str(out / "csv"),
    )
    began = time.monotonic()
    writer.write_nodes(nodes(source))
    between = time.monotonic()
    writer.write_edges(edges(source))
    ended = time.monotonic()
    sys.stdout.write(json.dumps({"nodes": between - began, "relationships": ended - between}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
