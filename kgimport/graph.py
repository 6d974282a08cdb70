"""The declared graph, as frozen values: tables, ends, properties, constraints and indexes.

The nouns are those of Neo4j's import specification: a node table becomes nodes of given labels, a
relationship table becomes relationships of one type, an id space is the namespace of a node key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, TypeAdapter

from kgimport.column_names import camel_case, matches
from kgimport.features import Feature  # noqa: TC001  (records are read back by annotation)
from kgimport.locations import Location, asked_as
from kgimport.notebook import html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kgimport.aws import Session

OnMissing = Literal["error", "skip"]
OnNull = Literal["error", "skip"]
Naming = Literal["unchanged", "camelCase"]
IndexKind = Literal["range", "text", "point", "fulltext"]
Crs = Literal["wgs-84", "wgs-84-3d", "cartesian", "cartesian-3d"]
CastType = Literal["string", "long", "double", "boolean", "date", "localdatetime"]

# A graph's name is also the name of a folder and a label of an image, and users type it.
GRAPH_NAME = r"^[A-Za-z][A-Za-z0-9_.-]*$"


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """The rule declared for one column; every default refuses rather than changes a value."""

    # The property's name in the graph; the column's own name when absent.
    property: str | None = None
    # The column is read (it may be a key) but does not become a property.
    skip: bool = False
    # A cast that must not lose anything: casting back must give the same value.
    type: CastType | None = None
    # The zone of timestamps that have none.
    timezone: str | None = None
    # The unit of 64-bit integers that are instants: how many since 1970 in UTC.
    epoch: Literal["no", "ms", "us", "ns"] = "no"
    decimal: Literal["refuse", "string", "double"] = "refuse"
    uint64: Literal["refuse", "string"] = "refuse"
    binary: Literal["refuse", "base64", "hex", "bytes"] = "refuse"
    struct: Literal["refuse", "json", "flatten"] = "refuse"
    empty_list: Literal["refuse", "null"] = "refuse"
    null_in_list: Literal["refuse", "drop"] = "refuse"
    # Lists as JSON, for stores that have none.
    list: Literal["keep", "json"] = "keep"
    # Dates, times and durations as texts in ISO 8601.
    temporal: Literal["keep", "string"] = "keep"
    # The zone of an instant: kept, or left out, which keeps the instant itself.
    zone: Literal["keep", "utc"] = "keep"
    # The part of an instant that is less than a second: kept, or cut off.
    fraction: Literal["keep", "drop"] = "keep"
    # No value may be null.
    required: bool = False
    # Decimals without a fraction stay integers, even if `decimal` names something else. True where
    # that is only a default: nobody means the keys that some warehouses hold as decimals.
    whole_as_integer: bool = False


NO_RULE = ColumnRule()

# A part of a rule: the words that were declared, by name.
Words = Mapping[str, str | bool | None]


def _known(words: Words) -> Words:
    """Return words that were read back from a record, which may be damaged."""
    if not words.keys() <= set(ColumnRule.__slots__):
        raise ValueError("a rule has an unknown word")
    _adapter().validate_json(json.dumps(words), strict=True)
    return words


@cache
def _adapter() -> TypeAdapter[ColumnRule]:
    return TypeAdapter(ColumnRule)


@dataclass(frozen=True, slots=True)
class General:
    """What a declaration states about a table's columns without naming each of them.

    The rule of a column is `rule`, with the words of every pattern that matches its name. In a
    pattern, `*` stands for any characters.
    """

    rule: ColumnRule = NO_RULE
    patterns: Mapping[str, Annotated[Words, AfterValidator(_known)]] = field(default_factory=dict)
    naming: Naming = "unchanged"
    # The columns that become properties; all of them if it is absent.
    properties: tuple[str, ...] | None = None

    def words(self, column: str) -> dict[str, Any]:
        """Return the words of the patterns that match a column."""
        found = (words for pattern, words in self.patterns.items() if matches(pattern, column))
        return {name: each for words in found for name, each in words.items()}

    def of(self, column: str) -> ColumnRule:
        """Return the rule of a column that has none of its own."""
        words = self.words(column)
        return replace(self.rule, **words) if words else self.rule


EVERY_COLUMN = General()


@dataclass(frozen=True, slots=True)
class Index:
    """An index over one table's entities; full-text indexes of one name span their tables."""

    kind: IndexKind
    properties: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A property made of coordinate columns: x, y (or longitude, latitude) and perhaps a third."""

    property: str
    columns: tuple[str, ...]
    crs: Crs


class _Declared:
    """What all tables have: rules for their columns."""

    __slots__ = ()
    columns: Mapping[str, ColumnRule]
    general: General

    def rule(self, column: str) -> ColumnRule:
        """Return the rule declared for a column, or the defaults if there is none."""
        return self.columns[column] if column in self.columns else self.general.of(column)

    def property_name(self, column: str) -> str:
        """Return the name that a column's values carry in the graph."""
        return self.rule(column).property or (
            camel_case(column) if self.general.naming == "camelCase" else column
        )


