from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgimport.drawing import Drawn, draw
from kgimport.drawing.grid import settled
from kgimport.drawing.layers import Link, Part
from kgimport.drawing.lines import placed
from kgimport.drawing.svg import _COLOURS, _PAPER, _contrast, _darkened, _path
from kgimport.drawing.text import short_type, shortened, visible, width
from kgimport.graph import ColumnRule, End, Graph, Index, NodeTable, RelationshipTable
from kgimport.locations import LocalPath

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GOLDEN = Path(__file__).parent / "golden" / "two_nodes.svg"
SVG = "{http://www.w3.org/2000/svg}"
TEXT, LONG, DOUBLE, TRUTH, DAY = "STRING", "INTEGER", "FLOAT", "BOOLEAN", "DATE"
INSTANT, TEXTS = "ZONED DATETIME", "LIST<STRING NOT NULL>"
SKIPPED = ColumnRule(skip=True)


# --- graphs


def node(name: str, *labels: str, key: str = "id", **options: object) -> NodeTable:
    given_ = {"unique": ((key,),), **options}
    return NodeTable(name, LocalPath(f"{name}.parquet"), labels or (name,), (key,), name, **given_)  # type: ignore[arg-type]


def arrow(name: str, kind: str, start: str, end: str, *indexed: str) -> RelationshipTable:
    return RelationshipTable(
        name=name,
        location=LocalPath(f"{name}.parquet"),
        type=kind,
        start=End(start, ("a",)),
        end=End(end, ("b",)),
        columns={"a": SKIPPED, "b": SKIPPED},
        indexes=tuple(Index("range", (prop,)) for prop in indexed),
    )


def two_nodes() -> tuple[Graph, dict[str, Drawn]]:
    person = node(
        "person",
        "Person",
        "Human",
        key="person_key",
        columns={"person_key": ColumnRule(property="personKey")},
        indexes=(Index("range", ("born",)), Index("fulltext", ("name",))),
    )
    graph = Graph(
        "towns", (person, node("town", "Town")), (arrow("lives", "LIVES_IN", "person", "town"),)
    )
    tables = {
        "person": Drawn(12345, (("personKey", TEXT), ("name", TEXT), ("born", DAY))),
        "town": Drawn(7, (("id", LONG), ("twins", TEXTS))),
        "lives": Drawn(12000, (("since", INSTANT),)),
    }
    return graph, tables


def lms() -> tuple[Graph, dict[str, Drawn]]:
    def entity(label: str, *indexed: str, titled: bool = False) -> NodeTable:
        name = label.lower()
        full = (Index("fulltext", ("title",), "titles"),) if titled else ()
        return node(
            f"node_{name}",
            label,
            key=f"{name}_key",
            columns={f"{name}_key": ColumnRule(property=f"{name}Key")},
            indexes=(*(Index("range", (prop,)) for prop in indexed), *full),
        )

    nodes = (
        entity("Asset", "kind", "language", titled=True),
        entity("Course", "category", "language", titled=True),
        entity("Customer"),
        entity("Language", "code"),
        entity("User", "role", "lastLoginAt"),
    )
    arrows = (
        arrow("rel_belongs_to", "BELONGS_TO", "node_user", "node_customer"),
        arrow("rel_contains", "CONTAINS", "node_course", "node_asset"),
        arrow("rel_interacted_with", "INTERACTED_WITH", "node_user", "node_asset", "recencyDays"),
        arrow("rel_offers_asset", "OFFERS", "node_customer", "node_asset"),
        arrow("rel_offers_course", "OFFERS", "node_customer", "node_course"),
        arrow("rel_speaks", "SPEAKS", "node_user", "node_language"),
        arrow("rel_takes", "TAKES", "node_user", "node_course", "status", "recencyDays"),
    )
    return Graph("lms", nodes, arrows), LMS_TABLES


