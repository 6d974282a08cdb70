"""docs/capacity.md says what follows from its inputs, and they what was measured."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from tests.infra import capacity
from tests.infra.configuration import ROOT


@pytest.fixture
def page() -> str:
    return capacity.PAGE.read_text(encoding="utf-8")


@pytest.fixture
def given(page: str) -> SimpleNamespace:
    return capacity.inputs(page)


def test_the_page_says_what_its_inputs_say(page: str) -> None:
    assert page == capacity.current(page), "python -m tests.infra.capacity writes it"


def test_an_input_that_changes_changes_the_page(page: str) -> None:
    dearer = page.replace("| athena_tb | 5.00 |", "| athena_tb | 50.00 |")

    assert capacity.current(dearer) != dearer


def test_the_samples_bytes_are_those_of_the_sample(given: SimpleNamespace) -> None:
    files = {*(ROOT / "data").glob("*/**/*.parquet")} - {*(ROOT / "data/identity").rglob("*")}
    landed = sum(path.stat().st_size for path in files)

    assert given.sample_bytes == landed


def test_the_sample_itself_comes_out(given: SimpleNamespace) -> None:
    sample = capacity.load(1, given)

    assert sample.nodes == 2463
    assert sample.relationships == pytest.approx(42_726, rel=0.1)
    assert sample.store == pytest.approx(10_338_304, rel=0.1)
    assert sample.tables == pytest.approx(726_199, rel=0.1)


def test_the_benchmarks_come_out(given: SimpleNamespace) -> None:
    """11 million rows: 4.7 s and 34 s; 55 million: 20.8 s and 141 s, which is less than linear."""
    assert given.export_us_per_row * 11 == pytest.approx(4.7, rel=0.05)
    assert given.import_us_per_row * 11 == pytest.approx(34, rel=0.05)
    assert given.export_us_per_row * 55 >= 20.8
    assert given.import_us_per_row * 55 >= 141


def test_each_limit_is_reached_where_it_is_said_to_be(given: SimpleNamespace) -> None:
    by_words = dict(capacity.limits(given))
    full = next(scale for words, scale in by_words.items() if words.startswith("the task's disk"))

    assert list(by_words.values()) == sorted(by_words.values())
    assert capacity.load(full, given).disk == pytest.approx(capacity.FARGATE_DISK, rel=0.01)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.43, "0.4"), (1.52, "1.5"), (15.2, "15"), (1234, "1,200"), (465_000_000, "460,000,000")],
)
def test_figures_have_two_digits(number: float, text: str) -> None:
    assert capacity._two(number) == text


def test_costs_grow_with_the_prices(given: SimpleNamespace) -> None:
    free = SimpleNamespace(**{**vars(given), "athena_tb": 0.0})
    need = capacity.load(100, given)

    spared = sum(capacity.month(need, given).values()) - sum(capacity.month(need, free).values())
    assert math.isclose(spared, capacity.month(need, given)["Athena"])
