"""Parquet by other writers, and what kgimport makes of it: all of it, or a refusal.

Each shape is a small table that DuckDB, pyarrow, fastparquet, pandas or Java's Parquet has
written; Polars writes none of them. What is in it, it was given, or its writer reads in it.
"""
