"""What makes a vertex another one than before, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.deltas.generated import Export, Part, write
from tests.deltas.test_delta import made

if TYPE_CHECKING:
    from pathlib import Path

Table = tuple[str, str, str | None, str | None]


def differs(folder: Path, before: Table, after: Table) -> bool:
    """Whether one vertex changes: its two header cells and their values, before and after."""
    sides = []
    for name, (first, second, one, other) in (("old", before), ("new", after)):
        cells = ("~id", "~label", first, second)
        part = Part(name, cells, (("S:1", "A;B" if name == "old" else "B;A", one, other),))
        sides.append(write(folder / name, Export((part,), ())))
    (labels, _), _ = made(folder / "delta", sides[0], sides[1], "neptune-gremlin")
    assert {each.changed + each.same for each in labels.values()} == {1}
    return labels["A"].changed == 1


A, B, N = "a:String(single)", "A:String(single)", "n:Long(single)"
TAGS = "tags:String[]"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((A, B, "x", None), (A, B, None, "x"), id="a value of another property"),
        pytest.param((A, B, None, None), (A, B, "", None), id="an empty text"),
        pytest.param((A, B, "xy", "z"), (A, B, "x", "yz"), id="a letter of another property"),
        pytest.param((A, N, "x", "1"), (A, "n:Int(single)", "x", "1"), id="another type"),
        pytest.param((A, TAGS, "x", "a;b"), (A, TAGS, "x", "a\\;b"), id="one value of two"),
        pytest.param((A, TAGS, "x", "a\\;b;b"), (A, TAGS, "x", "a\\;b"), id="one value less"),
        pytest.param((A, B, "x", "y"), (A, B, "x ", "y"), id="a blank"),
    ],
)
def test_a_vertex_has_changed(before: Table, after: Table, tmp_path: Path) -> None:
    assert differs(tmp_path, before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((A, B, "x", "y"), (B, A, "y", "x"), id="the order of columns"),
        pytest.param((A, TAGS, "x", "a;b"), (A, TAGS, "x", "b;a;b"), id="the order of a set"),
        pytest.param((A, B, "x", None), (A, N, "x", None), id="a column without values"),
    ],
)
def test_a_vertex_is_the_same(before: Table, after: Table, tmp_path: Path) -> None:
    assert not differs(tmp_path, before, after)
