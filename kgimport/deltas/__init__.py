"""Deltas: what differs between two builds, by the ids of vertices and edges.

For Amazon Neptune it can be written; for Neo4j, whose stores are built from scratch, it is counted.

Rows are compared as texts: the same values, exported by the same version, give the same texts.
"""

from kgimport.deltas.delta import counted, pairs, write
from kgimport.deltas.tables import Table, identities, tables_of

__all__ = ["Table", "counted", "identities", "pairs", "tables_of", "write"]
