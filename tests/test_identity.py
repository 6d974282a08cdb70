"""Ends find their nodes by real joins: every row, whatever the keys are, by both kinds of ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from kgimport.checks.ids import resolve
from kgimport.checks.joins import Workspace
from kgimport.checks.scan import scan
from kgimport.commands.check import check
from kgimport.commands.export import export
from kgimport.errors import DeclarationError, IntegrityError
from kgimport.graph import ColumnRule, End, Graph, NodeTable, RelationshipTable
from kgimport.identity import END, START
from kgimport.locations import LocalPath
from kgimport.options import ExportOptions
from kgimport.progress import silent
from tests.graphs import people
from tests.roundtrip.samples import Column, frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MEMORY_MB = 128
SKIP = ColumnRule(skip=True)


@dataclass(frozen=True, slots=True)
class Keys:
    """A column of keys: its type, and a cell of every row (see `samples`)."""

    dtype: pl.DataType
    cells: tuple[Any, ...]


def keys(dtype: pl.DataType, *cells: Any) -> Keys:
    return Keys(dtype, cells)


def graph(
    folder: Path, nodes: Sequence[tuple[Keys, ...]], ends: tuple[Keys, ...], to: int = 0
) -> Graph:
    """Node tables of one id space, and relationships that are loops: both ends are `ends`.

    `to` says which of the node tables the ends name.
    """
    tables = [*(("node", at, each) for at, each in enumerate(nodes)), ("ties", 0, ends)]
    for name, at, parts in tables:
        columns = [Column(f"k{n}", part.dtype, part.cells) for n, part in enumerate(parts)]
        frame(columns).write_parquet(folder / f"{name}{at}.parquet")
    names = tuple(f"k{n}" for n in range(len(ends)))
    hidden = dict.fromkeys(names, SKIP)
    made = [
        NodeTable(
            f"node{at}",
            LocalPath(str(folder / f"node{at}.parquet")),
            ("N",),
            names,
            "N",
            None,
            hidden,
        )
        for at in range(len(nodes))
    ]
    end = End(f"node{to}", names)
    ties = RelationshipTable(
        "ties", LocalPath(str(folder / "ties0.parquet")), "TIES", end, end, on_missing="skip"
    )
    return Graph("keys", tuple(made), (ties,))


def dense_ids(made: Graph, folder: Path) -> list[tuple[int | None, int | None]]:
    """The ids of both ends of every row, as they are written with dense ids."""
    there = resolve(made, scan(made), Workspace(folder, MEMORY_MB), silent)
    assert there.duplicates == ()
    return there.tables["ties"].frame.select(START, END).collect().rows()


def texts(build: Path, table: str) -> list[str]:
    """The first cell of every row of a table that was exported with keys."""
    (part,) = (build / "csv" / table).glob("part-*")
    return pl.read_csv(part, has_header=False, infer_schema=False).to_series().to_list()


def by_keys(made: Graph, folder: Path) -> list[int]:
    """The node that each row that is not set aside starts at, as the importer would look it up."""
    export(made, folder, options=ExportOptions("keys", memory_mb=MEMORY_MB))
    known = [text for node in made.nodes for text in texts(folder, node.name)]
    assert len(set(known)) == len(known)
    return [known.index(text) for text in texts(folder, "ties")]


def assert_found(place: Path, made: Graph, wanted: Sequence[int | None]) -> None:
    """Both kinds of ids lead every row to the node that is wanted for it."""
    (place / "joins").mkdir()
    assert dense_ids(made, place / "joins") == [(at, at) for at in wanted]
    assert by_keys(made, place / "build") == [at for at in wanted if at is not None]


BIG = 10**38 - 1
LONG = 2**63 - 1
ZONE = "Europe/Stockholm"


@pytest.mark.parametrize(
    ("nodes", "ends", "wanted"),
    [
        (
            keys(pl.Int8(), -128, -1, 0, 1, 127),
            keys(pl.Int64(), 127, 0, -128, 128, -1, None, 255, 1),
            [4, 2, 0, None, 1, None, None, 3],
        ),
        (
            keys(pl.Int64(), -(2**63), LONG, 2**32, 0, 2**53 + 1, 2**53),
            keys(pl.Int32(), 0, -1, None, -(2**31)),
            [3, None, None, None],
        ),
        (
            keys(pl.Int64(), -(2**63), LONG, 2**32, 0, 2**53 + 1, 2**53),
            keys(pl.Int64(), 2**53, 2**53 + 1, 2**53 + 2, LONG, -(2**63), 2**32),
            [5, 4, None, 1, 0, 2],
        ),
        (
            keys(pl.UInt64(), 0, LONG, LONG + 1, 2**64 - 1),
            keys(pl.UInt64(), 2**64 - 1, LONG + 1, LONG, 2**64 - 2),
            [3, 2, 1, None],
        ),
        (
            keys(pl.UInt64(), 0, LONG, LONG + 1, 2**64 - 1),
            keys(pl.Int64(), -1, LONG, -(2**63), 0),
            [None, 1, None, 0],
        ),
        (
            keys(pl.Int64(), -1, LONG, -(2**63)),
            keys(pl.UInt64(), 2**64 - 1, LONG, LONG + 1),
            [None, 1, None],
        ),
        (
            keys(pl.Int128(), 2**127 - 1, -(2**127), 0, LONG + 1, BIG),
            keys(pl.Decimal(38, 0), BIG, LONG + 1, 0, -BIG),
            [4, 3, 2, None],
        ),
        (
            keys(pl.Int128(), 2**127 - 1, -(2**127), LONG + 1, 7),
            keys(pl.Int64(), 7, LONG, -(2**63)),
            [3, None, None],
        ),
        (
            keys(pl.UInt128(), 2**128 - 1, 0, 7),
            keys(pl.UInt8(), 255, 7, 0),
            [None, 2, 1],
        ),
        (
            keys(pl.Decimal(38, 0), BIG, -BIG, LONG + 1, -1, 0, 7),
            keys(pl.Decimal(38, 0), 7, -BIG, BIG, LONG, -1, LONG + 1, None),
            [5, 1, 0, None, 3, 2, None],
        ),
        (
            keys(pl.Decimal(38, 0), BIG, -BIG, LONG + 1, -1, 0, 7),
            keys(pl.Int32(), 7, 0, -1, 70, None),
            [5, 4, 3, None, None],
        ),
        (
            keys(pl.Decimal(18, 0), 10**18 - 1, -(10**18) + 1, 70, 7, 0),
            keys(pl.Int64(), 7, 70, 10**18 - 1, 10**18, -(10**18) + 1, 0),
            [3, 2, 0, None, 1, 4],
        ),
        (
            keys(pl.Int64(), LONG, -7, 7),
            keys(pl.Decimal(19, 0), 7, LONG, LONG + 1, -7, 10**19 - 1),
            [2, 0, None, 1, None],
        ),
        (
            keys(pl.Int32(), 7, -7, 0),
            keys(pl.Decimal(9, 0), 0, -7, 7, 70),
            [2, 1, 0, None],
        ),
        (
            keys(pl.String(), "0", "-0", "00", "7", "007", "7 ", " 7", "+7", "7.0", "a\0b", "é"),
            keys(
                pl.String(),
                *("7", "007", "-0", "0", " 7", "7 ", "70", "7.0", "a\0c", "a\0b", "e\u0301", None),
            ),
            [3, 4, 1, 0, 6, 5, None, 8, None, 9, None, None],
        ),
        (
            keys(pl.Categorical(), "b", "a", "c"),
            keys(pl.String(), "a", "b", "c", "A"),
            [1, 0, 2, None],
        ),
        (
            keys(pl.Enum(["z", "a"]), "z", "a"),
            keys(pl.Categorical(), "a", "b", "z"),
            [1, None, 0],
        ),
        (keys(pl.Boolean(), True, False), keys(pl.Boolean(), False, None, True), [1, None, 0]),
        (
            keys(pl.Date(), 2**31 - 1, -(2**31), 0, -719_163, 2_932_897),
            keys(pl.Date(), 0, 1, 2_932_897, 2**31 - 1, -(2**31), None),
            [2, None, 4, 0, 1, None],
        ),
        (
            keys(pl.Datetime("us"), LONG, -LONG, 0, 1),
            keys(pl.Datetime("us"), 1, 0, -LONG, LONG, 2),
            [3, 2, 1, 0, None],
        ),
        (
            keys(
                pl.Datetime("us", ZONE), 1_729_989_000_000_000, 1_729_992_600_000_000, LONG, 2**62
            ),
            keys(
                pl.Datetime("us", ZONE), 2**62, 1_729_992_600_000_000, LONG, 1_729_989_000_000_000
            ),
            [3, 1, 2, 0],
        ),
        (
            # Clocks there went back by eight seconds, which no spelling of the offset shows.
            keys(pl.Datetime("ms", "Asia/Kolkata"), -3_645_237_205_000, -3_645_237_213_000),
            keys(pl.Datetime("ms", "Asia/Kolkata"), -3_645_237_213_000, -3_645_237_205_000),
            [1, 0],
        ),
    ],
    ids=lambda each: str(each.dtype) if isinstance(each, Keys) else "",
)
def test_every_end_finds_its_node_by_a_key_of_one_column(
    tmp_path: Path, nodes: Keys, ends: Keys, wanted: list[int | None]
) -> None:
    assert_found(tmp_path, graph(tmp_path, [(nodes,)], (ends,)), wanted)


@pytest.mark.parametrize(
    ("nodes", "ends", "wanted"),
    [
        (
            (keys(pl.String(), "1", "12", "1:1", "1"), keys(pl.String(), "23", "3", "b", "1:b")),
            (keys(pl.String(), "12", "1", "1", "1:1"), keys(pl.String(), "3", "23", "1:b", "b")),
            [1, 0, 3, 2],
        ),
        (
            (keys(pl.Decimal(38, 0), 1, 12), keys(pl.UInt64(), 23, 3)),
            (keys(pl.Int8(), 12, 1, 1), keys(pl.Int64(), 3, 23, 3)),
            [1, 0, None],
        ),
        (
            (keys(pl.Date(), 2**31 - 1, 0), keys(pl.Boolean(), True, True)),
            (keys(pl.Date(), 0, 2**31 - 1, 0), keys(pl.Boolean(), True, True, False)),
            [1, 0, None],
        ),
    ],
)
def test_every_end_finds_its_node_by_a_key_of_two_columns(
    tmp_path: Path, nodes: tuple[Keys, ...], ends: tuple[Keys, ...], wanted: list[int | None]
) -> None:
    assert_found(tmp_path, graph(tmp_path, [nodes], ends), wanted)


@pytest.mark.parametrize(
    ("nodes", "ends", "to", "wanted"),
    [
        (
            [keys(pl.Int32(), 1, 2), keys(pl.Int64(), -1, 2**40)],
            keys(pl.Int64(), 2**40, -1, 2, 3),
            0,
            [3, 2, 1, None],
        ),
        # One of the tables has text keys, so text is what all keys of the space are.
        (
            [keys(pl.Int64(), 1, 2), keys(pl.String(), "3", "01")],
            keys(pl.Int16(), 3, 1, 4),
            0,
            [2, 0, None],
        ),
        (
            [keys(pl.Int64(), 1, 2), keys(pl.String(), "3", "01")],
            keys(pl.String(), "01", "1", "03"),
            1,
            [3, 0, None],
        ),
        (
            [keys(pl.Int64(), LONG, 2), keys(pl.Decimal(38, 0), BIG, 0)],
            keys(pl.Int128(), BIG, LONG, LONG + 1),
            0,
            [2, 0, None],
        ),
    ],
)
def test_an_id_space_of_two_tables_numbers_on(
    tmp_path: Path, nodes: list[Keys], ends: Keys, to: int, wanted: list[int | None]
) -> None:
    made = graph(tmp_path, [(each,) for each in nodes], (ends,), to)

    assert_found(tmp_path, made, wanted)


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        (keys(pl.Int64(), 1), keys(pl.String(), "1"), "1"),
        (keys(pl.Decimal(38, 0), 7), keys(pl.Int8(), 7), "7"),
        (keys(pl.Decimal(9, 0), 7), keys(pl.Int8(), 7), "7"),
        (keys(pl.UInt64(), LONG + 1), keys(pl.Int128(), LONG + 1), str(LONG + 1)),
    ],
)
def test_one_key_in_two_tables_of_an_id_space_is_found_whatever_its_types(
    tmp_path: Path, one: Keys, other: Keys, key: str
) -> None:
    made = graph(tmp_path, [(one,), (other,)], (one,))

    with pytest.raises(IntegrityError, match=rf"key='?{key}'?, rows=2"):
        check(made)


def test_decimals_with_a_fraction_are_no_keys_and_no_integers(tmp_path: Path) -> None:
    price = keys(pl.Decimal(10, 2), 150)

    with pytest.raises(DeclarationError) as refusal:
        check(graph(tmp_path, [(keys(pl.Int64(), 1),)], (price,)))
    assert refusal.value.message.split("\n  ") == [
        "keys do not fit:",
        "ties.k0 (start) is Decimal(precision=10, scale=2), but node0.k0 is Int64",
        "ties.k0 (end) is Decimal(precision=10, scale=2), but node0.k0 is Int64",
    ]
    with pytest.raises(DeclarationError, match=r"node0\.k0 is Decimal\(.*, which cannot be a key"):
        check(graph(tmp_path, [(price,)], (price,)))


# So many that the joins spill within `MEMORY_MB`, and lose the order of the rows.
MANY = 600_000


@pytest.mark.parametrize("dtype", [pl.String(), pl.Decimal(38, 0)], ids=str)
def test_joins_that_spill_give_every_row_its_own_ends(tmp_path: Path, dtype: pl.DataType) -> None:
    at = pl.Series(range(MANY))
    # Neither the nodes nor the ends stand in the order of their keys; some ends are no node.
    backwards, start, end = at.reverse(), at.hash(1) % MANY, at.hash(2) % (MANY + 9)
    for name, columns in (("node0", {"k0": backwards}), ("ties0", {"a": start, "b": end})):
        made = {column: _long_keys(numbers, dtype) for column, numbers in columns.items()}
        pl.DataFrame(made).write_parquet(tmp_path / f"{name}.parquet")
    node = NodeTable(
        "node0",
        LocalPath(str(tmp_path / "node0.parquet")),
        ("N",),
        ("k0",),
        "N",
        columns={"k0": SKIP},
    )
    place, ends = str(tmp_path / "ties0.parquet"), (End("node0", ("a",)), End("node0", ("b",)))
    ties = RelationshipTable("ties", LocalPath(place), "T", *ends)
    many = Graph("many", (node,), (ties,))

    there = resolve(many, scan(many), Workspace(tmp_path, MEMORY_MB), silent)

    found = there.tables["ties"].frame.select(START, END).collect().cast(pl.Int64)
    wanted = pl.DataFrame({START: start, END: end}).select(
        (MANY - 1 - pl.all().cast(pl.Int64)).name.keep()
    )
    assert there.duplicates == ()
    assert found.equals(wanted.with_columns(pl.when(pl.all() >= 0).then(pl.all()).name.keep()))


def _long_keys(numbers: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The numbers as keys that take some space each."""
    long = numbers.cast(pl.String).str.zfill(37)
    return pl.select(pl.format("9{}", long)).to_series().cast(dtype)