@dataclass(frozen=True, slots=True)
class NodeTable(_Declared):
    """Rows that become nodes: `key` names the columns whose values together are one id."""

    kind: ClassVar[Literal["node"]] = "node"
    # The word for the name of a node.
    word: ClassVar[str] = "label"

    name: str
    location: Location
    labels: tuple[str, ...]
    key: tuple[str, ...]
    id_space: str
    # A column of further labels: a string or a list of strings.
    label_column: str | None = None
    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[Index, ...] = ()
    general: General = EVERY_COLUMN

    @property
    def names(self) -> tuple[str, ...]:
        """The labels that every row has."""
        return self.labels

    @property
    def name_column(self) -> str | None:
        """The column of further labels."""
        return self.label_column

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The key, as the only item of a tuple; a relationship has two keys, one per end."""
        return (self.key,)

    @property
    def key_columns(self) -> frozenset[str]:
        """The columns of the key."""
        return frozenset(self.key)

    @property
    def origin(self) -> str:
        """The table of the declaration whose rows these are."""
        return self.name

    @property
    def leaves_out_rows(self) -> bool:
        """Always false: every row becomes a node."""
        return False

    def is_property(self, column: str) -> bool:
        """Whether a column becomes a property."""
        if (listed := self.general.properties) is not None:
            return column in listed
        return not self.rule(column).skip


@dataclass(frozen=True, slots=True)
class End:
    """One end of a relationship: its node table, and the columns that hold the node's key."""

    node: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelationshipTable(_Declared):
    """Rows that become relationships of one type between two node tables."""

    kind: ClassVar[Literal["relationship"]] = "relationship"
    # The word for the name of a relationship.
    word: ClassVar[str] = "type"

    name: str
    location: Location
    # Empty if `type_column` holds the types.
    type: str
    start: End
    end: End
    type_column: str | None = None
    on_missing: OnMissing = "error"
    # The columns that together identify a relationship; empty if nothing does.
    key: tuple[str, ...] = ()
    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    indexes: tuple[Index, ...] = ()
    general: General = EVERY_COLUMN
    # What to do with rows of which a part of an end's key is null; if absent, that end is missing.
    on_null: OnNull | None = None
    # The table of the declaration whose rows these are, if that has another name.
    declared_in: str | None = None

    @property
    def ends(self) -> tuple[tuple[Literal["start", "end"], End], ...]:
        """Both ends with the side that each is on."""
        return ("start", self.start), ("end", self.end)

    @property
    def names(self) -> tuple[str, ...]:
        """The type that every row has; empty if a column holds the types."""
        return (self.type,) if self.type else ()

    @property
    def name_column(self) -> str | None:
        """The column of types."""
        return self.type_column

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The columns that hold the start node's key, and those that hold the end node's key."""
        return (self.start.key, self.end.key)

    @property
    def key_columns(self) -> frozenset[str]:
        """The columns that hold the key of an end, and those of the relationship's own key."""
        return frozenset((*self.start.key, *self.end.key, *self.key))

    @property
    def end_columns(self) -> tuple[str, ...]:
        """The columns that hold the keys of both ends, each once."""
        return tuple(dict.fromkeys((*self.start.key, *self.end.key)))

    @property
    def origin(self) -> str:
        """The table of the declaration whose rows these are."""
        return self.name if self.declared_in is None else self.declared_in

    @property
    def leaves_out_rows(self) -> bool:
        """Whether some rows may be left out, instead of refused: those that lack an end."""
        return "skip" in {self.on_missing, self.on_null}

    @property
    def refuses_nulls(self) -> bool:
        """Whether rows are refused of which a part of an end's key is null."""
        return (self.on_null or self.on_missing) == "error"

    def is_property(self, column: str) -> bool:
        """Whether a column becomes a property.

        A column that holds the key of an end does so only if the declaration names the property, or
        lists the column: the node already has its value.
        """
        if (listed := self.general.properties) is not None:
            return column in listed
        rule = self.rule(column)
        points = any(column in key for key in self.keys)
        return not rule.skip and (not points or rule.property is not None)


Table = NodeTable | RelationshipTable


@dataclass(frozen=True, slots=True)
class Graph:
    """A named set of node tables and relationship tables."""

    name: str
    nodes: tuple[NodeTable, ...]
    relationships: tuple[RelationshipTable, ...] = ()
    features: tuple[Feature, ...] = ()

    def _repr_html_(self) -> str | None:
        """Return the picture that a notebook shows (`kgimport.drawing` registers it)."""
        return html(self)

    @property
    def tables(self) -> Iterator[Table]:
        """All tables, node tables first, in the order of their declaration."""
        yield from self.nodes
        yield from self.relationships

    def node(self, name: str) -> NodeTable:
        """Return the node table of that name; the declaration has proved that it exists."""
        return next(table for table in self.nodes if table.name == name)

    def id_space(self, name: str) -> tuple[NodeTable, ...]:
        """Return the node tables that share an id space."""
        return tuple(table for table in self.nodes if table.id_space == name)

    def ends_of(self, feature: Feature) -> tuple[NodeTable, ...]:
        """Return the node tables whose nodes may be ends of the relationships of a feature.

        Those of a table with a column of types may be of any type.
        """
        tables = [each for each in self.relationships if not each.type or each.type in feature.over]
        spaces = {self.node(end.node).id_space for each in tables for _, end in each.ends}
        return tuple(table for table in self.nodes if table.id_space in spaces)

    def with_feature(self, feature: Feature) -> tuple[NodeTable, ...]:
        """Return the node tables whose nodes get the property of a feature."""
        if not feature.nodes:
            return self.ends_of(feature)
        return tuple(table for table in self.nodes if table.name in feature.nodes)

    def relocated(self, places: Mapping[str, Location]) -> Graph:
        """Return the same graph with other locations for some tables of the declaration."""

        def moved(table: Any) -> Any:
            return replace(table, location=places.get(table.origin, table.location))

        nodes, relationships = map(moved, self.nodes), map(moved, self.relationships)
        return replace(self, nodes=tuple(nodes), relationships=tuple(relationships))

    def asked_as(self, session: Session) -> Graph:
        """Return the same graph, with its rows read through another AWS session."""
        places = {each.origin: asked_as(each.location, session) for each in self.tables}
        return self.relocated(places)

    def of_origin(self, name: str) -> tuple[Table, ...]:
        """Return what a table of the declaration becomes: nodes, relationships or both."""
        return tuple(table for table in self.tables if table.origin == name)