CUSTOMER = ("customer", TEXT)
SEEN = (("firstAt", INSTANT), ("lastAt", INSTANT), ("recencyDays", LONG))
LMS_TABLES = {
    "node_asset": Drawn(
        5400,
        (
            *(("assetKey", TEXT), CUSTOMER, ("kind", TEXT), ("title", TEXT), ("language", TEXT)),
            *(("sizeBytes", LONG), ("durationSeconds", LONG), ("rating", DOUBLE), ("tags", TEXTS)),
            *(("isDownloadable", TRUTH), ("createdAt", INSTANT)),
        ),
    ),
    "node_course": Drawn(
        360,
        (
            *(("courseKey", TEXT), CUSTOMER, ("title", TEXT), ("category", TEXT), ("level", TEXT)),
            *(("language", TEXT), ("durationMinutes", LONG), ("price", DOUBLE), ("tags", TEXTS)),
            *(("isPublished", TRUTH), ("createdAt", INSTANT), ("publishedOn", DAY)),
        ),
    ),
    "node_customer": Drawn(
        3, (("customerKey", TEXT), CUSTOMER, ("users", LONG), ("hasAssets", TRUTH))
    ),
    "node_language": Drawn(41, (("languageKey", TEXT), CUSTOMER, ("code", TEXT), ("users", LONG))),
    "node_user": Drawn(
        12345,
        (
            *(("userKey", TEXT), CUSTOMER, ("role", TEXT), ("department", TEXT), ("skills", TEXTS)),
            *(("languages", TEXTS), ("isActive", TRUTH), ("hiredOn", DAY), ("createdAt", INSTANT)),
            *(("lastLoginAt", INSTANT), ("recencyDays", LONG)),
        ),
    ),
    "rel_belongs_to": Drawn(12345, (CUSTOMER,)),
    "rel_contains": Drawn(5401, (CUSTOMER, ("position", LONG))),
    "rel_interacted_with": Drawn(
        1234567, (CUSTOMER, ("interactions", LONG), ("seconds", LONG), *SEEN)
    ),
    "rel_offers_asset": Drawn(5402, (CUSTOMER,)),
    "rel_offers_course": Drawn(361, (CUSTOMER,)),
    "rel_speaks": Drawn(20011, (CUSTOMER,)),
    "rel_takes": Drawn(
        98765, (CUSTOMER, ("status", TEXT), ("progress", DOUBLE), ("score", DOUBLE), *SEEN)
    ),
}


def knotted() -> tuple[Graph, dict[str, Drawn]]:
    """A self-loop twice, three parallel relationships, and one the other way."""
    ends = [("A", "A"), ("A", "A"), ("A", "B"), ("A", "B"), ("A", "B"), ("B", "A")]
    arrows = tuple(arrow(f"r{i}", f"R{i}", a, b) for i, (a, b) in enumerate(ends))
    tables = {f"r{i}": Drawn(i, (("since", DAY),) * (i % 2)) for i in range(len(ends))}
    return Graph("knot", (node("A"), node("B")), arrows), tables


def anything(boxes: int, arrows: int) -> tuple[Graph, dict[str, Drawn]]:
    chance = random.Random(boxes)
    names = [f"Label{i}" for i in range(boxes)]
    pairs = [(chance.choice(names), chance.choice(names)) for _ in range(arrows)]
    links = tuple(arrow(f"r{i}", f"REL_{i}", a, b) for i, (a, b) in enumerate(pairs))
    graph = Graph("anything", tuple(node(name) for name in names), links)
    properties = [(f"property{i}", TEXT) for i in range(12)]
    return graph, {
        table.name: Drawn(chance.randrange(10**6), tuple(properties[: chance.randrange(12)]))
        for table in graph.tables
    }


