"""What values are, and Neo4j's words for it."""

from __future__ import annotations

from typing import get_args

import pytest

from kgimport.properties import SRID, STRING, Kind, PropertyType
from kgimport.targets.neo4j import kinds


@pytest.mark.parametrize(
    ("made", "header", "cypher"),
    [
        (PropertyType("integer"), "long", "INTEGER"),
        (PropertyType("string", many=True), "string[]", "LIST<STRING NOT NULL>"),
        (PropertyType("bytes"), "byte[]", "LIST<INTEGER NOT NULL>"),
        (PropertyType("instant", unit="ns"), "datetime{timezone:Z}", "ZONED DATETIME"),
        (
            PropertyType("instant", many=True, unit="us"),
            "datetime[]{timezone:Z}",
            "LIST<ZONED DATETIME NOT NULL>",
        ),
        (
            PropertyType("zoned_datetime", unit="us", zone="Europe/Stockholm"),
            "datetime",
            "ZONED DATETIME",
        ),
        (PropertyType("point", srid=4979), "point{srid:4979}", "POINT"),
        (PropertyType("null"), "string", "NULL"),
    ],
)
def test_a_type_has_a_header_cell_and_a_name_in_cypher(
    made: PropertyType, header: str, cypher: str
) -> None:
    for table in (kinds.CSV, kinds.PARQUET):
        row = table[made.kind]
        assert (row.header(made), row.type_of(made)) == (header, cypher)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_has_words_of_neo4j(kind: Kind) -> None:
    row = kinds.CSV[kind]
    words = row.header(PropertyType(kind)), row.type_of(PropertyType(kind))

    assert all(words)


def test_a_list_is_of_elements_that_are_none() -> None:
    lists = PropertyType("local_datetime", many=True, unit="ms")

    assert (lists.element, lists.is_moment) == (PropertyType("local_datetime", unit="ms"), True)
    assert (STRING.element, STRING.is_text) == (STRING, True)


def test_a_point_has_as_many_coordinates_as_its_system() -> None:
    found = {crs: PropertyType("point", srid=srid).axes for crs, srid in SRID.items()}

    assert found == {"wgs-84": 2, "wgs-84-3d": 3, "cartesian": 2, "cartesian-3d": 3}
    assert STRING.axes == 0