# Keys of relationships --------------------------------------------------------------------------

CALLS: dict[str, list[Any]] = {
    "a": ["a", "a", "b", "x"],
    "b": ["b", "b", "c", "c"],
    "at": [1, 2, 3, 3],
}


def test_a_key_of_relationships_changes_no_byte(tmp_path: Path) -> None:
    plain, keyed = (
        export(people(tmp_path / f"key {len(key)}", key=key), tmp_path / f"{len(key)}")
        for key in ((), ("since", "a"))
    )

    assert keyed.build_id == plain.build_id
    assert keyed.declaration.relationships[0].key == ("since", "a")


@pytest.mark.parametrize("key", [("at",), ("at", "b")])
def test_rows_that_are_set_aside_have_no_part_in_the_keys_of_relationships(
    tmp_path: Path, key: tuple[str, ...]
) -> None:
    skipped = {"at": ColumnRule(skip=True)}
    graph = people(tmp_path, knows=CALLS, key=key, on_missing="skip", columns=skipped)

    record = export(graph, tmp_path / "build")

    assert (record.tables[1].written, record.tables[1].rejected) == (3, 1)


def test_relationships_of_one_key_are_found_and_nodes_of_it_are_not(tmp_path: Path) -> None:
    graph = people(
        tmp_path, knows={**CALLS, "a": ["a", "a", "b", "b"], "at": [1, 7, 7, 1]}, key=("at",)
    )

    with pytest.raises(IntegrityError) as error:
        export(graph, tmp_path / "build")

    (_, line, *rows) = error.value.message.split("\n")
    shared = "a key that other rows in the table also have"
    assert line == f"knows.at: 4 rows with {shared} [duplicate-key]"
    assert [row.strip() for row in rows] == [f"key={key}, rows=2, tables='knows'" for key in (1, 7)]