SOME_GRAPHS = {
    "one": anything(1, 0),
    "one with a loop": anything(1, 1),
    "knot": knotted(),
    "lms": lms(),
    "strangers": anything(9, 0),
    "fifteen": anything(15, 22),
    "dense": anything(8, 40),
    "twenty-five": anything(25, 35),
}
some_graphs = pytest.mark.parametrize(
    ("graph", "tables"), list(SOME_GRAPHS.values()), ids=list(SOME_GRAPHS)
)


# --- reading a picture


class Place(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Place) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, x: float, y: float) -> bool:
        return self.left < x < self.right and self.top < y < self.bottom

    def has_on_side(self, x: float, y: float) -> bool:
        return x in {self.left, self.right} and self.top < y < self.bottom


def places(picture: str, kind: str) -> dict[str, Place]:
    """The rectangles of that class, by the first line of their tooltips."""
    found = {}
    for group in ET.fromstring(picture).iter(f"{SVG}g"):
        for rect in group.findall(f"{SVG}rect[@class='{kind}']"):
            x, y, w, h = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
            found[tooltips(group)[0]] = Place(x, y, x + w, y + h)
    return found


def tooltips(element: ET.Element) -> list[str]:
    return [line for title in element.findall(f"{SVG}title") for line in lines_of(title)]


def lines_of(title: ET.Element) -> list[str]:
    return (title.text or "").split("\n")


def texts(picture: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter(f"{SVG}text")]


def arrows(picture: str) -> Iterator[list[list[tuple[float, float]]]]:
    """Points along each arrow's two lines; the last point of all is the head's."""
    paths = list(ET.fromstring(picture).iter(f"{SVG}path"))
    for line, head in pairwise(paths):
        if line.get("stroke-width") == "1.6":
            *whole, last = (list(points(part)) for part in line.get("d", "").split("M")[1:])
            yield [*whole, [*last, next(points(head.get("d", "")[1:].split("l")[0]))]]


def points(path: str) -> Iterator[tuple[float, float]]:
    x, y = map(float, re.split("[HC]", path)[0].split())
    yield x, y
    for command, numbers in re.findall("([HC])([^HC]*)", path):
        values = [float(number) for number in numbers.split()]
        x3, y3 = (values[0], y) if command == "H" else (values[4], values[5])
        for i in range(1, 21):
            t = i / 20
            across, down = 1.5 * t - 1.5 * t**2 + t**3, 3 * t**2 - 2 * t**3
            yield x + (x3 - x) * across, y + (y3 - y) * down
        x, y = x3, y3


# --- the whole picture


def test_two_nodes_and_an_arrow_are_drawn_to_the_byte() -> None:
    assert draw(*two_nodes()).encode() == GOLDEN.read_bytes()


@some_graphs
def test_the_same_graph_gives_the_same_picture(graph: Graph, tables: dict[str, Drawn]) -> None:
    assert draw(graph, tables) == draw(graph, dict(reversed(tables.items())))


def test_the_picture_does_not_depend_on_the_order_of_hashes() -> None:
    code = "from tests.test_drawing import *; print(draw(*lms()), end='')"
    pictures = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            cwd=Path(__file__).parents[1],
            check=True,
            capture_output=True,
        ).stdout.decode()
        for seed in ("1", "2")
    }

    assert pictures == {draw(*lms())}


def test_every_label_type_property_and_count_of_the_lms_is_there() -> None:
    graph, tables = lms()

    shown = texts(draw(graph, tables))

    assert {":Asset", ":Course", ":Customer", ":Language", ":User"} <= set(shown)
    for table in graph.relationships:
        assert shown.count(table.type) == [r.type for r in graph.relationships].count(table.type)
    for drawn in tables.values():
        assert f"{drawn.rows:,}" in shown
    names = [name for drawn in tables.values() for name, _ in drawn.properties]
    types = [short_type(kind) for drawn in tables.values() for _, kind in drawn.properties]
    assert sorted(t for t in shown if t in names) == sorted(names)
    assert sorted(t for t in shown if t in types) == sorted(types)
    assert "5 labels · 6 relationship types · 18,149 nodes · 1,376,852 relationships" in shown


