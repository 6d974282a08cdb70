"""Reconciliation: does the store hold what the source holds?

In three ways, each with a few queries: counts of every label and type; sums over all values of
every property and over the ends of all relationships; and sample rows of every table, compared
property by property.
"""

from kgimport.neo4j.reconcile.counts import Counts, actual, count_differences, expected
from kgimport.neo4j.reconcile.rows import Rows
from kgimport.neo4j.reconcile.samples import Samples, samples, samples_of
from kgimport.neo4j.reconcile.totals import total_differences

__all__ = [
    "Counts",
    "Rows",
    "Samples",
    "actual",
    "count_differences",
    "expected",
    "samples",
    "samples_of",
    "total_differences",
]
