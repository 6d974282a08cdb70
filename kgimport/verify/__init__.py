"""Reconciliation: does the store hold what the source holds?

In three ways, each by few queries: counts of every label and type; sums over all values of every
property and over the ends of all relationships; and samples of every table, property by property.
"""

from kgimport.verify.counts import Counts, actual, count_differences, expected
from kgimport.verify.samples import SAMPLES, Rows, Samples, samples, samples_of
from kgimport.verify.totals import total_differences

__all__ = [
    "SAMPLES",
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