def test_a_file_stands_alone_and_may_stand_in_a_page_beside_others() -> None:
    picture = draw(*lms())

    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(picture).iter()}
    assert tags == {"svg", "title", "rect", "text", "g", "path"}
    assert picture.count("http") == 1
    assert " id=" not in picture


# --- places


@some_graphs
def test_no_box_and_no_label_lies_on_another(graph: Graph, tables: dict[str, Drawn]) -> None:
    picture = draw(graph, tables)

    boxes, labels = places(picture, "box"), places(picture, "label")

    assert (len(boxes), len(labels)) == (
        len(graph.nodes),
        len({t.type for t in graph.relationships}),
    )
    for one, other in combinations([*boxes.values(), *labels.values()], 2):
        assert not one.overlaps(other)


@some_graphs
def test_no_line_runs_through_a_box_or_a_label(graph: Graph, tables: dict[str, Drawn]) -> None:
    picture = draw(graph, tables)

    taken = [*places(picture, "box").values(), *places(picture, "label").values()]

    for halves in arrows(picture):
        assert not any(place.holds(*point) for place in taken for half in halves for point in half)


@pytest.mark.parametrize(("graph", "tables"), [lms(), knotted()], ids=["lms", "knot"])
def test_an_arrow_leads_from_its_start_through_its_label_to_its_end(
    graph: Graph, tables: dict[str, Drawn]
) -> None:
    picture = draw(graph, tables)
    boxes, labels = places(picture, "box"), places(picture, "label")

    drawn = list(arrows(picture))

    assert len(drawn) == len(graph.relationships)
    for table, (before, after) in zip(graph.relationships, drawn, strict=True):
        start, end = (boxes[f":{graph.node(e.node).labels[0]}"] for _, e in table.ends)
        assert start.has_on_side(*before[0])
        assert end.has_on_side(*after[-1])
        if table.type != "OFFERS":
            assert labels[table.type].has_on_side(*before[-1])
            assert labels[table.type].has_on_side(*after[0])


@some_graphs
def test_no_two_arrows_end_at_one_point(graph: Graph, tables: dict[str, Drawn]) -> None:
    halves = [half for pair in arrows(draw(graph, tables)) for half in pair]
    tips = [tip for half in halves for tip in (half[0], half[-1])]

    assert len(set(tips)) == len(tips)


@some_graphs
def test_all_is_on_the_page(graph: Graph, tables: dict[str, Drawn]) -> None:
    picture = draw(graph, tables)
    root = ET.fromstring(picture)
    page = Place(0, 0, float(root.get("width", "")), float(root.get("height", "")))

    for place in [*places(picture, "box").values(), *places(picture, "label").values()]:
        assert page.holds(place.left + 32, place.top + 84)
        assert page.holds(place.right + 32, place.bottom + 84)


def test_a_line_past_other_boxes_has_a_place_of_its_own_between_them() -> None:
    ends = [(0, 1), (1, 2), (2, 3), (0, 3), (3, 0), (0, 4), (4, 3), (0, 3), (5, 2), (1, 1)]
    links = {i: Link(start, end, 90, 20) for i, (start, end) in enumerate(ends)}
    layers = {0: 0, 1: 1, 2: 2, 3: 3, 4: 1, 5: 2}

    layout = placed(Part(dict.fromkeys(layers, (100.0, 60.0)), links), layers)

    rects = [*layout.boxes.values(), *layout.labels.values()]
    corners = [(r.x, r.y, r.x + r.width, r.y + r.height) for r in rects]
    taken = [Place(*(round(number, 1) for number in four)) for four in corners]
    for one, other in combinations(taken, 2):
        assert not one.overlaps(other)
    for name, halves in layout.lines.items():
        for half in halves:
            assert not any(p.holds(*at) for p in taken for at in points(_path(half)[1:])), name


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(0.1, 9), st.floats(0, 100))))
def test_places_keep_their_distance_whatever_is_wished(
    wanted: list[tuple[float, float, float]],
) -> None:
    wishes, weights, apart = ([each[i] for each in wanted] for i in range(3))

    found = settled(wishes, weights, apart[1:])

    assert len(found) == len(wishes)
    for (above, below), distance in zip(pairwise(found), apart[1:], strict=True):
        assert below - above >= distance - 1e-6


