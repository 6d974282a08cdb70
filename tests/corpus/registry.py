"""All shapes: a new one is a row in the module of its writer."""

from __future__ import annotations

from tests.corpus import (
    by_duckdb,
    by_fastparquet,
    by_java,
    by_pandas,
    by_pyarrow,
    by_pyarrow_folders,
    by_pyarrow_layouts,
    by_pyarrow_nested,
)

SHAPES = (
    *by_pyarrow.SHAPES,
    *by_pyarrow_nested.SHAPES,
    *by_pyarrow_layouts.SHAPES,
    *by_pyarrow_folders.SHAPES,
    *by_duckdb.SHAPES,
    *by_fastparquet.SHAPES,
    *by_pandas.SHAPES,
    *by_java.SHAPES,
)
