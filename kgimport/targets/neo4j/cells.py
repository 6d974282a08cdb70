"""How cells, headers and arguments are spelled."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kgimport.choices import Format

DELIMITER = ","
# An element cannot contain the array delimiter (the importer knows no escape), so a rare one.
ARRAY_DELIMITER = "\x1f"
ID_HEADER, START_HEADER, END_HEADER = ":ID", ":START_ID", ":END_ID"
TIME_FORMAT = "%H:%M:%S%.9f"


def datetime_format(digits: int) -> str:
    """Return the spelling of a timestamp with that many fraction digits (3, 6 or 9)."""
    return f"%Y-%m-%dT%H:%M:%S%.{digits}f"


_WORDS = re.compile(r"\w+(\.\w+)*")
# Labels and types made of these alone may stand in an argument of the importer, which drops blanks
# at the end of one.
_PLAIN = re.compile(r"\w([\w.\- ]*[\w.\-])?", re.ASCII)


def is_plain(name: str) -> bool:
    """Whether a label or type may stand in an argument; any other needs a column of its own."""
    return _PLAIN.fullmatch(name) is not None


# What a header cell without a name is about. All but ID are here to be safe.
_MARKS = frozenset({"ID", "LABEL", "START_ID", "END_ID", "TYPE"})


def is_spellable(name: str, form: Format) -> bool:
    """Whether a header cell can hold a property's name.

    A cell without a name stops both lines. Neo4j 5 takes what follows a parenthesis for an id
    space, both lines what follows a brace for options, and no header cell may have a line break.
    Over names in a header for Parquet both crash in more ways than have been understood (dots or
    blanks alone, the words of its own columns, some that are no regular expression), so only words
    are given to them.
    """
    if form == "parquet":
        return _WORDS.fullmatch(name) is not None and name not in _MARKS
    return bool(name) and not any(mark in name for mark in "({\r\n")


def header_row(cells: Iterable[str]) -> str:
    """One CSV line of header cells, quoted where they need it."""
    line = io.StringIO()
    csv.writer(line, delimiter=DELIMITER, lineterminator="\n").writerow(cells)
    return line.getvalue()


def in_space(header: str, id_space: str) -> str:
    """Return an id header cell within its id space: `:ID(User)`."""
    return f"{header}({id_space})"
