"""The types of property values, independent of any target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal[
    "string", "integer", "float", "boolean", "bytes", "date", "time", "local_datetime", "instant",
    "zoned_datetime", "duration", "point", "null",
]  # fmt: skip
Unit = Literal["ms", "us", "ns"]
Srid = Literal[4326, 4979, 7203, 9157]
# The numbers of the coordinate reference systems, and how many coordinates a point has in each.
SRID: dict[str, Srid] = {"wgs-84": 4326, "wgs-84-3d": 4979, "cartesian": 7203, "cartesian-3d": 9157}
_AXES: dict[Srid, Literal[2, 3]] = {4326: 2, 4979: 3, 7203: 2, 9157: 3}
_TEXTS = frozenset({"string", "null"})
_COUNTED = frozenset({"local_datetime", "instant", "zoned_datetime", "duration"})
_MOMENTS = frozenset({"date", "time", "local_datetime", "instant", "zoned_datetime"})


@dataclass(frozen=True, slots=True)
class PropertyType:
    """The kind of a property's values, and whether they are lists of it.

    `unit` is the unit of durations, and of moments counted since 1970; a date counts days, and a
    time nanoseconds since midnight. An `instant` is a moment in UTC; a `zoned_datetime` also has
    the local time of `zone` (a region, or an offset). `srid` is a point's coordinate reference
    system. A column without any value is of kind `null`, and is treated as text.
    """

    kind: Kind  # of a value, or of the elements of a list
    many: bool = False  # whether values are lists
    unit: Unit | None = None
    zone: str | None = None
    srid: Srid | None = None

    @property
    def is_list(self) -> bool:
        """Whether values are lists; bytes count as lists of integers."""
        return self.many or self.kind == "bytes"

    @property
    def element(self) -> PropertyType:
        """The type of a list's elements."""
        return INTEGER if self.kind == "bytes" else replace(self, many=False)

    @property
    def is_consistent(self) -> bool:
        """Whether it has the unit or reference system that its kind needs, and no others."""
        return (
            (self.unit is not None) == (self.kind in _COUNTED)
            and (self.srid is not None) == (self.kind == "point")
            and (self.zone is None or self.kind == "zoned_datetime")
        )

    @property
    def is_text(self) -> bool:
        """Whether values, or the elements of lists, are texts."""
        return self.kind in _TEXTS

    @property
    def is_moment(self) -> bool:
        """Whether values, or the elements of lists, are dates, times or both."""
        return self.kind in _MOMENTS

    @property
    def axes(self) -> Literal[0, 2, 3]:
        """How many coordinates a point has; 0 if the values are not points."""
        return _AXES[self.srid] if self.srid is not None else 0


STRING, INTEGER, FLOAT = PropertyType("string"), PropertyType("integer"), PropertyType("float")
