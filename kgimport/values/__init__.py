"""The value contract, independent of a target: what each type of column becomes in a graph.

`value_of` turns a Polars type and a column's rule into a `Value`, or a `Refusal`. The targets
define how a value is spelled and which values a store cannot hold (`kgimport.targets`).
"""

from kgimport.values.scalars import is_text
from kgimport.values.types import value_of
from kgimport.values.value import Refusal, Rule, Value, after, as_text, same

__all__ = ["Refusal", "Rule", "Value", "after", "as_text", "is_text", "same", "value_of"]
