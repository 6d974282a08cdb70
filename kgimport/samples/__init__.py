"""Sample data for graphs to be built of, at any size.

A sample is a folder here and a word of `Name`. Its module has a `SAMPLE`, which is found by `find`
alone: what makes samples need not be installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from kgimport.samples.sample import Sample

Name = Literal["lms", "books"]
NAMES: tuple[Name, ...] = get_args(Name)


def find(name: Name) -> Sample:
    """Return the sample of one of the `NAMES`; ModuleNotFoundError without the extra `sample`."""
    found: Sample = import_module(f"kgimport.samples.{name}").SAMPLE
    return found
