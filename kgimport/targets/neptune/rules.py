"""The values that Neptune's loader would change, drop or reject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.values import Rule
from kgimport.values.moments import PER_SECOND

if TYPE_CHECKING:
    from kgimport.properties import Unit

# The largest value or label: 55 MB in the user guide, here without the doubt about what an MB is.
MOST_BYTES = 55_000_000
NUL = Rule(
    "nul-in-text",
    "texts with U+0000, which Neptune's loader does not support",
    lambda c: c.str.contains("\0", literal=True),
)
MANY_BYTES = Rule(
    "text-too-long",
    "texts of more than 55 MB, which Neptune's loader does not take",
    lambda c: c.str.len_bytes() > MOST_BYTES,
)
EMPTY_STRING = Rule(
    "empty-string",
    "empty strings, which Neptune's loader drops in openCypher's CSV "
    "(--dialect neptune-gremlin carries them)",
    lambda c: c == "",
)


def whole_seconds(unit: Unit) -> Rule:
    """Return the rule for instants counted in a unit: the loader's formats have no fraction."""
    return Rule(
        "fraction-of-a-second",
        "instants with a fraction of a second, which Neptune's loader is not known to take "
        "(`fraction: drop` cuts it off)",
        lambda c: c.to_physical() % PER_SECOND[unit] != 0,
    )
