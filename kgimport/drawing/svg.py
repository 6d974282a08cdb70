"""The picture as SVG, without scripts, styles, fonts or identifiers: any page can embed it.

Shortened names, types and marks explain themselves in tooltips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from kgimport.drawing.cards import MARKS
from kgimport.drawing.text import short_type, shortened, visible, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kgimport.drawing.cards import Card, Cards, Row
    from kgimport.drawing.lines import Layout, Line, Rect

_FONTS = (
    "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', "
    "sans-serif"
)
_PAPER, _WHITE, _INK, _FAINT = "#f8fafc", "#ffffff", "#0f172a", "#5b677a"
# Paul Tol's "muted" scheme, which colour-blind people can distinguish.
_COLOURS = (
    "#332288", "#44aa99", "#cc6677", "#ddcc77", "#88ccee", "#882255", "#117733", "#999933",
    "#aa4499",
)  # fmt: skip
# The contrast that WCAG requires between text and its background.
_LEGIBLE = 4.5
# The last channel value of sRGB's straight section.
_LINEAR = 10
_INDEX = "M7 1L2.6 7H6L5 11L9.4 5H6z"
# Each in a square of 12.
_ICONS = {
    "key": "M3.8 5.2a2.6 2.6 0 1 1 .01 0zM5.6 5.4L10.6 10.4M8.4 8.2L10 6.6",
    "unique": "M6 1.6L10.4 6L6 10.4L1.6 6z",
    "together": "M4.2 2.6L7.6 6L4.2 9.4L.8 6zM7.8 2.6L11.2 6L7.8 9.4L4.4 6z",
    "range": _INDEX,
    "text": _INDEX,
    "point": _INDEX,
    "fulltext": "M5 1.4a3.6 3.6 0 1 0 .01 0zM7.6 7.6L10.8 10.8",
}
_MARGIN, _TOP, _BOTTOM, _ROUND, _HEAD = 32.0, 84.0, 72.0, 8.0, 8.0
_TITLE, _SUMMARY, _LEGEND = 20.0, 12.0, 11.0
_TITLE_LIMIT, _NAME_LIMIT, _TYPE_LIMIT, _APART = 600.0, 190.0, 150.0, 18.0
_ICON, _ICON_STEP = 12.0, 15.0
# From the middle of a line of text down to its baseline, in ems.
_BASELINE = 0.36


@dataclass(frozen=True, slots=True)
class Look:
    """The measures of a kind of card."""

    name: str
    pad: float
    head: float
    row: float
    foot: float
    title: float
    text: float
    title_limit: float


BOX = Look("box", pad=12, head=34, row=20, foot=10, title=14, text=12, title_limit=260)
ARROW = Look("label", pad=10, head=26, row=17, foot=8, title=11.5, text=11, title_limit=220)


def size(card: Card, look: Look) -> tuple[float, float]:
    """Return the (width, height) that a card needs for its texts."""
    title = width(_title(card, look), look.title) * 1.06  # as it is bold
    count = _APART + width(card.count, look.text) if card.count else 0.0
    rows = (
        _gutter(card)
        + width(_name(row, look), look.text)
        + _APART
        + width(_type(row, look), look.text)
        for row in card.rows
    )
    height = look.head + (look.row * len(card.rows) + look.foot if card.rows else 0)
    return float(round(max([title + count, *rows]) + 2 * look.pad)), height


def _title(card: Card, look: Look) -> str:
    return shortened(card.title, look.title, look.title_limit)


def _name(row: Row, look: Look) -> str:
    return shortened(row.name, look.text, _NAME_LIMIT)


def _type(row: Row, look: Look) -> str:
    return shortened(" | ".join(map(short_type, row.types)), look.text, _TYPE_LIMIT)


def _whole(row: Row) -> str:
    return f"{row.name}: {' | '.join(row.types)}" if row.types else row.name


def _gutter(card: Card) -> float:
    """Return the room for marks before the names of properties."""
    most = max((len(row.marks) for row in card.rows), default=0)
    return most * _ICON_STEP + (2.0 if most else 0.0)


def document(name: str, cards: Cards, layout: Layout) -> str:
    """Return the whole file: a title, the arrows, then boxes and labels on top, and a legend."""
    every = [*cards.boxes, *(arrow.card for arrow in cards.arrows)]
    used = {mark for card in every for row in card.rows for mark in row.marks}
    legend = [mark for mark in MARKS if mark in used]
    title = shortened(name, _TITLE, _TITLE_LIMIT)
    words = max(width(title, _TITLE), width(cards.summary, _SUMMARY), _legend_width(legend))
    page = max(layout.width, words) + 2 * _MARGIN, layout.height + _TOP + _BOTTOM
    return _tag(
        "svg",
        f"<title>{escape(visible(name))}</title>",
        _tag("rect", width=page[0], height=page[1], rx=12, fill=_PAPER),
        _text(title, _MARGIN, 40, _TITLE, font_weight=600),
        _text(cards.summary, _MARGIN, 61, _SUMMARY, fill=_FAINT),
        _tag("g", *_body(cards, layout), transform=f"translate({_n(_MARGIN)} {_n(_TOP)})"),
        *_legend(legend, page[1] - 30),
        xmlns="http://www.w3.org/2000/svg", width=page[0], height=page[1],
        viewBox=f"0 0 {_n(page[0])} {_n(page[1])}", role="img", font_family=_FONTS, fill=_INK,
    ) + "\n"  # fmt: skip


def _body(cards: Cards, layout: Layout) -> Iterator[str]:
    colours = [_COLOURS[i % len(_COLOURS)] for i in range(len(cards.boxes))]
    inks = [_darkened(colours[arrow.start]) for arrow in cards.arrows]
    for i, ink in enumerate(inks):
        yield from _arrow(*layout.lines[i], ink)
    for i, box in enumerate(cards.boxes):
        yield _box(box, layout.boxes[i], colours[i])
    for i, arrow in enumerate(cards.arrows):
        yield _label(arrow.card, layout.labels[i], inks[i])


# --- cards


def _box(card: Card, rect: Rect, colour: str) -> str:
    ink = max(_WHITE, _INK, key=lambda each: _contrast(each, colour))
    return _tag(
        "g",
        _tip(card.title, *card.tables),
        _rect(rect, fill=colour, class_=BOX.name),
        _tag("path", d=_body_of(rect), fill=_WHITE) if card.rows else "",
        *_head(card, rect, BOX, ink, ink),
        *_rows(card, rect, BOX),
    )


def _label(card: Card, rect: Rect, ink: str) -> str:
    return _tag(
        "g",
        _tip(card.title, *card.tables),
        _rect(rect, fill=_WHITE, stroke=ink, stroke_width=1.2, class_=ARROW.name),
        *_head(card, rect, ARROW, ink, _FAINT),
        *_rows(card, rect, ARROW),
    )


def _rect(rect: Rect, **attributes: str | float) -> str:
    places = {"x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height}
    return _tag("rect", **places, rx=_ROUND, **attributes)


def _body_of(rect: Rect) -> str:
    """Return what is below a box's head, within a border of one pixel."""
    wide, high, r = rect.width - 2, rect.height - BOX.head - 1, _ROUND - 1
    start = f"M{_n(rect.x + 1)} {_n(rect.y + BOX.head)}h{_n(wide)}v{_n(high - r)}"
    corner = f"a{_n(r)} {_n(r)} 0 0 1 -{_n(r)}"
    return f"{start}{corner} {_n(r)}h-{_n(wide - 2 * r)}{corner} -{_n(r)}z"