def test_wishes_that_leave_room_are_granted() -> None:
    assert settled([0.0, 20.0, 50.0], [1.0, 1.0, 1.0], [10.0, 30.0]) == [0.0, 20.0, 50.0]
    assert settled([10.0, 10.0], [1.0, 3.0], [8.0]) == [4.0, 12.0]


# --- cards


def test_tables_of_one_pattern_share_a_box_and_an_arrow() -> None:
    nodes = (node("here", "Person", "Pupil"), node("there", "Pupil", "Person"), node("Town"))
    links = tuple(arrow(f"in_{name}", "LIVES_IN", name, "Town") for name in ("here", "there"))
    tables = {
        "here": Drawn(1000, (("id", LONG), ("name", TEXT))),
        "there": Drawn(234, (("id", TEXT), ("name", TEXT), ("born", DAY))),
        "in_here": Drawn(5, ()),
        "in_there": Drawn(None, (("since", DAY),)),
    }

    picture = draw(Graph("towns", nodes, links), tables)

    shown = texts(picture)
    assert list(places(picture, "box")) == [":Person:Pupil", ":Town"]
    assert list(places(picture, "label")) == ["LIVES_IN"]
    assert {"1,234", "≥ 5", "integer | string", "born", "since"} <= set(shown)
    assert shown.count("name") == 1
    assert "here: 1,000\nthere: 234</title>" in picture
    assert "in_here: 5\nin_there: not counted</title>" in picture


def test_a_table_of_which_nothing_is_known_is_drawn_by_its_name() -> None:
    assert texts(draw(Graph("empty", (node("Person"),)), {})) == ["empty", "1 label", ":Person"]


def test_keys_constraints_and_indexes_are_marked_and_explained() -> None:
    table = node(
        "Person",
        key="id",
        unique=(("id",), ("first", "last")),
        indexes=(
            Index("range", ("born",)),
            Index("text", ("first",)),
            Index("point", ("home",)),
            Index("fulltext", ("last", "notes")),
        ),
    )
    names = ("id", "first", "last", "born", "home", "notes", "plain")

    picture = draw(Graph("marks", (table,)), {"Person": Drawn(1, tuple((n, TEXT) for n in names))})

    assert marks(picture) == {
        "id: STRING": ["key", "unique"],
        "first: STRING": ["together", "text"],
        "last: STRING": ["together", "fulltext"],
        "born: STRING": ["range"],
        "home: STRING": ["point"],
        "notes: STRING": ["fulltext"],
        "plain: STRING": [],
    }
    assert "<title>first: STRING\nunique together\ntext index</title>" in picture
    legend = ["key", "unique", "unique together", "index", "text index", "point index"]
    assert texts(picture)[-7:] == [*legend, "full-text index"]


def test_the_legend_explains_nothing_that_is_not_there() -> None:
    assert texts(draw(*two_nodes()))[-4:] == ["key", "unique", "index", "full-text index"]
    assert texts(draw(*knotted()))[-1] == "date"


def test_a_key_that_is_no_property_is_not_marked() -> None:
    table = node("Person", unique=(), columns={"id": SKIPPED})

    picture = draw(Graph("g", (table,)), {"Person": Drawn(1, (("id", TEXT),))})

    assert marks(picture) == {"id: STRING": []}


