"""The three raw files of books in the graph's words, by code that shares nothing with dbt's.

Row by row, in Python: what dbt's SQL does to columns is here done to one row after the other.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, TypeAlias

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row: TypeAlias = dict[str, str]

AROUND = str.maketrans("", "", '-. <>"\\')
COUNTRIES = {
    **dict.fromkeys(("us", "u.s.", "u.s.a.", "united states", "united states of america"), "usa"),
    **dict.fromkeys(("uk", "u.k.", "great britain"), "united kingdom"),
    "deutschland": "germany",
    "españa": "spain",
}


@dataclass
class Cleaned:
    """What is kept of each file, by its key, and how often which reason kept a row out."""

    books: dict[str, Row] = field(default_factory=dict)
    readers: dict[int, Row] = field(default_factory=dict)
    ratings: dict[tuple[int, str], int] = field(default_factory=dict)
    rejected: dict[str, Counter[str]] = field(default_factory=dict)


def rows(data: Path, name: str) -> list[Row]:
    """The rows of a file, as a reader of CSV gives them."""
    with (data / "books" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def isbn(text: str) -> str | None:
    """An ISBN of ten characters, or None."""
    plain = re.sub(r"<\d*$", "", text.upper()).translate(AROUND)
    if re.fullmatch(r"\d{9}[\dX]|B[0-9A-Z]{9}", plain):
        return plain
    if re.fullmatch(r"\d{6,8}[\dX]", plain):
        return plain.zfill(10) if check(plain.zfill(10)[:9]) == plain[-1] else None
    if re.fullmatch(r"978\d{10}", plain):
        total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(plain))
        return plain[3:12] + check(plain[3:12]) if total % 10 == 0 else None
    return None


def check(nine: str) -> str:
    """The last character of an ISBN, from the others."""
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), nine, strict=True))
    return "0123456789X"[-total % 11]


def name(text: str) -> str:
    return " ".join(each for each in unescape(text).split(" ") if each)


def key(text: str) -> str:
    """A name in capitals, of which only the ASCII letters change, without periods."""
    capitals = "".join(c.upper() if c.isascii() else c for c in name(text))
    return " ".join(capitals.replace(".", " ").split())


def home(location: str) -> tuple[str | None, str | None, str | None]:
    """Country, region and city."""
    parts = [" ".join(each.replace('"', "").lower().split()) for each in location.split(",")]
    city, *_ = parts
    region = parts[-2] if len(parts) > 2 else ""
    country = COUNTRIES.get(parts[-1], parts[-1]) if len(parts) > 1 else ""
    found = [None if part in ("", "n/a") else part for part in (country, region, city)]
    return found[0], found[1], found[2]


def cleaned(data: Path) -> Cleaned:
    """The raw files, cleaned."""
    made = Cleaned(rejected={each: Counter() for each in ("books", "readers", "ratings")})
    _books(made, rows(data, "Books"))
    _readers(made, rows(data, "Users"))
    _ratings(made, rows(data, "Ratings"))
    return made


def _different(raw: list[Row], reasons: Counter[str]) -> Iterator[Row]:
    seen: set[tuple[str, ...]] = set()
    for row in raw:
        cells = tuple(row.values())
        if cells in seen:
            reasons["equal_row"] += 1
        else:
            seen.add(cells)
            yield row


def _books(made: Cleaned, raw: list[Row]) -> None:
    reasons = made.rejected["books"]
    for row in _different(raw, reasons):
        number = isbn(row["ISBN"])
        if not re.fullmatch(r"\d{1,4}", row["Year-Of-Publication"]):
            reasons["shifted_columns"] += 1
        elif number is None:
            reasons["not_an_isbn"] += 1
        elif number in made.books:
            reasons["same_isbn"] += 1
            if row["ISBN"] == number:
                made.books[number] = row
        else:
            made.books[number] = row


def _readers(made: Cleaned, raw: list[Row]) -> None:
    for row in _different(raw, made.rejected["readers"]):
        made.readers[int(row["User-ID"])] = row


def _ratings(made: Cleaned, raw: list[Row]) -> None:
    reasons = made.rejected["ratings"]
    for row in _different(raw, reasons):
        number, reader, mark = isbn(row["ISBN"]), int(row["User-ID"]), int(row["Book-Rating"])
        if number is None:
            reasons["not_an_isbn"] += 1
        elif reader not in made.readers:
            reasons["unknown_reader"] += 1
        elif number not in made.books:
            reasons["unknown_book"] += 1
        else:
            reasons["same_book"] += (reader, number) in made.ratings
            made.ratings[reader, number] = max(mark, made.ratings.get((reader, number), 0))
    reasons += Counter()  # without the reasons that never occurred


def usual(texts: list[str]) -> dict[str, str]:
    """The most frequent spelling of each name, by its key."""
    counts = Counter(name(text) for text in texts if text)
    return {
        key(text): text
        for text, _ in sorted(counts.items(), key=lambda item: (item[1], _late(item[0])))
    }


def _late(text: str) -> tuple[int, ...]:
    """What sorts texts against the order of their bytes."""
    return (*(-byte for byte in text.encode()), 1)


def tables(made: Cleaned) -> duckdb.DuckDBPyConnection:
    """The same as tables of DuckDB: book, reader, rated, took_up."""
    books = made.books.items()
    authors = usual([row["Book-Author"] for _, row in books])
    houses = usual([row["Publisher"] for _, row in books])
    years = [int(row["Year-Of-Publication"]) for _, row in books]
    homes = [home(row["Location"]) for row in made.readers.values()]
    ages = [float(row["Age"]) if row["Age"] else 0 for row in made.readers.values()]
    marks = made.ratings.items()
    frames = {
        "book": {
            "isbn": list(made.books),
            "title": [name(row["Book-Title"]) for _, row in books],
            "author": [authors.get(key(row["Book-Author"])) for _, row in books],
            "publisher": [houses.get(key(row["Publisher"])) for _, row in books],
            "year": [year if 1450 <= year <= 2005 else None for year in years],
        },
        "reader": {
            "reader": list(made.readers),
            "age": [int(age) if 5 <= age <= 100 else None for age in ages],
            **{
                part: [each[at] for each in homes]
                for at, part in enumerate(("country", "region", "city"))
            },
        },
        "rated": {
            "reader": [reader for (reader, _), mark in marks if mark],
            "isbn": [number for (_, number), mark in marks if mark],
            "rating": [mark for _, mark in marks if mark],
        },
        "took_up": {
            "reader": [reader for (reader, _), mark in marks if not mark],
            "isbn": [number for (_, number), mark in marks if not mark],
        },
    }
    connection = duckdb.connect()
    for table, columns in frames.items():
        connection.register("frame", pa.table(columns))
        connection.execute(f"create table {table} as select * from frame")
    return connection
