"""The three tables, all text: what a row holds, and what is wrong with some of the rows.

Everything about a book or a reader is drawn for its number, so the tables agree without knowing
each other. A book's taste is the remainder of its number; readers prefer the books of one taste.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kgimport.samples.books import words
from kgimport.samples.books.isbn import isbns, spelled
from kgimport.samples.columns import picked, unless
from kgimport.samples.draws import zipf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kgimport.samples.draws import Bools, Ints, Lots
    from kgimport.samples.sample import Columns

_BOOKS, _READERS, _RATINGS = 678.4, 697.145, 2_874.45  # a four-hundredth of the published rows
_BLOCK = 65_536
_TASTES: Final = len(words.TASTES)
# What lots are drawn for; those of ISBNs have numbers above 100.
_WORD, _SCENE, _FORM, _AUTHOR, _AUTHOR_SPELLED, _FIRST, _INITIAL, _LAST = range(8)
_HOUSE, _HOUSE_SPELLED, _AGO, _ODD_YEAR, _HOME, _HOME_SPELLED, _COUNTRY = range(8, 15)
_AGE, _NO_AGE, _ODD_AGE, _READER, _BOOK, _TASTE, _STRANGE, _UNKNOWN = range(15, 23)
_IMPLICIT, _MARK, _DIVISIVE, _GARBLED = range(23, 27)


def _size(rows: float, scale: float) -> int:
    return max(1, round(rows * scale))


def _blocks(rows: int) -> Iterator[Ints]:
    for first in range(0, rows, _BLOCK):
        yield np.arange(first, min(first + _BLOCK, rows))


def _every(number: int, rows: Ints) -> Bools:
    """Return which rows are the last of `number` of them."""
    found: Bools = rows % number == number - 1
    return found


def _join(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _where(condition: Bools, those: pa.Array | pa.Scalar, others: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(condition), those, others)


def _filled(forms: Sequence[str], form: Ints, *values: pa.Array) -> pa.Array:
    """Return the chosen form of each row, with the row's values in place of {0}, {1} and so on."""
    return pc.choose(pa.array(form), *(_form(each, values) for each in forms))


def _form(form: str, values: Sequence[pa.Array]) -> pa.Array:
    parts = re.split(r"\{(\d)\}", form)
    return _join(*(values[int(part)] if at % 2 else part for at, part in enumerate(parts)), "")


# Books. Some rows are the one before once more, equal or with the ISBN in another spelling.

_WORDS: Final = pa.array([word for taste in words.TASTES for word in taste])
_SIZES: Final = ("S", "M", "L")


def _books(lots: Lots, scale: float) -> Iterator[Columns]:
    for rows in _blocks(_size(_BOOKS, scale)):
        equal, again = _every(211, rows), _every(97, rows)
        book = rows - (equal | again)
        isbn = spelled(lots, book, book, permille=8)
        isbn = _where(again & ~equal, spelled(lots, book, rows, permille=900), isbn)
        photo = _join(isbns(lots, book), ".jpg")
        urls = [_join("http://images.example/P/", each, "/", photo) for each in _SIZES]
        title, author = _titles(lots, book), _authors(lots, book)
        good = [isbn, title, author, _years(lots, book), _houses(lots, book), *urls]
        # A backslash before a quote has pushed the author into the title.
        shifted = [isbn, _join(title, '\\";', author), *good[3:], pa.nulls(rows.size, pa.string())]
        is_shifted = _every(331, rows)
        pairs = zip(BOOKS, shifted, good, strict=True)
        yield {name: _where(is_shifted, wrong, right) for name, wrong, right in pairs}


def _titles(lots: Lots, book: Ints) -> pa.Array:
    word = picked(_WORDS, book % _TASTES * 6 + lots.below(6, _WORD, book))
    scene = lots.below(len(words.SCENES), _SCENE, book)
    number = pa.array(1 + book % 9).cast(pa.string())
    form = lots.below(len(words.FORMS), _FORM, book)
    return _filled(words.FORMS, form, word, picked(pa.array(words.SCENES), scene), number)