def marks(picture: str) -> Mapping[str, list[str]]:
    """The marks of each property, by the first line of its tooltip."""
    groups = ET.fromstring(picture).iter(f"{SVG}g")
    return {
        tooltips(group)[0]: [icon.get("class", "") for icon in group.findall(f"{SVG}path[@class]")]
        for group in groups
        if group.find(f"{SVG}title") is not None and group.find(f"{SVG}rect") is None
    }


# --- text

NASTY = {
    "markup": "<script>&amp;\"'</script>]]>",
    "lines": "one\ntwo\r\n\tthree",
    "controls": "\x00\x1b\x7f\x85\ud800\uffff",
    "right to left": "שלום עולם " * 20,
    "wide": "漢字かな交じり文" * 20,
    "long": "a" * 5000,
    "joined": "👩‍👩‍👧" * 40,
    "combined": "e\u0301" * 300,
    "empty": "",
    "format": "%s {0} \\",
}


@pytest.mark.parametrize("name", NASTY.values(), ids=NASTY)
def test_any_name_is_shown_and_told_in_full(name: str) -> None:
    table = node("n", name, key=name, indexes=(Index("range", (name,)),))
    loop = arrow("r", name, "n", "n", name)
    tables = {"n": Drawn(1, ((name, TEXT),)), "r": Drawn(2, ((name, TEXT),))}

    picture = draw(Graph(name, (table,), (loop,)), tables)

    root = ET.fromstring(picture.encode())
    assert tooltips(root) == [visible(name)]
    assert list(places(picture, "box")) == [f":{visible(name)}"]
    assert list(places(picture, "label")) == [visible(name)]
    assert list(marks(picture)) == [f"{visible(name)}: STRING"]
    assert float(root.get("width", "")) < 1500
    assert all("\n" not in text for text in texts(picture))


def test_controls_become_pictures_and_what_xml_cannot_carry_is_replaced() -> None:
    assert visible("a\nb\t\x00") == "a␊b␉␀"
    assert visible("\x7f\x85\ud800\ufffe") == "\ufffd" * 4
    assert visible("née 漢 👩‍👧 שלום") == "née 漢 👩‍👧 שלום"


def test_a_name_is_cut_only_where_it_has_no_room() -> None:
    assert shortened("customerKey", 12, 100) == "customerKey"
    assert shortened("a" * 50, 10, 70) == "aaaaaaaaa…"
    assert width(shortened("W" * 50, 10, 70), 10) <= 70
    # The mark at the end puts the dots at the left end, where such a text ends.
    assert shortened("ש" * 50, 10, 70) == "ש" * 8 + "…\u200f"


@pytest.mark.parametrize(
    ("cypher", "short"),
    [
        ("STRING", "string"),
        ("INTEGER NOT NULL", "integer"),
        ("ZONED DATETIME", "datetime"),
        ("LOCAL DATETIME", "local datetime"),
        ("LIST<ZONED DATETIME NOT NULL>", "datetime[]"),
        ("LIST<STRING NOT NULL> NOT NULL", "string[]"),
        ("LIST<LIST<POINT>>", "point[][]"),
    ],
)
def test_a_type_is_shown_in_few_letters(cypher: str, short: str) -> None:
    assert short_type(cypher) == short


# --- colours


@pytest.mark.parametrize("colour", _COLOURS)
def test_letters_stand_out_from_what_is_behind_them(colour: str) -> None:
    graph = Graph("g", tuple(node(f"N{i}") for i in range(_COLOURS.index(colour) + 1)))

    last = [g for g in ET.fromstring(draw(graph, {})).iter(f"{SVG}g") if g.find(f"{SVG}rect")][-1:]

    for group in last:
        texts_ = group.findall(f"{SVG}text")
        assert _contrast(texts_[0].get("fill", ""), colour) >= 4.5
    assert _contrast(_darkened(colour), _PAPER) >= 4.5


def test_the_contrast_of_black_and_white_is_the_greatest() -> None:
    assert round(_contrast("#000000", "#ffffff"), 6) == 21.0
    assert _contrast("#777777", "#777777") == 1.0