def _head(card: Card, rect: Rect, look: Look, ink: str, faint: str) -> Iterator[str]:
    middle = rect.y + look.head / 2
    yield _text(
        _title(card, look), rect.x + look.pad, middle, look.title, fill=ink, font_weight=600
    )
    if card.count:
        yield _right(card.count, rect, middle, look, faint)


def _rows(card: Card, rect: Rect, look: Look) -> Iterator[str]:
    left = rect.x + look.pad
    for i, row in enumerate(card.rows):
        middle = rect.y + look.head + 2 + look.row * (i + 0.5)
        yield _tag(
            "g",
            _tip(_whole(row), *(MARKS[mark] for mark in row.marks)),
            *(_icon(mark, left + k * _ICON_STEP, middle) for k, mark in enumerate(row.marks)),
            _text(_name(row, look), left + _gutter(card), middle, look.text),
            _right(_type(row, look), rect, middle, look, _FAINT),
        )


def _right(text: str, rect: Rect, middle: float, look: Look, ink: str) -> str:
    x = rect.x + rect.width - look.pad
    return _text(text, x, middle, look.text, fill=ink, text_anchor="end")


def _legend(marks: Sequence[str], middle: float) -> Iterator[str]:
    x = _MARGIN
    for mark in marks:
        yield _icon(mark, x, middle)
        yield _text(MARKS[mark], x + _ICON_STEP + 3, middle, _LEGEND, fill=_FAINT)
        x += _legend_width([mark])


