"""The value contract without a target: what the values of each type of column are in a graph.

`value_of` turns a type of Polars and a column's rule into a `Value`, or a `Refusal`. How a value is
spelled, and which values a store cannot hold, each target says (`kgimport.targets`).
"""

from kgimport.values.scalars import is_text
from kgimport.values.types import value_of
from kgimport.values.value import Refusal, Rule, Value, after, as_text, same

__all__ = ["Refusal", "Rule", "Value", "after", "as_text", "is_text", "same", "value_of"]
