"""How wide names are, and how to show unprintable characters."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

_NARROW, _SLIM, _WIDE = frozenset("ijlI'"), frozenset(" !,.:;|"), frozenset("mwMW@%")
_SMALL = frozenset("()[]{}-/\\frt`")
_WITHOUT_WIDTH = frozenset({"Mn", "Me", "Cf"})
# Controls without a picture, and what XML cannot carry: surrogates and two code points.
_UNPRINTABLE, _NO_CHARACTERS = frozenset({"Cc", "Cs"}), frozenset("\ufffe\uffff")
_PICTURES, _REPLACEMENT = 0x2400, "\ufffd"
_ZERO_WIDTH_JOINER, _RIGHT_TO_LEFT_MARK = "\u200d", "\u200f"
_SHORT_TYPES = {"ZONED DATETIME": "datetime", "ZONED TIME": "time"}


def visible(text: str) -> str:
    """Return text on one line, valid in XML; control characters become pictures, such as ␊."""
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    if char < " ":
        return chr(_PICTURES + ord(char))
    lost = char in _NO_CHARACTERS or unicodedata.category(char) in _UNPRINTABLE
    return _REPLACEMENT if lost else char


def width(text: str, size: float) -> float:
    """Return the greatest width of text of a size (pixels), in the usual sans-serif fonts."""
    return size * sum(_advance(char) for char in text)


def _advance(char: str) -> float:
    """Return the width in ems: the widest of four fonts, as measured.

    The fonts are Inter, DejaVu Sans, Liberation Sans and Noto Sans.
    """
    if unicodedata.category(char) in _WITHOUT_WIDTH:
        return 0.0
    if not char.isascii():
        return 1.1 if unicodedata.east_asian_width(char) in {"W", "F"} else 0.75
    for chars, advance in ((_NARROW, 0.3), (_SLIM, 0.34), (_SMALL, 0.42), (_WIDE, 0.98)):
        if char in chars:
            return advance
    return 0.73 if char.isupper() else 0.63


def shortened(text: str, size: float, limit: float) -> str:
    """Return visible text, cut with … if it is wider than `limit`."""
    text = visible(text)
    if width(text, size) <= limit:
        return text
    ends = list(accumulate(size * _advance(char) for char in text))
    text = text[: bisect_right(ends, limit - size)].rstrip(_ZERO_WIDTH_JOINER + " ")
    # The dots follow the text's own direction.
    leftwards = unicodedata.bidirectional(text[-1:] or " ") in {"R", "AL"}
    return f"{text}…{_RIGHT_TO_LEFT_MARK if leftwards else ''}"


def short_type(cypher: str) -> str:
    """Return a Cypher type in a few letters: `LIST<ZONED DATETIME NOT NULL>` is `datetime[]`."""
    kind = cypher.removesuffix(" NOT NULL")
    if element := re.fullmatch("LIST<(.+)>", kind):
        return f"{short_type(element[1])}[]"
    return _SHORT_TYPES.get(kind, kind.lower())
