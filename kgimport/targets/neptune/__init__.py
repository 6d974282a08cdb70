"""Amazon Neptune's bulk loader: Gremlin's CSV, and openCypher's.

Vertices and edges are in folders of their own, because the loader reads everything below a prefix.
What the loader reads is what its user guide states; nothing was run against Neptune itself.
"""

from dataclasses import replace

from kgimport.targets.neptune import carry, cells, names
from kgimport.targets.neptune.files import CSV, GZIP
from kgimport.targets.neptune.ids import edge_text
from kgimport.targets.neptune.loader import extras
from kgimport.targets.target import Target

GREMLIN = Target(
    store="Neptune",
    files=CSV,
    compressed=GZIP,
    carry=carry.in_gremlin,
    cells=cells.in_gremlin,
    argument=cells.argument,
    extras=extras,
    misnamed=names.misnamed,
    spelled_name=names.in_header,
    unfit_names=names.unfit_names,
    name_rules=names.name_rules,
    edge_text=edge_text,
    sentences=carry.SENTENCES,
)
OPENCYPHER = replace(GREMLIN, carry=carry.in_opencypher, cells=cells.in_opencypher)

__all__ = ["GREMLIN", "OPENCYPHER"]