def _legend_width(marks: Iterable[str]) -> float:
    return sum(_ICON_STEP + 3 + width(MARKS[mark], _LEGEND) + _APART for mark in marks)


# --- arrows


def _arrow(to_label: Line, from_label: Line, ink: str) -> Iterator[str]:
    """Yield a line with a rim of paper, which shows where it crosses others, and its head."""
    (before, _), (x, y) = from_label[-2:]
    back = _HEAD if before > x else -_HEAD
    # The line ends inside the head, whose point would be blunt otherwise.
    lines = _path(to_label) + _path((*from_label[:-1], (x + back / 2, y)))
    yield _tag("path", d=lines, fill="none", stroke=_PAPER, stroke_width=5)
    yield _tag("path", d=lines, fill="none", stroke=ink, stroke_width=1.6)
    yield _tag("path", d=f"M{_n(x)} {_n(y)}l{_n(back)} -4.5v9z", fill=ink)


def _path(line: Line) -> str:
    """Return a path: level lines, or curves that leave and arrive level."""
    (x0, y0), path = line[0], ""
    for x, y in line[1:]:
        middle = _n((x0 + x) / 2)
        if _n(y0) != _n(y):
            path += f"H{_n(x0)}C{middle} {_n(y0)} {middle} {_n(y)} {_n(x)} {_n(y)}"
        x0, y0 = x, y
    return f"M{_n(line[0][0])} {_n(line[0][1])}{path}H{_n(x0)}"


# --- elements


def _tag(element: str, *inside: str, **attributes: str | float) -> str:
    """Return an element; `font_weight` stands for `font-weight`, `class_` for `class`."""
    names = (name.rstrip("_").replace("_", "-") for name in attributes)
    values = (v if isinstance(v, str) else _n(v) for v in attributes.values())
    head = element + "".join(f" {n}={quoteattr(v)}" for n, v in zip(names, values, strict=True))
    lines = "\n".join(part for part in inside if part)
    return f"<{head}>\n{lines}\n</{element}>" if lines else f"<{head}/>"


def _text(text: str, x: float, middle: float, size: float, **attributes: str | float) -> str:
    """Return one line of text, vertically centred at a height."""
    head = _tag("text", x=x, y=middle + size * _BASELINE, font_size=size, **attributes)
    return f"{head.removesuffix('/>')}>{escape(text)}</text>"


def _tip(*lines: str) -> str:
    return f"<title>{escape(chr(10).join(map(visible, lines)))}</title>"


def _icon(mark: str, x: float, middle: float) -> str:
    place = f"translate({_n(x)} {_n(middle - _ICON / 2)})"
    return _tag(
        "path", d=_ICONS[mark], transform=place, class_=mark,
        fill="none", stroke=_FAINT, stroke_width=1.3, stroke_linejoin="round",
    )  # fmt: skip


def _n(number: float) -> str:
    """Return a number to one decimal, and 0 instead of -0."""
    return f"{round(number, 1) + 0.0:.1f}".removesuffix(".0")


# --- colours


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = map(_linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: int) -> float:
    part = channel / 255
    return part / 12.92 if channel <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4


def _darkened(colour: str) -> str:
    """Return a colour made dark enough for letters and thin lines on paper."""
    while _contrast(colour, _PAPER) < _LEGIBLE:
        colour = "#" + "".join(f"{channel * 19 // 20:02x}" for channel in _channels(colour))
    return colour
