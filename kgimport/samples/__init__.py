"""Sample data for graphs to be built of, at any size.

A sample is a folder here and a word of `Name`. Its module has a `SAMPLE`, which is found by `find`
alone: what makes samples need not be installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kgimport.samples.sample import Sample

Name = Literal["lms", "books", "identity"]
NAMES: tuple[Name, ...] = get_args(Name)
# The options of each sample; all have a seed, too.
OPTIONS: Mapping[Name, tuple[str, ...]] = {
    "lms": ("scale",),
    "books": ("scale",),
    "identity": ("records", "uniqueness", "incremental", "format"),
}


def find(name: Name, **options: object) -> Sample:
    """Return the sample of one of the `NAMES`; ModuleNotFoundError without the extra `sample`.

    Options other than the scale are the sample's own.
    """
    module = import_module(f"kgimport.samples.{name}")
    found: Sample = module.made(**options) if options else module.SAMPLE
    return found
