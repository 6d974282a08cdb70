"""Adapters of dbt that kgimport does not read are refused by name, with a way to Parquet."""

from __future__ import annotations

import pytest

from kgimport.errors import ExitCode
from kgimport.sources import elsewhere
from kgimport.sources.locate import SOURCES


@pytest.mark.parametrize("adapter", [*elsewhere._PRODUCTS, "some_new_one"])
def test_an_adapter_is_refused_by_name_with_what_to_do(adapter: str) -> None:
    error = elsewhere.refusal(adapter, "prod", "shop")

    assert error.exit_code == ExitCode.DECLARATION
    assert error.message.startswith(
        f"the target prod of the dbt profile shop is of type {adapter}, and kgimport does not read "
    )
    assert "--tables" in error.hint
    assert "arquet" in error.hint
    assert "{" not in error.hint or adapter == "oracle"


def test_no_adapter_is_both_read_and_refused() -> None:
    assert not elsewhere._PRODUCTS.keys() & SOURCES.keys()


def test_a_name_of_any_length_gives_a_short_message() -> None:
    assert len(elsewhere.refusal(*["x" * 10_000] * 3).message) < 600