def _authors(lots: Lots, book: Ints) -> pa.Array:
    """Return the author of each book, who writes for one taste; few wrote many."""
    lot = lots.below(1 << 16, _AUTHOR, book)
    rank = (lot * lot >> 16) * (1 + book // (2 * _TASTES)) >> 16
    author = rank * _TASTES + book % _TASTES
    names = (words.FIRST, words.INITIALS, words.LAST)
    purposes = zip(names, (_FIRST, _INITIAL, _LAST), strict=True)
    first, initial, last = (
        picked(pa.array(some), lots.below(len(some), purpose, author)) for some, purpose in purposes
    )
    way, plain = lots.below(40, _AUTHOR_SPELLED, book), _join(first, " ", initial, last)
    for at, other in enumerate((pc.ascii_upper(plain), _join(first, "  ", initial, last, " "))):
        plain = _where(way == at, other, plain)
    letter = pc.utf8_slice_codeunits(first, 0, 1)
    second = _where(_is(initial, ""), pa.scalar("L."), pc.utf8_rtrim_whitespace(initial))
    short, long = _join(letter, ".", second), _join(letter, ". ", second)
    initials = _join(_where(way % 2 == 0, short, long), " ", last)
    return unless(_every(337, book), _where(author % 5 == 0, initials, plain))


def _years(lots: Lots, book: Ints) -> pa.Array:
    year = 2004 - lots.below(56, _AGO, book) * lots.below(40, _AGO, book + (1 << 40)) // 40
    odd = picked(words.ODD_YEARS, lots.below(len(words.ODD_YEARS), _ODD_YEAR, book))
    is_odd = lots.chance(20, _ODD_YEAR, book + (1 << 40))
    return _where(is_odd, odd, pa.array(year).cast(pa.string()))


def _houses(lots: Lots, book: Ints) -> pa.Array:
    kinds = len(words.KINDS_OF_HOUSE)
    number = lots.weighted(_HOUSES, _HOUSE, book)
    name = picked(pa.array(words.HOUSES), number // kinds)
    house = _join(name, " ", picked(pa.array(words.KINDS_OF_HOUSE), number % kinds))
    shouted = pc.replace_substring(pc.ascii_upper(house), "&AMP;", "&amp;")
    spelled_house = _where(lots.chance(30, _HOUSE_SPELLED, book), shouted, house)
    return unless(_every(347, book), spelled_house)


_ALL_HOUSES: Final = np.arange(len(words.HOUSES) * len(words.KINDS_OF_HOUSE))
_HOUSES: Final = zipf(_ALL_HOUSES, _ALL_HOUSES >= 0)


# Readers


def _readers(lots: Lots, scale: float) -> Iterator[Columns]:
    for rows in _blocks(_size(_READERS, scale)):
        reader = rows - _every(229, rows)
        yield {
            "User-ID": pa.array(reader + 1).cast(pa.string()),
            "Location": _homes(lots, reader),
            "Age": _ages(lots, reader),
        }


def _homes(lots: Lots, reader: Ints) -> pa.Array:
    home = lots.below(len(words.HOMES), _HOME, reader)
    city, region, country = (
        picked(pa.array([each.split(", ")[part] for each in words.HOMES]), home)
        for part in range(3)
    )
    way = lots.below(8, _COUNTRY, reader)
    for at, (usual, other) in enumerate(words.SPELLINGS_OF_A_COUNTRY):
        country = _where((way == at) & _is(country, usual), pa.scalar(other), country)
    plain = _join(city, ", ", region, ", ", country)
    odd = lots.below(len(words.SPELLINGS_OF_A_HOME), _HOME_SPELLED, reader)
    strange = _filled(words.SPELLINGS_OF_A_HOME, odd, city, region, country)
    return _where(lots.chance(60, _HOME_SPELLED, reader + (1 << 40)), strange, plain)


def _is(values: pa.Array, wanted: str) -> Bools:
    found: Bools = pc.equal(values, wanted).to_numpy(zero_copy_only=False)
    return found


def _ages(lots: Lots, reader: Ints) -> pa.Array:
    age = 10 + lots.below(25, _AGE, reader) + lots.below(35, _AGE, reader + (1 << 40))
    odd = lots.below(245, _ODD_AGE, reader)
    years = np.where(lots.chance(15, _ODD_AGE, reader + (1 << 40)), odd, age)
    text = _join(pa.array(years).cast(pa.string()), ".0", "")
    return unless(lots.chance(397, _NO_AGE, reader), text)


# Ratings


def _ratings(lots: Lots, scale: float) -> Iterator[Columns]:
    wanted = _size(_RATINGS, scale)
    reader, book = _pairs(lots, scale, wanted)
    for rows in _blocks(wanted):
        # Some rows are the one before once more, equal or with another spelling and mark.
        respelled = _every(307, rows)
        again = rows - (respelled | _every(199, rows))
        mark = np.where(respelled, rows, again)
        isbn = spelled(lots, book[again], again, permille=25)
        isbn = _where(respelled, spelled(lots, book[again], rows, permille=900), isbn)
        garbled = picked(words.NOT_AN_ISBN, lots.below(len(words.NOT_AN_ISBN), _GARBLED, again))
        yield {
            "User-ID": pa.array(reader[again] + 1).cast(pa.string()),
            "ISBN": _where(lots.chance(5, _GARBLED, again + (1 << 40)), garbled, isbn),
            "Book-Rating": _marks(lots, reader[again], book[again], mark),
        }


def _pairs(lots: Lots, scale: float, wanted: int) -> tuple[Ints, Ints]:
    """Return a reader and a book for each rating; no pair occurs twice."""
    books, readers = _size(_BOOKS, scale), _size(_READERS, scale)
    drawn = np.arange(3 * wanted + 1000)
    reader = lots.weighted(_heavy(readers * 38 // 100 + 1, 20), _READER, drawn) * 2 % readers
    taste = lots.below(_TASTES, _TASTE, reader)
    strays = lots.chance(300, _STRANGE, drawn)
    taste = np.where(strays, lots.below(_TASTES, _STRANGE, drawn + (1 << 40)), taste)
    rank = lots.weighted(_heavy(books // _TASTES + 1, 3), _BOOK, drawn)
    known = (rank * _TASTES + taste) % books
    unknown = books + lots.below(books, _UNKNOWN, drawn)
    book = np.where(lots.chance(100, _UNKNOWN, drawn + (1 << 40)), unknown, known)
    _, first = np.unique(reader * (4 * books) + book, return_index=True)
    kept = np.sort(first)[:wanted]
    kept = np.resize(kept, wanted)  # a tiny sample has fewer pairs than ratings
    return reader[kept], book[kept]


def _heavy(size: int, flat: int) -> Ints:
    """Return weights of a power law that the first `flat` ranks do not dominate."""
    ranks = np.arange(size) + flat
    return zipf(ranks, ranks >= 0)


def _marks(lots: Lots, reader: Ints, book: Ints, rows: Ints) -> pa.Array:
    """Return 0 for an implicit rating, else 1 to 10; a few books are loved or hated."""
    usual = 1 + lots.weighted(words.MARKS, _MARK, rows)
    side = lots.below(2, _DIVISIVE, reader * 7919 + book)
    divided = np.where(side == 0, 1 + usual % 3, 9 + usual % 2)
    mark = np.where(lots.chance(80, _DIVISIVE, book), divided, usual)
    implicit = lots.chance(622, _IMPLICIT, rows)
    return pa.array(np.where(implicit, 0, mark)).cast(pa.string())


def _text(*names: str) -> pa.Schema:
    return pa.schema({name: pa.string() for name in names})


BOOKS: Final = (
    *("ISBN", "Book-Title", "Book-Author", "Year-Of-Publication", "Publisher"),
    *("Image-URL-S", "Image-URL-M", "Image-URL-L"),
)
TABLES: Final[Mapping[str, tuple[pa.Schema, Callable[[Lots, float], Iterator[Columns]]]]] = {
    "Books": (_text(*BOOKS), _books),
    "Users": (_text("User-ID", "Location", "Age"), _readers),
    "Ratings": (_text("User-ID", "ISBN", "Book-Rating"), _ratings),
}
