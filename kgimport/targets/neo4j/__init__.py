"""Neo4j's bulk import: the targets `csv`, which every Neo4j reads, and `parquet`.

A table of kinds defines how each value is carried (`kinds`). What the importer accepts was found by
running it (5.26.30 and 2026.08.1).
"""

from dataclasses import replace

from kgimport.targets.files import PARQUET_FILES
from kgimport.targets.neo4j import enterprise, files, names
from kgimport.targets.neo4j.arguments import companions
from kgimport.targets.neo4j.carry import SENTENCES, in_csv, in_parquet
from kgimport.targets.neo4j.cells import argument, cells, header_row, numbered
from kgimport.targets.neo4j.schema import items
from kgimport.targets.target import Target

CSV = Target(
    store="Neo4j",
    files=files.CSV,
    carry=in_csv,
    cells=cells,
    header=header_row,
    argument=argument,
    companions=companions,
    extras=enterprise.extras,
    schema=items,
    misnamed=names.misnamed,
    unfit_names=names.unfit_names,
    name_rules=names.name_rules,
    first_cell_rules=(names.MARKED_KEY,),
    sentences=SENTENCES,
)
PARQUET = replace(
    CSV,
    files=PARQUET_FILES,
    carry=in_parquet,
    header=numbered,
    misnamed=names.misnamed_in_parquet,
    unfit_names=names.unfit_names_in_parquet,
    name_rules=names.name_rules_in_parquet,
)

__all__ = ["CSV", "PARQUET"]
